from pyspark.sql import DataFrame, SparkSession

from tests.sql.steps import assert_rows, run_step, table

WINDOW_EVENTS = "customer_key STRING, account_id STRING"
ACCOUNTS = "account_id STRING, is_active BOOLEAN"
CUSTOMER_ACCOUNTS = "customer_key STRING, active_accounts INT, total_accounts INT"

KNOWN = [("a1", True), ("a2", True), ("closed", False)]


def customer_accounts(spark: SparkSession, *used: tuple[str, str | None]) -> DataFrame:
    inputs = {
        "window_events": table(spark, WINDOW_EVENTS, used),
        "accounts": table(spark, ACCOUNTS, KNOWN),
    }
    return run_step(spark, "activity", "customer_accounts", inputs)


def test_an_account_counts_once_however_many_events_use_it(spark: SparkSession) -> None:
    result = customer_accounts(spark, ("Ann", "a1"), ("Ann", "a1"), ("Ann", "a1"), ("Ann", "a2"))

    assert_rows(result, CUSTOMER_ACCOUNTS, ("Ann", 2, 2))


def test_an_account_that_is_not_active_counts_in_the_total_only(spark: SparkSession) -> None:
    result = customer_accounts(spark, ("Ann", "a1"), ("Ann", "closed"), ("Bob", "closed"))

    assert_rows(result, CUSTOMER_ACCOUNTS, ("Ann", 1, 2), ("Bob", 0, 1))


def test_an_unknown_account_counts_for_nothing(spark: SparkSession) -> None:
    result = customer_accounts(spark, ("Ann", "a1"), ("Ann", "unknown"), ("Bob", "unknown"))

    assert_rows(result, CUSTOMER_ACCOUNTS, ("Ann", 1, 1))


def test_an_event_without_an_account_counts_for_nothing(spark: SparkSession) -> None:
    result = customer_accounts(spark, ("Ann", "a1"), ("Ann", None), ("Bob", None))

    assert_rows(result, CUSTOMER_ACCOUNTS, ("Ann", 1, 1))


def test_an_account_of_two_customers_counts_for_each(spark: SparkSession) -> None:
    result = customer_accounts(spark, ("Ann", "a1"), ("Bob", "a1"), ("Bob", "a2"))

    assert_rows(result, CUSTOMER_ACCOUNTS, ("Ann", 1, 1), ("Bob", 2, 2))
