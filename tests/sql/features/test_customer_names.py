from pyspark.sql import DataFrame, SparkSession

from tests.sql.dates import of_one_date, snapshot_dates
from tests.sql.steps import assert_rows, run_step, table

EVENTS = "customer_key STRING, customer_name STRING, event_date DATE"
NAMES = "customer_key STRING, customer_name STRING"
AS_OF = "2024-12-31"


def customer_names(spark: SparkSession, *events: tuple[str, str | None, str]) -> DataFrame:
    return of_one_date(on_dates(spark, events, AS_OF), AS_OF)


def on_dates(spark: SparkSession, events: tuple[tuple[str, str | None, str], ...], *days: str) -> DataFrame:
    inputs = {"events": table(spark, EVENTS, events), "snapshot_dates": snapshot_dates(spark, *days)}
    return run_step(spark, "features", "customer_names", inputs)


def test_the_name_is_that_of_the_latest_event_date(spark: SparkSession) -> None:
    result = customer_names(
        spark,
        ("c1", "Ann", "2023-01-01"),
        ("c1", "Zoe", "2024-01-01"),
        ("c2", "Bob", "2023-01-01"),
        ("c2", None, "2024-01-01"),
        ("c3", "Cid", "1969-12-31"),
        ("c3", "Abe", "1969-12-30"),
    )

    assert_rows(result, NAMES, ("c1", "Zoe"), ("c2", None), ("c3", "Cid"))


def test_a_name_that_comes_back_is_the_latest_again(spark: SparkSession) -> None:
    result = customer_names(
        spark, ("c1", "Zoe", "2022-01-01"), ("c1", "Ann", "2023-01-01"), ("c1", "Zoe", "2024-01-01")
    )

    assert_rows(result, NAMES, ("c1", "Zoe"))


def test_of_names_of_the_latest_date_the_smallest_binary_string_wins_and_null_is_last(
    spark: SparkSession,
) -> None:
    result = customer_names(
        spark,
        ("c1", None, "2024-01-01"),
        ("c1", "ann", "2024-01-01"),
        ("c1", "Zoe", "2024-01-01"),
        ("c2", None, "2024-01-01"),
        ("c2", "\u00e9va", "2024-01-01"),
        ("c2", "zoe", "2024-01-01"),
        ("c3", None, "2024-01-01"),
        ("c3", "\uffff", "2024-01-01"),
        ("c4", "", "2024-01-01"),
        ("c4", " ", "2024-01-01"),
    )

    assert_rows(result, NAMES, ("c1", "Zoe"), ("c2", "zoe"), ("c3", "\uffff"), ("c4", ""))


def test_keys_compare_as_they_are(spark: SparkSession) -> None:
    result = customer_names(
        spark, ("c1", "Ann", "2024-01-01"), ("C1", "Bob", "2024-01-01"), ("c1 ", "Cid", "2024-01-01")
    )

    assert_rows(result, NAMES, ("c1", "Ann"), ("C1", "Bob"), ("c1 ", "Cid"))


def test_each_date_sees_the_names_of_its_time(spark: SparkSession) -> None:
    events = (
        ("c1", "Ann", "2023-01-01"),
        ("c1", "Anna", "2024-06-30"),
        ("c1", "Anne", "2024-07-01"),
        ("c2", "Bob", "2024-06-01"),
        ("c2", "Bob", "2024-12-31"),
        ("c2", "Abe", "2024-12-31"),
        ("c3", "Cid", "2024-12-31"),
    )

    result = on_dates(spark, events, "2024-01-31", "2024-06-30", AS_OF)

    assert_rows(
        result,
        f"as_of DATE, {NAMES}",
        ("2024-01-31", "c1", "Ann"),
        ("2024-06-30", "c1", "Anna"),
        ("2024-06-30", "c2", "Bob"),
        (AS_OF, "c1", "Anne"),
        (AS_OF, "c2", "Abe"),
        (AS_OF, "c3", "Cid"),
    )
