from typing import Any

from pyspark.sql import DataFrame, SparkSession

from tests.sql.activity.shapes import BIT_63, CUSTOMER_UNITS, NULL_CODE, latest
from tests.sql.steps import assert_rows, run_step, table

CUSTOMER_ACTIVITY = (
    "as_of DATE, customer_key STRING, "
    "revenue_units BIGINT, margin_units BIGINT, total_events BIGINT, recent_events "
    "BIGINT, earlier_events BIGINT, active_months INT, distinct_products INT, distinct_business_units "
    "INT, main_unit_code INT, representative_code INT, region_code INT, first_event_date DATE, "
    "last_event_date DATE, lifetime_revenue_units BIGINT, total_accounts INT, active_accounts INT, "
    "unknown_accounts INT, conflicting_accounts INT, event_rows BIGINT"
)
SHAPES = (("units", CUSTOMER_UNITS), ("activity", CUSTOMER_ACTIVITY))

Row = dict[str, Any]


def unit(**changes: Any) -> Row:
    """One business unit of Ann, but for the changes."""
    ordinary = {
        "as_of": "2024-12-31",
        "customer_key": "Ann",
        "unit_code": 0,
        "revenue_units": 100,
        "margin_units": 40,
        "total_events": 1,
        "recent_events": 1,
        "earlier_events": None,
        "months_0": 1,
        "months_1": 0,
        "products_0": 1,
        "products_1": 0,
        "products_2": 0,
        "products_3": 0,
        "latest_representative": latest(30, 3),
        "latest_region": latest(30, 4),
        "first_event_date": "2024-12-01",
        "last_event_date": "2024-12-01",
        "lifetime_revenue_units": 100,
        "event_rows": 1,
        "total_accounts": 0,
        "active_accounts": 0,
        "unknown_accounts": 0,
        "conflicting_accounts": 0,
        "further_products": 0,
    }
    return {**ordinary, **changes}


def sold(unit_code: int, revenue_units: int, customer_key: str = "Ann") -> Row:
    return unit(
        customer_key=customer_key,
        unit_code=unit_code,
        revenue_units=revenue_units,
        lifetime_revenue_units=revenue_units,
    )


def beside_units(**changes: Any) -> Row:
    """What Ann has beside the window's events: one year-old event, but for the changes."""
    unknown = dict.fromkeys(unit(), None)
    bits = {name: 0 for name in unit() if name.startswith(("months_", "products_"))}
    ordinary = {
        "as_of": "2024-12-31",
        "customer_key": "Ann",
        "unit_code": -1,
        **bits,
        "first_event_date": "2023-12-01",
        "last_event_date": "2023-12-01",
        "lifetime_revenue_units": 1000,
        "event_rows": 1,
        "total_accounts": 0,
        "active_accounts": 0,
        "unknown_accounts": 0,
        "conflicting_accounts": 0,
        "further_products": 0,
    }
    return {**unknown, **ordinary, **changes}


def activity(**changes: Any) -> Row:
    """What the one unit makes, but for the changes."""
    ordinary = {
        "as_of": "2024-12-31",
        "customer_key": "Ann",
        "revenue_units": 100,
        "margin_units": 40,
        "total_events": 1,
        "recent_events": 1,
        "earlier_events": None,
        "active_months": 1,
        "distinct_products": 1,
        "distinct_business_units": 1,
        "main_unit_code": 0,
        "representative_code": 3,
        "region_code": 4,
        "first_event_date": "2024-12-01",
        "last_event_date": "2024-12-01",
        "lifetime_revenue_units": 100,
        "total_accounts": 0,
        "active_accounts": 0,
        "unknown_accounts": 0,
        "conflicting_accounts": 0,
        "event_rows": 1,
    }
    return {**ordinary, **changes}


def of_units(units: int, revenue_units: int, main_unit_code: int, **changes: Any) -> Row:
    """What so many units with that revenue make, but for the changes."""
    return activity(
        **{
            "revenue_units": revenue_units,
            "margin_units": 40 * units,
            "total_events": units,
            "recent_events": units,
            "distinct_business_units": units,
            "main_unit_code": main_unit_code,
            "lifetime_revenue_units": revenue_units,
            "event_rows": units,
            **changes,
        }
    )


