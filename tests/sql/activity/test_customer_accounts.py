from pyspark.sql import DataFrame, SparkSession

from tests.sql.activity.shapes import ACTIVE, CONFLICTING, INACTIVE, UNKNOWN
from tests.sql.dates import of_one_date, snapshot_dates
from tests.sql.steps import assert_rows, run_step, table

WINDOW_EVENTS = "customer_key STRING, account_id STRING, event_date DATE"
DIM_ACCOUNTS = "account_id STRING, status STRING"
CUSTOMER_ACCOUNTS = "customer_key STRING, account_id STRING, account_kind INT"

BLANKS = [None, "", " ", "\u00a0\u200b"]
AS_OF = "2024-12-31"
KNOWN: list[tuple[str | None, str | None]] = [("a1", "active"), ("a2", "active"), ("closed", "closed")]

Listed = tuple[str | None, str | None]


def customer_accounts(
    spark: SparkSession, *used: tuple[str, str | None], listed: list[Listed] | None = None
) -> DataFrame:
    events = [(*use, AS_OF) for use in used]
    return of_one_date(on_dates(spark, events, KNOWN if listed is None else listed, AS_OF), AS_OF)


def on_dates(
    spark: SparkSession, events: list[tuple[str, str | None, str]], listed: list[Listed], *days: str
) -> DataFrame:
    inputs = {
        "window_events": table(spark, WINDOW_EVENTS, events),
        "dim_accounts": table(spark, DIM_ACCOUNTS, listed),
        "snapshot_dates": snapshot_dates(spark, *days, window_months=6),
    }
    return run_step(spark, "activity", "customer_accounts", inputs)


def accounts_of_ann(spark: SparkSession, *listed: Listed) -> DataFrame:
    """Ann uses every account that is listed."""
    used = [("Ann", account) for account, _ in dict.fromkeys(listed)]
    return customer_accounts(spark, *used, listed=list(listed))


def test_an_account_is_one_row_however_many_events_use_it(spark: SparkSession) -> None:
    result = customer_accounts(spark, ("Ann", "a1"), ("Ann", "a1"), ("Ann", "a1"), ("Ann", "a2"))

    assert_rows(result, CUSTOMER_ACCOUNTS, ("Ann", "a1", ACTIVE), ("Ann", "a2", ACTIVE))


def test_an_account_that_is_not_active_is_known_all_the_same(spark: SparkSession) -> None:
    result = customer_accounts(spark, ("Ann", "a1"), ("Ann", "closed"), ("Bob", "closed"))

    assert_rows(
        result,
        CUSTOMER_ACCOUNTS,
        ("Ann", "a1", ACTIVE),
        ("Ann", "closed", INACTIVE),
        ("Bob", "closed", INACTIVE),
    )


def test_an_account_that_is_not_listed_is_unknown(spark: SparkSession) -> None:
    result = customer_accounts(
        spark,
        ("Ann", "a1"),
        ("Ann", "new"),
        ("Ann", "new"),
        ("Ann", "A1"),
        ("Ann", "a1 "),
        ("Bob", "new"),
    )

    assert_rows(
        result,
        CUSTOMER_ACCOUNTS,
        ("Ann", "a1", ACTIVE),
        ("Ann", "new", UNKNOWN),
        ("Ann", "A1", UNKNOWN),
        ("Ann", "a1 ", UNKNOWN),
        ("Bob", "new", UNKNOWN),
    )


def test_where_none_is_listed_every_account_is_unknown(spark: SparkSession) -> None:
    result = customer_accounts(spark, ("Ann", "a1"), ("Bob", "a2"), listed=[])

    assert_rows(result, CUSTOMER_ACCOUNTS, ("Ann", "a1", UNKNOWN), ("Bob", "a2", UNKNOWN))


def test_an_account_that_nobody_used_counts_for_nothing(spark: SparkSession) -> None:
    result = customer_accounts(spark, ("Ann", "a1"), listed=[("a1", "active"), ("a2", "active")])

    assert_rows(result, CUSTOMER_ACCOUNTS, ("Ann", "a1", ACTIVE))


