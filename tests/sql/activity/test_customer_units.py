from typing import Any

from pyspark.sql import DataFrame, SparkSession

from tests.sql.activity.shapes import (
    ACTIVE,
    ACTIVITY_ROWS,
    BIT_63,
    CONFLICTING,
    CUSTOMER_UNITS,
    EVENT,
    INACTIVE,
    NULL_CODE,
    PRODUCT,
    UNKNOWN,
    latest,
)
from tests.sql.dates import of_one_date, snapshot_dates
from tests.sql.steps import assert_rows, run_step, table

Row = dict[str, Any]
AS_OF = "2024-12-31"
UNITS = CUSTOMER_UNITS.removeprefix("as_of DATE, ")


def event(**changes: Any) -> Row:
    """Ann's ordinary event in the window, 30 days before as_of, but for the changes."""
    ordinary = {
        "as_of": None,
        "customer_key": "Ann",
        "unit_code": 0,
        "product_code": 0,
        "representative_code": 3,
        "region_code": 4,
        "event_date": "2024-12-01",
        "event_count": 1,
        "revenue_units": 100,
        "margin_units": 40,
        "lifetime_revenue_units": 100,
        "row_kind": EVENT,
    }
    return {**ordinary, **changes}


def no_event(row_kind: int, **changes: Any) -> Row:
    """A row of Ann that is no event of the window, but for the changes."""
    unknown = dict.fromkeys(event(), None)
    return {**unknown, "customer_key": "Ann", "unit_code": -1, "row_kind": row_kind, **changes}


def unit(**changes: Any) -> Row:
    """What two ordinary events of Ann make, but for the changes."""
    ordinary = {
        "customer_key": "Ann",
        "unit_code": 0,
        "revenue_units": 200,
        "margin_units": 80,
        "total_events": 2,
        "recent_events": 2,
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
        "lifetime_revenue_units": 200,
        "event_rows": 2,
        "total_accounts": 0,
        "active_accounts": 0,
        "unknown_accounts": 0,
        "conflicting_accounts": 0,
        "further_products": 0,
    }
    return {**ordinary, **changes}


def beside_units(**changes: Any) -> Row:
    """What rows of Ann that are no events of the window make, but for the changes."""
    unknown = dict.fromkeys(unit(), None)
    bits = {name: 0 for name in unit() if name.startswith(("months_", "products_"))}
    counts = {name: 0 for name in unit() if name.endswith(("_rows", "_accounts", "_products"))}
    return {**unknown, "customer_key": "Ann", "unit_code": -1, **bits, **counts, **changes}


def customer_units(spark: SparkSession, *rows: Row, as_of: str = AS_OF, window_months: int = 12) -> DataFrame:
    """The units of one date, whose they are left out; so are those of rows."""
    of_date = [row if row["row_kind"] == EVENT else {**row, "as_of": as_of} for row in rows]
    return of_one_date(on_dates(spark, of_date, as_of, window_months=window_months), as_of)


def on_dates(spark: SparkSession, rows: list[Row], *days: str, window_months: int = 12) -> DataFrame:
    inputs = {
        "activity_rows": table(spark, ACTIVITY_ROWS, rows),
        "snapshot_dates": snapshot_dates(spark, *days, window_months=window_months),
    }
    return run_step(spark, "activity", "customer_units", inputs)


def summed(events: int) -> Row:
    """The sums of so many ordinary events."""
    cents = 100 * events
    return {
        "revenue_units": cents,
        "margin_units": 40 * events,
        "total_events": events,
        "recent_events": events,
        "lifetime_revenue_units": cents,
        "event_rows": events,
    }


def test_each_customer_and_unit_has_one_row(spark: SparkSession) -> None:
    result = customer_units(
        spark,
        event(),
        event(),
        event(unit_code=1),
        event(unit_code=NULL_CODE),
        event(unit_code=NULL_CODE),
        event(customer_key="Bob"),
        event(customer_key="Bob"),
        event(customer_key="bob"),
    )

    assert_rows(
        result,
        UNITS,
        unit(),
        unit(unit_code=1, **summed(1)),
        unit(unit_code=NULL_CODE),
        unit(customer_key="Bob"),
        unit(customer_key="bob", **summed(1)),
    )


