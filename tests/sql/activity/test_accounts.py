from pyspark.sql import DataFrame, SparkSession

from tests.sql.steps import assert_rows, run_step, table

DIM_ACCOUNTS = "account_id STRING, status STRING"
ACCOUNTS = "account_id STRING, is_active BOOLEAN"

Listed = tuple[str | None, str | None]


def accounts(spark: SparkSession, *listed: Listed) -> DataFrame:
    return run_step(spark, "activity", "accounts", {"dim_accounts": table(spark, DIM_ACCOUNTS, listed)})


def test_an_account_listed_twice_is_one_account(spark: SparkSession) -> None:
    result = accounts(spark, ("a1", "active"), ("a1", "active"), ("a2", "closed"), ("a2", "closed"))

    assert_rows(result, ACCOUNTS, ("a1", True), ("a2", False))


def test_an_account_is_active_if_any_of_its_rows_says_so(spark: SparkSession) -> None:
    result = accounts(
        spark,
        ("a1", "closed"),
        ("a1", "active"),
        ("a2", "active"),
        ("a2", "closed"),
        ("a3", "closed"),
        ("a3", "suspended"),
    )

    assert_rows(result, ACCOUNTS, ("a1", True), ("a2", True), ("a3", False))


def test_status_compares_without_case_and_surrounding_spaces(spark: SparkSession) -> None:
    result = accounts(
        spark,
        ("upper", "ACTIVE"),
        ("padded", "  Active "),
        ("other", "inactive"),
        ("inner space", "act ive"),
        ("tab", "\tactive"),
    )

    assert_rows(
        result,
        ACCOUNTS,
        ("upper", True),
        ("padded", True),
        ("other", False),
        ("inner space", False),
        ("tab", False),
    )


def test_an_account_without_a_status_is_known_but_not_active(spark: SparkSession) -> None:
    result = accounts(spark, ("a1", None), ("a2", ""), ("a3", None), ("a3", "active"))

    assert_rows(result, ACCOUNTS, ("a1", False), ("a2", False), ("a3", True))


def test_a_row_without_an_account_id_is_no_account(spark: SparkSession) -> None:
    result = accounts(spark, (None, "active"), (None, "closed"), ("a1", "active"))

    assert_rows(result, ACCOUNTS, ("a1", True))