def test_an_event_without_an_account_counts_for_nothing(spark: SparkSession) -> None:
    result = customer_accounts(
        spark,
        ("Ann", "a1"),
        *(("Ann", blank) for blank in BLANKS),
        *(("Bob", blank) for blank in BLANKS),
        listed=[("a1", "active"), *((blank, "active") for blank in BLANKS)],
    )

    assert_rows(result, CUSTOMER_ACCOUNTS, ("Ann", "a1", ACTIVE))


def test_an_account_of_two_customers_counts_for_each(spark: SparkSession) -> None:
    result = customer_accounts(spark, ("Ann", "a1"), ("Bob", "a1"), ("Bob", "a2"))

    assert_rows(
        result, CUSTOMER_ACCOUNTS, ("Ann", "a1", ACTIVE), ("Bob", "a1", ACTIVE), ("Bob", "a2", ACTIVE)
    )


def test_an_account_listed_twice_is_one_account(spark: SparkSession) -> None:
    result = customer_accounts(
        spark,
        ("Ann", "a1"),
        ("Ann", "a1"),
        ("Ann", "a2"),
        listed=[("a1", "active"), ("a1", "active"), ("a2", "closed"), ("a2", "closed")],
    )

    assert_rows(result, CUSTOMER_ACCOUNTS, ("Ann", "a1", ACTIVE), ("Ann", "a2", INACTIVE))


def test_an_account_listed_as_active_and_otherwise_is_conflicting(spark: SparkSession) -> None:
    result = accounts_of_ann(
        spark,
        ("a1", "closed"),
        ("a1", "active"),
        ("a2", "active"),
        ("a2", "closed"),
        ("a2", "active"),
        ("a3", "closed"),
        ("a3", "suspended"),
    )

    assert_rows(
        result,
        CUSTOMER_ACCOUNTS,
        ("Ann", "a1", CONFLICTING),
        ("Ann", "a2", CONFLICTING),
        ("Ann", "a3", INACTIVE),
    )


def test_status_compares_without_case_and_what_does_not_show_around_it(spark: SparkSession) -> None:
    result = accounts_of_ann(
        spark,
        ("upper", "ACTIVE"),
        ("padded", "  Active "),
        ("other", "inactive"),
        ("inner space", "act ive"),
        ("tab", "\tactive"),
        ("unseen", "\u00a0active\u200b\r"),
        ("twice", "active"),
        ("twice", " ACTIVE"),
    )

    assert_rows(
        result,
        CUSTOMER_ACCOUNTS,
        ("Ann", "upper", ACTIVE),
        ("Ann", "padded", ACTIVE),
        ("Ann", "other", INACTIVE),
        ("Ann", "inner space", INACTIVE),
        ("Ann", "tab", ACTIVE),
        ("Ann", "unseen", ACTIVE),
        ("Ann", "twice", ACTIVE),
    )


def test_an_account_without_a_status_is_known_but_not_active(spark: SparkSession) -> None:
    result = accounts_of_ann(spark, ("a1", None), ("a2", ""), ("a3", None), ("a3", "active"))

    assert_rows(
        result,
        CUSTOMER_ACCOUNTS,
        ("Ann", "a1", INACTIVE),
        ("Ann", "a2", INACTIVE),
        ("Ann", "a3", CONFLICTING),
    )


def test_each_date_counts_the_accounts_used_in_its_window(spark: SparkSession) -> None:
    events: list[tuple[str, str | None, str]] = [
        ("Ann", "a1", "2023-12-30"),
        ("Ann", "a1", "2024-07-01"),
        ("Ann", "a2", "2023-12-31"),
        ("Ann", "a2", "2024-12-31"),
        ("Ann", "new", "2024-06-30"),
        ("Bob", "a1", "2025-01-01"),
    ]

    result = on_dates(spark, events, KNOWN, "2024-06-30", "2024-09-30", "2024-12-31")

    assert_rows(
        result,
        f"as_of DATE, {CUSTOMER_ACCOUNTS}",
        ("2024-06-30", "Ann", "a2", ACTIVE),
        ("2024-06-30", "Ann", "new", UNKNOWN),
        ("2024-09-30", "Ann", "a1", ACTIVE),
        ("2024-09-30", "Ann", "new", UNKNOWN),
        ("2024-12-31", "Ann", "a1", ACTIVE),
        ("2024-12-31", "Ann", "a2", ACTIVE),
    )
