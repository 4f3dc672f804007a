from typing import Any

from pyspark.sql import DataFrame, SparkSession

from tests.sql.steps import assert_rows, run_step, table

WINDOW_EVENTS = (
    "customer_key STRING, business_unit STRING, product STRING, event_date DATE, event_count BIGINT, "
    "cs_representative STRING, region STRING, revenue_cents BIGINT, margin_cents BIGINT"
)
CUSTOMER_WINDOW = (
    "customer_key STRING, cs_representative STRING, region STRING, revenue_cents BIGINT, "
    "margin_cents BIGINT, total_events BIGINT, active_months INT, distinct_products INT, "
    "distinct_business_units INT"
)

Row = dict[str, Any]


def event(**changes: Any) -> Row:
    """Ann's ordinary event, but for the changes."""
    ordinary = {
        "customer_key": "Ann",
        "business_unit": "Core",
        "product": "Basic",
        "event_date": "2024-12-01",
        "event_count": 1,
        "cs_representative": "Eve",
        "region": "North",
        "revenue_cents": 100,
        "margin_cents": 40,
    }
    return {**ordinary, **changes}


def activity(**changes: Any) -> Row:
    """What two ordinary events of Ann make, but for the changes."""
    ordinary = {
        "customer_key": "Ann",
        "cs_representative": "Eve",
        "region": "North",
        "revenue_cents": 200,
        "margin_cents": 80,
        "total_events": 2,
        "active_months": 1,
        "distinct_products": 1,
        "distinct_business_units": 1,
    }
    return {**ordinary, **changes}


def customer_window(spark: SparkSession, *events: Row) -> DataFrame:
    return run_step(
        spark, "activity", "customer_window", {"window_events": table(spark, WINDOW_EVENTS, events)}
    )


def test_each_customer_has_one_row(spark: SparkSession) -> None:
    result = customer_window(
        spark,
        event(),
        event(),
        event(customer_key="Bob"),
        event(customer_key="Bob"),
        event(customer_key="bob"),
    )

    assert_rows(
        result,
        CUSTOMER_WINDOW,
        activity(),
        activity(customer_key="Bob"),
        activity(customer_key="bob", revenue_cents=100, margin_cents=40, total_events=1),
    )


def test_refunds_lower_the_sums_and_are_events(spark: SparkSession) -> None:
    result = customer_window(spark, event(), event(revenue_cents=-130, margin_cents=-45))

    assert_rows(result, CUSTOMER_WINDOW, activity(revenue_cents=-30, margin_cents=-5))


def test_a_row_of_no_events_is_activity_all_the_same(spark: SparkSession) -> None:
    result = customer_window(spark, event(event_count=0), event(event_count=0, event_date="2024-11-30"))

    assert_rows(result, CUSTOMER_WINDOW, activity(total_events=0, active_months=2))


def test_event_counts_add_up_beyond_an_int(spark: SparkSession) -> None:
    result = customer_window(spark, event(event_count=2_147_483_647), event(event_count=2_147_483_647))

    assert_rows(result, CUSTOMER_WINDOW, activity(total_events=4_294_967_294))


def test_days_of_one_calendar_month_are_one_active_month(spark: SparkSession) -> None:
    result = customer_window(spark, event(event_date="2024-12-01"), event(event_date="2024-12-31"))

    assert_rows(result, CUSTOMER_WINDOW, activity(active_months=1))


def test_twelve_months_can_touch_thirteen_calendar_months(spark: SparkSession) -> None:
    days = ["2023-12-16", *(f"2024-{month:02}-01" for month in range(1, 13))]

    result = customer_window(spark, *(event(event_date=day) for day in days))

    assert_rows(
        result,
        CUSTOMER_WINDOW,
        activity(active_months=13, total_events=13, revenue_cents=1300, margin_cents=520),
    )


def test_null_is_not_a_distinct_product_or_business_unit(spark: SparkSession) -> None:
    result = customer_window(
        spark,
        event(product="Basic", business_unit=None),
        event(product=None, business_unit="Core"),
        event(customer_key="Bob", product=None, business_unit=None),
        event(customer_key="Bob", product=None, business_unit=None),
    )

    assert_rows(
        result,
        CUSTOMER_WINDOW,
        activity(),
        activity(customer_key="Bob", distinct_products=0, distinct_business_units=0),
    )


def test_distinct_products_and_business_units_count_each_value_once(spark: SparkSession) -> None:
    result = customer_window(
        spark,
        event(product="Basic", business_unit="Core"),
        event(product="basic", business_unit="Core"),
        event(product="Plus", business_unit="Cloud"),
        event(product="Plus", business_unit="Core"),
    )

    assert_rows(
        result,
        CUSTOMER_WINDOW,
        activity(
            distinct_products=3,
            distinct_business_units=2,
            total_events=4,
            revenue_cents=400,
            margin_cents=160,
        ),
    )


def test_representative_and_region_are_those_of_the_latest_event_date(spark: SparkSession) -> None:
    result = customer_window(
        spark,
        event(event_date="2024-12-01", cs_representative="Adam", region="East"),
        event(event_date="2024-12-02", cs_representative="Zoe", region="West"),
        event(customer_key="Bob", event_date="2024-12-01"),
        event(customer_key="Bob", event_date="2024-12-02", cs_representative=None, region=None),
    )

    assert_rows(
        result,
        CUSTOMER_WINDOW,
        activity(cs_representative="Zoe", region="West"),
        activity(customer_key="Bob", cs_representative=None, region=None),
    )


def test_of_several_on_the_latest_date_the_smallest_binary_string_wins_and_null_is_last(
    spark: SparkSession,
) -> None:
    result = customer_window(
        spark,
        event(cs_representative=None, region="east"),
        event(cs_representative="adam", region="West"),
        event(cs_representative="Zoe", region=None),
    )

    assert_rows(
        result,
        CUSTOMER_WINDOW,
        activity(cs_representative="Zoe", region="West", total_events=3, revenue_cents=300, margin_cents=120),
    )