def customer_activity(spark: SparkSession, *units: Row) -> DataFrame:
    inputs = {"customer_units": table(spark, CUSTOMER_UNITS, units)}
    return run_step(spark, "activity", "customer_activity", inputs)


def test_each_customer_has_one_row(spark: SparkSession) -> None:
    result = customer_activity(
        spark,
        unit(),
        unit(customer_key="Bob"),
        unit(customer_key="Bob", unit_code=1, revenue_units=-30, margin_units=-5, lifetime_revenue_units=-30),
        unit(customer_key="bob", total_events=4_294_967_294),
    )

    assert_rows(
        result,
        CUSTOMER_ACTIVITY,
        activity(),
        of_units(2, 70, main_unit_code=0, customer_key="Bob", margin_units=35),
        activity(customer_key="bob", total_events=4_294_967_294),
    )


def test_dates_are_added_up_apart(spark: SparkSession) -> None:
    result = customer_activity(
        spark, unit(), unit(as_of="2024-06-30", total_events=7), beside_units(as_of="2024-06-30")
    )

    june = activity(
        as_of="2024-06-30",
        total_events=7,
        first_event_date="2023-12-01",
        lifetime_revenue_units=1100,
        event_rows=2,
    )
    assert_rows(result, CUSTOMER_ACTIVITY, activity(), june)


def test_a_customer_without_an_event_in_the_window_has_its_history(spark: SparkSession) -> None:
    result = customer_activity(spark, beside_units(lifetime_revenue_units=-1))

    assert_rows(
        result,
        CUSTOMER_ACTIVITY,
        activity(
            revenue_units=None,
            margin_units=None,
            total_events=None,
            recent_events=None,
            active_months=0,
            distinct_products=0,
            distinct_business_units=0,
            main_unit_code=None,
            representative_code=None,
            region_code=None,
            first_event_date="2023-12-01",
            last_event_date="2023-12-01",
            lifetime_revenue_units=-1,
        ),
    )


def test_what_is_beside_the_units_is_no_unit(spark: SparkSession) -> None:
    accounts = {"total_accounts": 4, "active_accounts": 3, "unknown_accounts": 5, "conflicting_accounts": 2}

    result = customer_activity(
        spark, unit(revenue_units=-7, lifetime_revenue_units=-7), beside_units(**accounts)
    )

    assert_rows(
        result,
        CUSTOMER_ACTIVITY,
        activity(
            revenue_units=-7,
            first_event_date="2023-12-01",
            lifetime_revenue_units=993,
            event_rows=2,
            **accounts,
        ),
    )


def test_rows_of_all_units_and_earlier_ones_are_counted(spark: SparkSession) -> None:
    result = customer_activity(
        spark,
        unit(event_rows=2, total_events=0),
        unit(unit_code=1, event_rows=30),
        beside_units(event_rows=400),
        unit(customer_key="Bob", event_rows=2_147_483_647),
        beside_units(customer_key="Bob", event_rows=2_147_483_647),
    )

    history = {"first_event_date": "2023-12-01"}
    assert_rows(
        result,
        CUSTOMER_ACTIVITY,
        of_units(
            2,
            200,
            main_unit_code=0,
            total_events=1,
            lifetime_revenue_units=1200,
            event_rows=432,
            **history,
        ),
        activity(customer_key="Bob", lifetime_revenue_units=1100, event_rows=4_294_967_294, **history),
    )


def test_events_of_all_units_are_added_up_for_each_of_the_two_spans(spark: SparkSession) -> None:
    result = customer_activity(
        spark,
        unit(recent_events=1, earlier_events=20),
        unit(unit_code=1, recent_events=None, earlier_events=300),
        unit(unit_code=2, recent_events=4, earlier_events=None),
        beside_units(),
        unit(customer_key="Bob", recent_events=None, earlier_events=None),
    )

    history = {"first_event_date": "2023-12-01", "lifetime_revenue_units": 1300, "event_rows": 4}
    assert_rows(
        result,
        CUSTOMER_ACTIVITY,
        of_units(3, 300, main_unit_code=0, **{"recent_events": 5, "earlier_events": 320, **history}),
        activity(customer_key="Bob", recent_events=None),
    )