def test_refunds_lower_the_sums_and_are_events(spark: SparkSession) -> None:
    refund = {"revenue_units": -130, "margin_units": -45, "lifetime_revenue_units": -130}

    result = customer_units(spark, event(), event(**refund))

    assert_rows(result, UNITS, unit(revenue_units=-30, margin_units=-5, lifetime_revenue_units=-30))


def test_a_row_of_no_events_is_activity_all_the_same(spark: SparkSession) -> None:
    result = customer_units(spark, event(event_count=0), event(event_count=0, event_date="2024-11-30"))

    assert_rows(
        result,
        UNITS,
        unit(total_events=0, recent_events=0, months_0=0b11, first_event_date="2024-11-30"),
    )


def test_event_counts_add_up_beyond_an_int(spark: SparkSession) -> None:
    result = customer_units(spark, event(event_count=2_147_483_647), event(event_count=2_147_483_647))

    assert_rows(result, UNITS, unit(total_events=4_294_967_294, recent_events=4_294_967_294))


def test_events_of_three_months_and_of_the_three_before_are_added_up(spark: SparkSession) -> None:
    # Half a year before 31 August ends on the last day of February.
    days = {"2024-08-31": 1, "2024-06-01": 2, "2024-05-31": 10, "2024-03-01": 20, "2024-02-29": 100}

    result = customer_units(
        spark,
        *(event(event_date=day, event_count=count) for day, count in days.items()),
        event(customer_key="Bob", event_date="2024-05-31", event_count=0),
        no_event(EVENT, event_date="2023-08-01", lifetime_revenue_units=1000),
        as_of="2024-08-31",
    )

    bob = {
        **summed(1),
        "total_events": 0,
        "recent_events": None,
        "earlier_events": 0,
        "months_0": 0b1000,
        "latest_representative": latest(92, 3),
        "latest_region": latest(92, 4),
        "first_event_date": "2024-05-31",
        "last_event_date": "2024-05-31",
    }
    assert_rows(
        result,
        UNITS,
        unit(
            **{**summed(5), "total_events": 133, "recent_events": 3, "earlier_events": 30},
            months_0=0b110_1101,
            latest_representative=latest(0, 3),
            latest_region=latest(0, 4),
            first_event_date="2024-02-29",
            last_event_date="2024-08-31",
        ),
        unit(customer_key="Bob", **bob),
        beside_units(
            first_event_date="2023-08-01",
            last_event_date="2023-08-01",
            lifetime_revenue_units=1000,
            event_rows=1,
        ),
    )


def test_days_of_one_calendar_month_are_one_bit(spark: SparkSession) -> None:
    result = customer_units(spark, event(event_date="2024-12-01"), event(event_date="2024-12-31"))

    assert_rows(
        result,
        UNITS,
        unit(
            months_0=1,
            latest_representative=latest(0, 3),
            latest_region=latest(0, 4),
            last_event_date="2024-12-31",
        ),
    )


def test_twelve_months_can_touch_thirteen_calendar_months(spark: SparkSession) -> None:
    days = ["2023-12-16", *(f"2024-{month:02}-01" for month in range(1, 13))]

    result = customer_units(spark, *(event(event_date=day) for day in days), as_of="2024-12-15")

    assert_rows(
        result,
        UNITS,
        unit(
            months_0=0b1_1111_1111_1111,
            latest_representative=latest(14, 3),
            latest_region=latest(14, 4),
            first_event_date="2023-12-16",
            **{**summed(13), "recent_events": 3, "earlier_events": 3},
        ),
    )


def test_each_of_121_calendar_months_is_a_bit_of_its_own(spark: SparkSession) -> None:
    # 0, 63, 64 and 120 months before that of as_of, some of them twice.
    days = ["2024-12-31", "2024-12-01", "2019-09-01", "2019-08-31", "2019-08-01", "2014-12-31"]

    result = customer_units(spark, *(event(event_date=day) for day in days), window_months=121)

    assert_rows(
        result,
        UNITS,
        unit(
            months_0=BIT_63 + 1,
            months_1=1 + 2 ** (120 - 64),
            latest_representative=latest(0, 3),
            latest_region=latest(0, 4),
            first_event_date="2014-12-31",
            last_event_date="2024-12-31",
            **{**summed(6), "recent_events": 2},
        ),
    )


