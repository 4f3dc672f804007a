from datetime import date

from pyspark.sql import DataFrame, SparkSession

from tests.sql.steps import assert_rows, run_step, table

MOVEMENTS = (
    "customer_key STRING, movement STRING, from_tier STRING, to_tier STRING, "
    "revenue_before DECIMAL(18,2), revenue_after DECIMAL(18,2), revenue_impact DECIMAL(19,2)"
)
SUMMARY = (
    "previous_as_of DATE, movement STRING, from_tier STRING, to_tier STRING, customers BIGINT, "
    "revenue_before DECIMAL(28,2), revenue_after DECIMAL(28,2), revenue_impact DECIMAL(28,2)"
)

Moved = tuple[str, str, str | None, str | None, str, str, str]


def tier_migration_summary(spark: SparkSession, *movements: Moved) -> DataFrame:
    return run_step(
        spark,
        "migration",
        "tier_migration_summary",
        {"movements": table(spark, MOVEMENTS, movements)},
        previous_as_of=date(2024, 9, 30),
    )


def test_customers_of_one_move_are_counted_and_added_up(spark: SparkSession) -> None:
    result = tier_migration_summary(
        spark,
        ("c1", "upgraded", "B", "A", "10.00", "30.00", "20.00"),
        ("c2", "upgraded", "B", "A", "0.01", "-5.00", "-5.01"),
        ("c3", "upgraded", "C", "A", "1.00", "2.00", "1.00"),
        ("c4", "upgraded", "C", "B", "1.00", "4.00", "3.00"),
    )

    assert_rows(
        result,
        SUMMARY,
        ("2024-09-30", "upgraded", "B", "A", 2, "10.01", "25.00", "14.99"),
        ("2024-09-30", "upgraded", "C", "A", 1, "1.00", "2.00", "1.00"),
        ("2024-09-30", "upgraded", "C", "B", 1, "1.00", "4.00", "3.00"),
    )


def test_new_returned_and_churned_are_moves_from_or_to_no_tier(spark: SparkSession) -> None:
    result = tier_migration_summary(
        spark,
        ("c1", "new", None, "A", "0.00", "5.00", "5.00"),
        ("c2", "new", None, "A", "0.00", "6.00", "6.00"),
        ("c3", "returned", None, "A", "0.00", "7.00", "7.00"),
        ("c4", "churned", "A", None, "8.00", "0.00", "-8.00"),
    )

    assert_rows(
        result,
        SUMMARY,
        ("2024-09-30", "new", None, "A", 2, "0.00", "11.00", "11.00"),
        ("2024-09-30", "returned", None, "A", 1, "0.00", "7.00", "7.00"),
        ("2024-09-30", "churned", "A", None, 1, "8.00", "0.00", "-8.00"),
    )


def test_the_unchanged_are_counted_too(spark: SparkSession) -> None:
    result = tier_migration_summary(
        spark,
        ("c1", "unchanged", "A", "A", "10.00", "10.00", "0.00"),
        ("c2", "unchanged", "A", "A", "10.00", "12.00", "2.00"),
        ("c3", "unchanged", "D", "D", "0.00", "0.00", "0.00"),
    )

    assert_rows(
        result,
        SUMMARY,
        ("2024-09-30", "unchanged", "A", "A", 2, "20.00", "22.00", "2.00"),
        ("2024-09-30", "unchanged", "D", "D", 1, "0.00", "0.00", "0.00"),
    )


def test_sums_may_be_larger_than_any_customers_revenue(spark: SparkSession) -> None:
    most, twice = "9999999999999999.99", "19999999999999999.98"

    result = tier_migration_summary(
        spark,
        ("c1", "unchanged", "A", "A", f"-{most}", most, twice),
        ("c2", "unchanged", "A", "A", f"-{most}", most, twice),
    )

    assert_rows(
        result,
        SUMMARY,
        ("2024-09-30", "unchanged", "A", "A", 2, f"-{twice}", twice, "39999999999999999.96"),
    )


def test_without_movements_there_is_no_summary(spark: SparkSession) -> None:
    assert_rows(tier_migration_summary(spark), SUMMARY)
