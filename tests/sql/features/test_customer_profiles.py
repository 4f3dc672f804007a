from pyspark.sql import DataFrame, SparkSession

from tests.sql.dates import of_one_date, snapshot_dates
from tests.sql.steps import assert_rows, run_step, table

PROFILES = "customer_key STRING, customer_name STRING, arr DECIMAL(18,2), nps DECIMAL(18,6), valid_from DATE"
KNOWN = "customer_key STRING, customer_name STRING, arr DECIMAL(18,2), nps DECIMAL(18,6), known_since DATE"

AS_OF = "2024-12-31"

Profile = tuple[str | None, ...]


def customer_profiles(spark: SparkSession, *profiles: Profile) -> DataFrame:
    return of_one_date(on_dates(spark, profiles, AS_OF), AS_OF)


def on_dates(spark: SparkSession, profiles: tuple[Profile, ...], *days: str) -> DataFrame:
    inputs = {
        "dim_customers": table(spark, PROFILES, profiles),
        "snapshot_dates": snapshot_dates(spark, *days),
    }
    return run_step(spark, "features", "customer_profiles", inputs)


def test_the_latest_profile_known_on_the_date_counts(spark: SparkSession) -> None:
    result = customer_profiles(
        spark,
        ("c1", "Ann", "1.00", "10", "2024-01-01"),
        ("c1", "Anna", "2.00", None, "2024-12-31"),
        ("c1", "Later", "3.00", "30", "2025-01-01"),
        ("c2", "Bob", None, None, "1969-12-31"),
        ("c2", "Abe", "5.00", "50", "1969-12-30"),
    )

    assert_rows(
        result,
        KNOWN,
        ("c1", "Anna", "2.00", None, "2024-01-01"),
        ("c2", "Bob", None, None, "1969-12-30"),
    )


def test_a_profile_known_only_later_is_none(spark: SparkSession) -> None:
    assert_rows(customer_profiles(spark, ("c1", "Ann", "1.00", "10", "2025-01-01")), KNOWN)


def test_a_profile_without_a_date_was_known_always_and_gives_way_to_dated_ones(spark: SparkSession) -> None:
    result = customer_profiles(
        spark,
        ("c1", "Ann", "1.00", "10", None),
        ("c2", "Always", "1.00", "10", None),
        ("c2", "Dated", "2.00", "20", "2024-06-30"),
        ("c3", "Always", "1.00", "10", None),
        ("c3", "Later", "2.00", "20", "2025-01-01"),
    )

    assert_rows(
        result,
        KNOWN,
        ("c1", "Ann", "1.00", "10", None),
        ("c2", "Dated", "2.00", "20", "2024-06-30"),
        ("c3", "Always", "1.00", "10", None),
    )


def test_of_several_profiles_of_a_date_the_first_in_binary_order_counts(spark: SparkSession) -> None:
    day = "2024-06-30"

    result = customer_profiles(
        spark,
        ("c1", "ann", "1.00", "10", day),
        ("c1", "Zoe", "9.00", "90", day),
        ("c2", "Bob", None, "10", day),
        ("c2", "Bob", "2.00", "20", day),
        ("c3", "same", "1.00", "10", day),
        ("c3", "same", "1.00", "10", day),
        ("c4", None, "1.00", "10", None),
        ("c4", "Dan", "2.00", "20", None),
    )

    assert_rows(
        result,
        KNOWN,
        ("c1", "Zoe", "9.00", "90", day),
        ("c2", "Bob", "2.00", "20", day),
        ("c3", "same", "1.00", "10", day),
        ("c4", "Dan", "2.00", "20", None),
    )


def test_keys_compare_as_they_are(spark: SparkSession) -> None:
    result = customer_profiles(
        spark, ("c1", "Ann", "1.00", "10", "2024-01-01"), ("C1", "Ann", "2.00", "20", "2024-02-01")
    )

    assert_rows(
        result,
        KNOWN,
        ("c1", "Ann", "1.00", "10", "2024-01-01"),
        ("C1", "Ann", "2.00", "20", "2024-02-01"),
    )


def test_each_date_sees_the_profiles_known_on_it(spark: SparkSession) -> None:
    profiles = (
        ("c1", "Ann", "1.00", "10", "2024-06-30"),
        ("c1", "Anna", "2.00", "20", "2024-07-01"),
        ("c2", "Bob", "3.00", "30", None),
        ("c3", "Cid", "4.00", "40", "2024-07-01"),
    )

    result = on_dates(spark, profiles, "2024-06-30", AS_OF)

    assert_rows(
        result,
        f"as_of DATE, {KNOWN}",
        ("2024-06-30", "c1", "Ann", "1.00", "10", "2024-06-30"),
        ("2024-06-30", "c2", "Bob", "3.00", "30", None),
        (AS_OF, "c1", "Anna", "2.00", "20", "2024-06-30"),
        (AS_OF, "c2", "Bob", "3.00", "30", None),
        (AS_OF, "c3", "Cid", "4.00", "40", "2024-07-01"),
    )