def test_each_of_256_products_is_a_bit_of_its_own(spark: SparkSession) -> None:
    codes = [0, 63, 64, 127, 128, 191, 192, 255]

    result = customer_units(
        spark,
        *(event(product_code=code) for code in [*codes, *codes]),
        *(event(customer_key=f"{code}", product_code=code) for code in codes),
    )

    def only(code: int, **products: int) -> Row:
        return unit(customer_key=f"{code}", **{**summed(1), "products_0": 0, **products})

    first_and_last = BIT_63 + 1
    assert_rows(
        result,
        UNITS,
        unit(
            products_0=first_and_last,
            products_1=first_and_last,
            products_2=first_and_last,
            products_3=first_and_last,
            **summed(16),
        ),
        only(0, products_0=1),
        only(63, products_0=BIT_63),
        only(64, products_1=1),
        only(127, products_1=BIT_63),
        only(128, products_2=1),
        only(191, products_2=BIT_63),
        only(192, products_3=1),
        only(255, products_3=BIT_63),
    )


def test_an_event_without_a_product_sets_no_bit(spark: SparkSession) -> None:
    result = customer_units(
        spark,
        event(),
        event(product_code=None),
        event(customer_key="Bob", product_code=None),
        event(customer_key="Bob", product_code=None),
    )

    assert_rows(result, UNITS, unit(), unit(customer_key="Bob", products_0=0))


def test_representative_and_region_are_those_of_the_latest_event_date(spark: SparkSession) -> None:
    result = customer_units(
        spark,
        event(event_date="2024-12-01", representative_code=0, region_code=1),
        event(event_date="2024-12-02", representative_code=8, region_code=9),
        event(customer_key="Bob", event_date="2024-12-01"),
        event(
            customer_key="Bob",
            event_date="2024-12-02",
            representative_code=NULL_CODE,
            region_code=NULL_CODE,
        ),
    )

    assert_rows(
        result,
        UNITS,
        unit(
            latest_representative=latest(29, 8),
            latest_region=latest(29, 9),
            last_event_date="2024-12-02",
        ),
        unit(
            customer_key="Bob",
            latest_representative=latest(29, NULL_CODE),
            latest_region=latest(29, NULL_CODE),
            last_event_date="2024-12-02",
        ),
    )


def test_of_several_on_the_latest_date_the_smallest_code_wins_and_null_is_last(spark: SparkSession) -> None:
    result = customer_units(
        spark,
        event(representative_code=NULL_CODE, region_code=7),
        event(representative_code=6, region_code=5),
        event(representative_code=2, region_code=NULL_CODE),
    )

    assert_rows(
        result,
        UNITS,
        unit(latest_representative=latest(30, 2), latest_region=latest(30, 5), **summed(3)),
    )


def test_events_before_the_window_make_history_only(spark: SparkSession) -> None:
    result = customer_units(
        spark,
        event(),
        event(),
        no_event(EVENT, event_date="2023-12-01", lifetime_revenue_units=1000),
        no_event(EVENT, event_date="1969-12-31", lifetime_revenue_units=-1),
    )

    assert_rows(
        result,
        UNITS,
        unit(),
        beside_units(
            first_event_date="1969-12-31",
            last_event_date="2023-12-01",
            lifetime_revenue_units=999,
            event_rows=2,
        ),
    )


def test_events_are_rows_whatever_their_count(spark: SparkSession) -> None:
    result = customer_units(
        spark,
        event(event_count=0),
        event(event_count=7),
        event(unit_code=1, event_count=0),
        no_event(EVENT, event_date="2023-12-01", lifetime_revenue_units=1000),
        *(no_event(kind) for kind in (PRODUCT, UNKNOWN, INACTIVE, ACTIVE, CONFLICTING)),
    )

    assert_rows(
        result,
        UNITS,
        unit(total_events=7, recent_events=7),
        unit(unit_code=1, **{**summed(1), "total_events": 0, "recent_events": 0}),
        beside_units(
            first_event_date="2023-12-01",
            last_event_date="2023-12-01",
            lifetime_revenue_units=1000,
            event_rows=1,
            total_accounts=3,
            active_accounts=2,
            unknown_accounts=1,
            conflicting_accounts=1,
            further_products=1,
        ),
    )