def test_first_and_last_event_are_over_all_units(spark: SparkSession) -> None:
    result = customer_activity(
        spark,
        unit(first_event_date="2024-02-01", last_event_date="2024-03-01"),
        unit(unit_code=1, first_event_date="2024-01-01", last_event_date="2024-02-29"),
    )

    assert_rows(
        result,
        CUSTOMER_ACTIVITY,
        of_units(2, 200, main_unit_code=0, first_event_date="2024-01-01", last_event_date="2024-03-01"),
    )


def test_a_month_or_product_of_several_units_counts_once(spark: SparkSession) -> None:
    result = customer_activity(
        spark,
        unit(months_0=0b0011, months_1=0b10, products_0=0b101, products_3=0b1),
        unit(unit_code=1, months_0=0b0110, months_1=0b10, products_0=0b100, products_3=0b1),
    )

    assert_rows(
        result,
        CUSTOMER_ACTIVITY,
        of_units(2, 200, main_unit_code=0, active_months=4, distinct_products=3),
    )


def test_all_bits_of_months_and_products_count(spark: SparkSession) -> None:
    both_ends = BIT_63 + 1

    result = customer_activity(
        spark,
        unit(
            months_0=both_ends,
            months_1=1 + 2 ** (120 - 64),
            products_0=both_ends,
            products_1=both_ends,
            products_2=both_ends,
            products_3=both_ends,
        ),
        unit(
            customer_key="Bob",
            months_0=-1,
            months_1=2**57 - 1,
            products_0=-1,
            products_1=-1,
            products_2=-1,
            products_3=-1,
        ),
        unit(customer_key="Cid", products_0=0, products_1=1),
        unit(customer_key="Dan", products_0=0, products_2=1),
        unit(customer_key="Eve", products_0=0),
    )

    assert_rows(
        result,
        CUSTOMER_ACTIVITY,
        activity(active_months=4, distinct_products=8),
        activity(customer_key="Bob", active_months=121, distinct_products=256),
        activity(customer_key="Cid"),
        activity(customer_key="Dan"),
        activity(customer_key="Eve", distinct_products=0),
    )


def test_listed_products_count(spark: SparkSession) -> None:
    result = customer_activity(
        spark, unit(products_0=0), unit(unit_code=1, products_0=0), beside_units(further_products=300)
    )

    assert_rows(
        result,
        CUSTOMER_ACTIVITY,
        of_units(
            2,
            200,
            main_unit_code=0,
            distinct_products=300,
            first_event_date="2023-12-01",
            lifetime_revenue_units=1200,
            event_rows=3,
        ),
    )


def test_the_main_unit_has_the_most_revenue(spark: SparkSession) -> None:
    result = customer_activity(spark, sold(0, 100), sold(1, 120), sold(2, 119), sold(7, 1, "Bob"))

    assert_rows(
        result,
        CUSTOMER_ACTIVITY,
        of_units(3, 339, main_unit_code=1),
        of_units(1, 1, main_unit_code=7, customer_key="Bob"),
    )


def test_of_units_with_equal_revenue_the_smallest_code_wins(spark: SparkSession) -> None:
    result = customer_activity(
        spark,
        sold(5, 100),
        sold(2, 100),
        sold(9, 100),
        sold(1, 0, "Bob"),
        sold(0, 0, "Bob"),
        sold(4, -100, "Cid"),
        sold(3, -100, "Cid"),
    )

    assert_rows(
        result,
        CUSTOMER_ACTIVITY,
        of_units(3, 300, main_unit_code=2),
        of_units(2, 0, main_unit_code=0, customer_key="Bob"),
        of_units(2, -200, main_unit_code=3, customer_key="Cid"),
    )


def test_no_unit_is_a_unit_like_others_but_not_counted(spark: SparkSession) -> None:
    result = customer_activity(
        spark, sold(NULL_CODE, 120), sold(0, 100), sold(NULL_CODE, -1, "Bob"), sold(NULL_CODE, 0, "Cid")
    )

    assert_rows(
        result,
        CUSTOMER_ACTIVITY,
        of_units(2, 220, main_unit_code=NULL_CODE, distinct_business_units=1),
        of_units(1, -1, main_unit_code=NULL_CODE, distinct_business_units=0, customer_key="Bob"),
        of_units(1, 0, main_unit_code=NULL_CODE, distinct_business_units=0, customer_key="Cid"),
    )


