from collections.abc import Iterable
from datetime import date
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession

from tests.sql.activity.shapes import (
    ACTIVE,
    ACTIVITY_ROWS,
    CONFLICTING,
    EVENT,
    INACTIVE,
    NULL_CODE,
    PRODUCT,
    UNKNOWN,
)
from tests.sql.steps import assert_rows, run_step, table

EARLIER, DATE = "2024-12-31", "2025-03-31"
CODED_EVENTS = (
    "customer_key STRING, unit_code INT, product_code INT, representative_code INT, region_code INT, "
    "event_date DATE, event_count BIGINT, revenue_units BIGINT, margin_units BIGINT"
)
EVENTS = "customer_key STRING, event_date DATE, revenue_units BIGINT"
CUSTOMER_ACCOUNTS = "as_of DATE, customer_key STRING, account_id STRING, account_kind INT"
CUSTOMER_PRODUCTS = "as_of DATE, customer_key STRING, product STRING"

Row = dict[str, Any]


def coded_event(**changes: Any) -> Row:
    """Ann's ordinary event in the window, but for the changes."""
    ordinary = {
        "customer_key": "Ann",
        "unit_code": 1,
        "product_code": 2,
        "representative_code": 3,
        "region_code": 4,
        "event_date": "2024-12-01",
        "event_count": 5,
        "revenue_units": 100,
        "margin_units": 40,
    }
    return {**ordinary, **changes}


def activity_row(**changes: Any) -> Row:
    """What the ordinary event makes, but for the changes."""
    return {"as_of": None, **coded_event(), "lifetime_revenue_units": 100, "row_kind": EVENT, **changes}


def no_event(row_kind: int, **changes: Any) -> Row:
    """A row of Ann that is no event of the window, but for the changes."""
    unknown = dict.fromkeys(activity_row(), None)
    return {**unknown, "customer_key": "Ann", "unit_code": -1, "row_kind": row_kind, **changes}


def activity_rows(
    spark: SparkSession,
    *coded_events: Row,
    events: Iterable[tuple[str, str, int]] = (),
    accounts: Iterable[tuple[str, str, str, int]] = (),
    products: Iterable[tuple[str, str, str]] = (),
    as_of: str = "2024-12-31",
    window_months: int = 12,
) -> DataFrame:
    inputs = {
        "coded_events": table(spark, CODED_EVENTS, coded_events),
        "events": table(spark, EVENTS, events),
        "customer_accounts": table(spark, CUSTOMER_ACCOUNTS, accounts),
        "customer_products": table(spark, CUSTOMER_PRODUCTS, products),
    }
    return run_step(
        spark,
        "activity",
        "activity_rows",
        inputs,
        first_as_of=date.fromisoformat(as_of),
        window_months=window_months,
    )


def test_each_event_of_the_window_is_a_row(spark: SparkSession) -> None:
    refund = {"revenue_units": -30, "margin_units": -10, "event_count": 0}

    result = activity_rows(
        spark,
        coded_event(),
        coded_event(),
        coded_event(
            customer_key="Bob", unit_code=NULL_CODE, product_code=None, region_code=NULL_CODE, **refund
        ),
    )

    assert_rows(
        result,
        ACTIVITY_ROWS,
        activity_row(),
        activity_row(),
        activity_row(
            customer_key="Bob",
            unit_code=NULL_CODE,
            product_code=None,
            region_code=NULL_CODE,
            lifetime_revenue_units=-30,
            **refund,
        ),
    )


def test_an_event_before_the_window_has_a_date_and_lifetime_revenue_only(spark: SparkSession) -> None:
    result = activity_rows(spark, events=[("Ann", "2020-01-01", 7), ("Ann", "2020-01-01", 7)])

    old = no_event(EVENT, event_date="2020-01-01", lifetime_revenue_units=7)
    assert_rows(result, ACTIVITY_ROWS, old, old)


@pytest.mark.parametrize(
    ("as_of", "window_months", "last_outside", "first_inside"),
    [
        pytest.param("2024-12-15", 12, "2023-12-15", "2023-12-16", id="same day a year before"),
        pytest.param("2024-02-29", 12, "2023-02-28", "2023-03-01", id="leap day clamps to 28 February"),
        pytest.param("2024-12-31", 3, "2024-09-30", "2024-10-01", id="31 clamps to a month of 30 days"),
    ],
)
def test_an_event_of_the_window_is_not_read_again_as_one_before_it(
    spark: SparkSession, as_of: str, window_months: int, last_outside: str, first_inside: str
) -> None:
    result = activity_rows(
        spark,
        coded_event(event_date=first_inside),
        coded_event(event_date=as_of),
        events=[("Ann", last_outside, 7), ("Ann", first_inside, 100), ("Ann", as_of, 100)],
        as_of=as_of,
        window_months=window_months,
    )

    assert_rows(
        result,
        ACTIVITY_ROWS,
        activity_row(event_date=first_inside),
        activity_row(event_date=as_of),
        no_event(EVENT, event_date=last_outside, lifetime_revenue_units=7),
    )


def test_each_account_is_a_row_of_its_kind(spark: SparkSession) -> None:
    result = activity_rows(
        spark,
        accounts=[
            (DATE, "Ann", "a1", ACTIVE),
            (EARLIER, "Ann", "a2", INACTIVE),
            (DATE, "Ann", "a3", UNKNOWN),
            (DATE, "Ann", "a4", UNKNOWN),
            (DATE, "Bob", "a1", ACTIVE),
            (DATE, "Bob", "a5", CONFLICTING),
        ],
    )

    assert_rows(
        result,
        ACTIVITY_ROWS,
        no_event(ACTIVE, as_of=DATE),
        no_event(INACTIVE, as_of=EARLIER),
        no_event(UNKNOWN, as_of=DATE),
        no_event(UNKNOWN, as_of=DATE),
        no_event(ACTIVE, customer_key="Bob", as_of=DATE),
        no_event(CONFLICTING, customer_key="Bob", as_of=DATE),
    )


def test_each_listed_product_is_a_row(spark: SparkSession) -> None:
    result = activity_rows(
        spark, products=[(DATE, "Ann", "Basic"), (DATE, "Ann", "Plus"), (EARLIER, "Bob", "Basic")]
    )

    assert_rows(
        result,
        ACTIVITY_ROWS,
        no_event(PRODUCT, as_of=DATE),
        no_event(PRODUCT, as_of=DATE),
        no_event(PRODUCT, customer_key="Bob", as_of=EARLIER),
    )


def test_all_of_a_customer_is_in_one_partition(spark: SparkSession) -> None:
    names = ("Ann", "Bob", "Cid", "Dan", "Eve", "Fay")

    result = activity_rows(
        spark,
        *(coded_event(customer_key=name) for name in names),
        events=[(name, "2020-01-01", 7) for name in names],
        accounts=[(DATE, name, "a1", ACTIVE) for name in names],
        products=[(DATE, name, "Basic") for name in names],
    )

    places = result.selectExpr("customer_key", "spark_partition_id() AS place").distinct().collect()
    assert sorted(row["customer_key"] for row in places) == sorted(names)
    assert len({row["place"] for row in places}) > 1