def test_accounts_and_listed_products_are_counted(spark: SparkSession) -> None:
    result = customer_units(
        spark,
        no_event(ACTIVE),
        no_event(ACTIVE),
        no_event(INACTIVE),
        no_event(PRODUCT),
        no_event(INACTIVE, customer_key="Bob"),
        *(no_event(PRODUCT, customer_key="Cid") for _ in range(300)),
    )

    assert_rows(
        result,
        UNITS,
        beside_units(total_accounts=3, active_accounts=2, further_products=1),
        beside_units(customer_key="Bob", total_accounts=1),
        beside_units(customer_key="Cid", further_products=300),
    )


def test_an_unknown_account_is_counted_apart(spark: SparkSession) -> None:
    result = customer_units(
        spark,
        no_event(UNKNOWN),
        no_event(UNKNOWN),
        no_event(ACTIVE),
        no_event(UNKNOWN, customer_key="Bob"),
    )

    assert_rows(
        result,
        UNITS,
        beside_units(unknown_accounts=2, total_accounts=1, active_accounts=1),
        beside_units(customer_key="Bob", unknown_accounts=1),
    )


def test_a_conflicting_account_is_an_active_one(spark: SparkSession) -> None:
    result = customer_units(
        spark,
        no_event(CONFLICTING),
        no_event(CONFLICTING),
        no_event(ACTIVE),
        no_event(INACTIVE),
        no_event(CONFLICTING, customer_key="Bob"),
    )

    assert_rows(
        result,
        UNITS,
        beside_units(total_accounts=4, active_accounts=3, conflicting_accounts=2),
        beside_units(customer_key="Bob", total_accounts=1, active_accounts=1, conflicting_accounts=1),
    )


def test_each_date_sees_the_events_of_its_own_window_and_those_before_as_history(spark: SparkSession) -> None:
    days = {"2024-06-30": 1, "2024-07-01": 2, "2024-12-31": 4, "2023-12-30": 8, "2025-01-01": 16}
    rows = [event(event_date=day, event_count=count) for day, count in days.items()]
    rows += [no_event(ACTIVE, as_of="2024-06-30"), no_event(PRODUCT, as_of=AS_OF)]

    result = on_dates(spark, rows, "2024-06-30", AS_OF, window_months=6)

    first = {"first_event_date": "2024-06-30", "last_event_date": "2024-06-30"}
    history = {"first_event_date": "2023-12-30", "last_event_date": "2023-12-30", "event_rows": 1}
    december = {
        **summed(2),
        "total_events": 6,
        "recent_events": 4,
        "earlier_events": 2,
        "months_0": 0b10_0001,
        "latest_representative": latest(0, 3),
        "latest_region": latest(0, 4),
        "first_event_date": "2024-07-01",
        "last_event_date": "2024-12-31",
    }
    of_june = {**summed(1), "latest_representative": latest(0, 3), "latest_region": latest(0, 4), **first}
    assert_rows(
        result,
        CUSTOMER_UNITS,
        {"as_of": "2024-06-30", **unit(**of_june)},
        {
            "as_of": "2024-06-30",
            **beside_units(total_accounts=1, active_accounts=1, lifetime_revenue_units=100, **history),
        },
        {"as_of": AS_OF, **unit(**december)},
        {
            "as_of": AS_OF,
            **beside_units(
                further_products=1,
                lifetime_revenue_units=200,
                **{**history, "last_event_date": "2024-06-30", "event_rows": 2},
            ),
        },
    )


def test_an_event_of_two_windows_counts_for_each_date_by_its_distance(spark: SparkSession) -> None:
    days = ("2024-12-31", "2025-03-31")

    result = on_dates(spark, [event(), event()], *days, window_months=6)

    later = {"recent_events": None, "earlier_events": 2, "months_0": 0b1000}
    later |= {"latest_representative": latest(120, 3), "latest_region": latest(120, 4)}
    assert_rows(result, CUSTOMER_UNITS, {"as_of": days[0], **unit()}, {"as_of": days[1], **unit(**later)})
