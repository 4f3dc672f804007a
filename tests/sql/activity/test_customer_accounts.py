from pyspark.sql import DataFrame, SparkSession

from tests.sql.steps import assert_rows, run_step, table

WINDOW_EVENTS = "customer_key STRING, account_id STRING"
DIM_ACCOUNTS = "account_id STRING, status STRING"
CUSTOMER_ACCOUNTS = "customer_key STRING, account_id STRING, is_active BOOLEAN"

KNOWN = [("a1", "active"), ("a2", "active"), ("closed", "closed")]

Listed = tuple[str | None, str | None]


def customer_accounts(
    spark: SparkSession, *used: tuple[str, str | None], listed: list[Listed] | None = None
) -> DataFrame:
    inputs = {
        "window_events": table(spark, WINDOW_EVENTS, used),
        "dim_accounts": table(spark, DIM_ACCOUNTS, KNOWN if listed is None else listed),
    }
    return run_step(spark, "activity", "customer_accounts", inputs)


def accounts_of_ann(spark: SparkSession, *listed: Listed) -> DataFrame:
    """Ann uses every account that is listed."""
    used = [("Ann", account) for account, _ in dict.fromkeys(listed)]
    return customer_accounts(spark, *used, listed=list(listed))


def test_an_account_is_one_row_however_many_events_use_it(spark: SparkSession) -> None:
    result = customer_accounts(spark, ("Ann", "a1"), ("Ann", "a1"), ("Ann", "a1"), ("Ann", "a2"))

    assert_rows(result, CUSTOMER_ACCOUNTS, ("Ann", "a1", True), ("Ann", "a2", True))


def test_an_account_that_is_not_active_is_known_all_the_same(spark: SparkSession) -> None:
    result = customer_accounts(spark, ("Ann", "a1"), ("Ann", "closed"), ("Bob", "closed"))

    assert_rows(
        result, CUSTOMER_ACCOUNTS, ("Ann", "a1", True), ("Ann", "closed", False), ("Bob", "closed", False)
    )


def test_an_unknown_account_counts_for_nothing(spark: SparkSession) -> None:
    result = customer_accounts(spark, ("Ann", "a1"), ("Ann", "unknown"), ("Ann", "A1"), ("Bob", "unknown"))

    assert_rows(result, CUSTOMER_ACCOUNTS, ("Ann", "a1", True))


def test_an_account_that_nobody_used_counts_for_nothing(spark: SparkSession) -> None:
    result = customer_accounts(spark, ("Ann", "a1"), listed=[("a1", "active"), ("a2", "active")])

    assert_rows(result, CUSTOMER_ACCOUNTS, ("Ann", "a1", True))


def test_an_event_without_an_account_counts_for_nothing(spark: SparkSession) -> None:
    result = customer_accounts(
        spark, ("Ann", "a1"), ("Ann", None), ("Bob", None), listed=[("a1", "active"), (None, "active")]
    )

    assert_rows(result, CUSTOMER_ACCOUNTS, ("Ann", "a1", True))


def test_an_account_of_two_customers_counts_for_each(spark: SparkSession) -> None:
    result = customer_accounts(spark, ("Ann", "a1"), ("Bob", "a1"), ("Bob", "a2"))

    assert_rows(result, CUSTOMER_ACCOUNTS, ("Ann", "a1", True), ("Bob", "a1", True), ("Bob", "a2", True))


def test_an_account_listed_twice_is_one_account(spark: SparkSession) -> None:
    result = customer_accounts(
        spark,
        ("Ann", "a1"),
        ("Ann", "a1"),
        ("Ann", "a2"),
        listed=[("a1", "active"), ("a1", "active"), ("a2", "closed"), ("a2", "closed")],
    )

    assert_rows(result, CUSTOMER_ACCOUNTS, ("Ann", "a1", True), ("Ann", "a2", False))


def test_an_account_is_active_if_any_of_its_rows_says_so(spark: SparkSession) -> None:
    result = accounts_of_ann(
        spark,
        ("a1", "closed"),
        ("a1", "active"),
        ("a2", "active"),
        ("a2", "closed"),
        ("a3", "closed"),
        ("a3", "suspended"),
    )

    assert_rows(result, CUSTOMER_ACCOUNTS, ("Ann", "a1", True), ("Ann", "a2", True), ("Ann", "a3", False))


def test_status_compares_without_case_and_surrounding_spaces(spark: SparkSession) -> None:
    result = accounts_of_ann(
        spark,
        ("upper", "ACTIVE"),
        ("padded", "  Active "),
        ("other", "inactive"),
        ("inner space", "act ive"),
        ("tab", "\tactive"),
    )

    assert_rows(
        result,
        CUSTOMER_ACCOUNTS,
        ("Ann", "upper", True),
        ("Ann", "padded", True),
        ("Ann", "other", False),
        ("Ann", "inner space", False),
        ("Ann", "tab", False),
    )


def test_an_account_without_a_status_is_known_but_not_active(spark: SparkSession) -> None:
    result = accounts_of_ann(spark, ("a1", None), ("a2", ""), ("a3", None), ("a3", "active"))

    assert_rows(result, CUSTOMER_ACCOUNTS, ("Ann", "a1", False), ("Ann", "a2", False), ("Ann", "a3", True))