def test_no_unit_is_the_last_of_units_with_equal_revenue(spark: SparkSession) -> None:
    result = customer_activity(
        spark,
        sold(NULL_CODE, 100),
        sold(NULL_CODE - 1, 100),
        sold(NULL_CODE, -100, "Bob"),
        sold(NULL_CODE - 1, -100, "Bob"),
    )

    both = {"main_unit_code": NULL_CODE - 1, "distinct_business_units": 1}
    assert_rows(
        result,
        CUSTOMER_ACTIVITY,
        of_units(2, 200, **both),
        of_units(2, -200, customer_key="Bob", **both),
    )


def test_negative_revenue_is_less_than_none(spark: SparkSession) -> None:
    result = customer_activity(
        spark,
        sold(0, -500),
        sold(1, -200),
        sold(2, -201),
        sold(0, -1, "Bob"),
        sold(1, 0, "Bob"),
    )

    assert_rows(
        result,
        CUSTOMER_ACTIVITY,
        of_units(3, -901, main_unit_code=1),
        of_units(2, -1, main_unit_code=1, customer_key="Bob"),
    )


def test_a_cent_of_the_largest_revenues_decides(spark: SparkSession) -> None:
    most = 4 * 10**18

    result = customer_activity(
        spark,
        sold(0, most - 1),
        sold(NULL_CODE, most),
        sold(0, -most - 1, "Bob"),
        sold(NULL_CODE, -most, "Bob"),
    )

    none = {"main_unit_code": NULL_CODE, "distinct_business_units": 1}
    assert_rows(
        result,
        CUSTOMER_ACTIVITY,
        of_units(2, 2 * most - 1, **none),
        of_units(2, -2 * most - 1, customer_key="Bob", **none),
    )


def test_units_too_large_for_a_bigint_are_added_and_compared_as_exactly(spark: SparkSession) -> None:
    most = 5 * 10**27 - 1
    units = [sold(0, most - 1), sold(1, most), sold(NULL_CODE, most - 1)]
    wide = {
        name: shape.replace("revenue_units BIGINT", "revenue_units DECIMAL(38,0)") for name, shape in SHAPES
    }

    result = run_step(
        spark, "activity", "customer_activity", {"customer_units": table(spark, wide["units"], units)}
    )

    expected = of_units(3, 3 * most - 2, main_unit_code=1, distinct_business_units=2)
    assert_rows(result, wide["activity"], expected)


def test_representative_and_region_are_those_of_the_latest_event_date(spark: SparkSession) -> None:
    result = customer_activity(
        spark,
        unit(latest_representative=latest(30, 0), latest_region=latest(30, 1)),
        unit(unit_code=1, latest_representative=latest(29, 8), latest_region=latest(29, 9)),
        unit(customer_key="Bob"),
        unit(
            customer_key="Bob",
            unit_code=1,
            latest_representative=latest(29, NULL_CODE),
            latest_region=latest(29, NULL_CODE),
        ),
    )

    assert_rows(
        result,
        CUSTOMER_ACTIVITY,
        of_units(2, 200, main_unit_code=0, representative_code=8, region_code=9),
        of_units(
            2,
            200,
            main_unit_code=0,
            representative_code=NULL_CODE,
            region_code=NULL_CODE,
            customer_key="Bob",
        ),
    )


def test_of_several_on_the_latest_date_the_smallest_code_wins_and_null_is_last(spark: SparkSession) -> None:
    result = customer_activity(
        spark,
        unit(latest_representative=latest(0, NULL_CODE), latest_region=latest(0, 7)),
        unit(unit_code=1, latest_representative=latest(0, 6), latest_region=latest(0, 5)),
        unit(unit_code=2, latest_representative=latest(0, 2), latest_region=latest(0, NULL_CODE)),
    )

    assert_rows(
        result,
        CUSTOMER_ACTIVITY,
        of_units(3, 300, main_unit_code=0, representative_code=2, region_code=5),
    )
