from datetime import date
from typing import Any

from pyspark.sql import DataFrame, SparkSession

from tests.sql.steps import assert_rows, run_step, table

FCT_REVENUES = (
    "customer_key STRING, customer_name STRING, business_unit STRING, product STRING, event_date DATE, "
    "event_count BIGINT, cs_representative STRING, region STRING, account_id STRING, revenue_units BIGINT, "
    "margin_units BIGINT"
)
EVENTS = (
    "customer_key STRING, customer_name STRING, business_unit STRING, product STRING, event_date DATE, "
    "event_count BIGINT, cs_representative STRING, region STRING, account_id STRING, "
    "revenue_units BIGINT, margin_units BIGINT"
)
UNCHANGED = {
    "customer_key": "c1",
    "customer_name": "Ann",
    "business_unit": "Core",
    "product": "Basic",
    "event_date": "2024-12-01",
    "event_count": 7,
    "cs_representative": "Eve",
    "region": "North",
    "account_id": "a1",
}

Row = dict[str, Any]


def fact(**changes: Any) -> Row:
    return {**UNCHANGED, "revenue_units": 10000, "margin_units": 4000, **changes}


def event(**changes: Any) -> Row:
    return {**UNCHANGED, "revenue_units": 10000, "margin_units": 4000, **changes}


def events(spark: SparkSession, *facts: Row) -> DataFrame:
    inputs = {"fct_revenues": table(spark, FCT_REVENUES, facts)}
    return run_step(spark, "activity", "events", inputs, last_as_of=date(2024, 12, 31))


def test_facts_after_the_last_date_are_left_out(spark: SparkSession) -> None:
    result = events(
        spark, fact(event_date="1999-01-01"), fact(event_date="2024-12-31"), fact(event_date="2025-01-01")
    )

    assert_rows(result, EVENTS, event(event_date="1999-01-01"), event(event_date="2024-12-31"))


def test_money_too_large_for_a_bigint_stays_as_exact(spark: SparkSession) -> None:
    facts = table(
        spark,
        FCT_REVENUES.replace("units BIGINT", "units DECIMAL(38,0)"),
        [fact(revenue_units="9" * 22, margin_units="-" + "9" * 22)],
    )

    result = run_step(spark, "activity", "events", {"fct_revenues": facts}, last_as_of=date(2024, 12, 31))

    assert_rows(
        result,
        EVENTS.replace("units BIGINT", "units DECIMAL(38,0)"),
        event(revenue_units="9" * 22, margin_units="-" + "9" * 22),
    )


def test_equal_facts_are_as_many_events(spark: SparkSession) -> None:
    result = events(spark, fact(), fact(), fact(event_count=0))

    assert_rows(result, EVENTS, event(), event(), event(event_count=0))


def test_text_stays_as_it_is(spark: SparkSession) -> None:
    unknown = {
        "customer_name": None,
        "business_unit": None,
        "product": None,
        "cs_representative": None,
        "region": None,
        "account_id": None,
    }
    padded = {"customer_key": " C1 ", "customer_name": " ANN", "product": "basic ", "account_id": "00001"}

    result = events(spark, fact(**unknown), fact(**padded))

    assert_rows(result, EVENTS, event(**unknown), event(**padded))
