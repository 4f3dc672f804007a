from pyspark.sql import DataFrame, SparkSession

from tests.sql.steps import assert_rows, run_step, table

EVENTS = "customer_key STRING, customer_name STRING, event_date DATE, revenue_cents BIGINT"
HISTORY = (
    "customer_key STRING, customer_name STRING, first_event_date DATE, last_event_date DATE, "
    "lifetime_revenue_cents BIGINT"
)


def customer_history(spark: SparkSession, *events: tuple[str, str | None, str, int]) -> DataFrame:
    return run_step(spark, "activity", "customer_history", {"events": table(spark, EVENTS, events)})


def test_first_and_last_event_are_over_all_events(spark: SparkSession) -> None:
    result = customer_history(
        spark,
        ("c1", "Ann", "2024-06-01", 1),
        ("c1", "Ann", "1999-12-31", 1),
        ("c1", "Ann", "2024-12-31", 1),
        ("c2", "Bob", "2024-02-29", 1),
    )

    assert_rows(
        result,
        HISTORY,
        ("c1", "Ann", "1999-12-31", "2024-12-31", 3),
        ("c2", "Bob", "2024-02-29", "2024-02-29", 1),
    )


def test_refunds_lower_the_lifetime_revenue(spark: SparkSession) -> None:
    result = customer_history(
        spark,
        ("c1", "Ann", "2024-01-01", 1000),
        ("c1", "Ann", "2024-01-01", -1),
        ("c2", "Bob", "2024-01-01", 1),
        ("c2", "Bob", "2024-01-01", -500),
    )

    assert_rows(
        result,
        HISTORY,
        ("c1", "Ann", "2024-01-01", "2024-01-01", 999),
        ("c2", "Bob", "2024-01-01", "2024-01-01", -499),
    )


def test_the_name_is_that_of_the_latest_event_date(spark: SparkSession) -> None:
    result = customer_history(
        spark,
        ("c1", "Ann", "2023-01-01", 1),
        ("c1", "Zoe", "2024-01-01", 1),
        ("c2", "Bob", "2023-01-01", 1),
        ("c2", None, "2024-01-01", 1),
    )

    assert_rows(
        result,
        HISTORY,
        ("c1", "Zoe", "2023-01-01", "2024-01-01", 2),
        ("c2", None, "2023-01-01", "2024-01-01", 2),
    )


def test_of_names_of_the_latest_date_the_smallest_binary_string_wins_and_null_is_last(
    spark: SparkSession,
) -> None:
    result = customer_history(
        spark,
        ("c1", None, "2024-01-01", 1),
        ("c1", "ann", "2024-01-01", 1),
        ("c1", "Zoe", "2024-01-01", 1),
        ("c2", None, "2024-01-01", 1),
        ("c2", "\u00e9va", "2024-01-01", 1),
        ("c2", "zoe", "2024-01-01", 1),
    )

    assert_rows(
        result,
        HISTORY,
        ("c1", "Zoe", "2024-01-01", "2024-01-01", 3),
        ("c2", "zoe", "2024-01-01", "2024-01-01", 3),
    )


def test_keys_compare_as_they_are(spark: SparkSession) -> None:
    result = customer_history(
        spark, ("c1", "Ann", "2024-01-01", 1), ("C1", "Ann", "2024-01-01", 1), ("c1 ", "Ann", "2024-01-01", 1)
    )

    assert_rows(
        result,
        HISTORY,
        ("c1", "Ann", "2024-01-01", "2024-01-01", 1),
        ("C1", "Ann", "2024-01-01", "2024-01-01", 1),
        ("c1 ", "Ann", "2024-01-01", "2024-01-01", 1),
    )
