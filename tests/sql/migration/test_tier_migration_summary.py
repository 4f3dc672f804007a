from datetime import date

from pyspark.sql import DataFrame, SparkSession

from jobs.core.pipeline.engine import Engine
from tests.sql.steps import assert_rows, table

MOVEMENTS = (
    "customer_key STRING, movement STRING, from_tier STRING, to_tier STRING, "
    "revenue_before DECIMAL(18,2), revenue_after DECIMAL(18,2), revenue_impact DECIMAL(19,2), "
    "arr_before DECIMAL(18,2), arr_after DECIMAL(18,2), arr_impact DECIMAL(19,2), "
    "health_before DECIMAL(18,6), health_after DECIMAL(18,6)"
)
SUMMARY = (
    "previous_as_of DATE, movement STRING, from_tier STRING, to_tier STRING, customers BIGINT, "
    "revenue_before DECIMAL(28,2), revenue_after DECIMAL(28,2), revenue_impact DECIMAL(28,2), "
    "arr_before DECIMAL(28,2), arr_after DECIMAL(28,2), arr_impact DECIMAL(28,2), "
    "mean_health_before DECIMAL(38,6), mean_health_after DECIMAL(38,6)"
)
NO_ARR = (None, None, None)
NO_HEALTH = (None, None)
UNKNOWN = (*NO_ARR, *NO_HEALTH)

Moved = tuple[str | None, ...]


def tier_migration_summary(spark: SparkSession, *movements: Moved) -> DataFrame:
    moved = table(spark, MOVEMENTS, movements)
    with Engine(spark, movements=moved, retains_arr=False, previous_as_of=date(2024, 9, 30)) as engine:
        return engine.table("tier_migration_summary")


def test_customers_of_one_move_are_counted_and_added_up_and_so_are_all(spark: SparkSession) -> None:
    result = tier_migration_summary(
        spark,
        ("c1", "upgraded", "B", "A", "10.00", "30.00", "20.00", *UNKNOWN),
        ("c2", "upgraded", "B", "A", "0.01", "-5.00", "-5.01", *UNKNOWN),
        ("c3", "upgraded", "C", "A", "1.00", "2.00", "1.00", *UNKNOWN),
        ("c4", "upgraded", "C", "B", "1.00", "4.00", "3.00", *UNKNOWN),
    )

    assert_rows(
        result,
        SUMMARY,
        ("2024-09-30", "upgraded", "B", "A", 2, "10.01", "25.00", "14.99", *UNKNOWN),
        ("2024-09-30", "upgraded", "C", "A", 1, "1.00", "2.00", "1.00", *UNKNOWN),
        ("2024-09-30", "upgraded", "C", "B", 1, "1.00", "4.00", "3.00", *UNKNOWN),
        ("2024-09-30", "total", None, None, 4, "12.01", "31.00", "18.99", *UNKNOWN),
    )


def test_new_returned_and_churned_are_moves_from_or_to_no_tier(spark: SparkSession) -> None:
    result = tier_migration_summary(
        spark,
        ("c1", "new", None, "A", "0.00", "5.00", "5.00", *UNKNOWN),
        ("c2", "new", None, "A", "0.00", "6.00", "6.00", *UNKNOWN),
        ("c3", "returned", None, "A", "0.00", "7.00", "7.00", *UNKNOWN),
        ("c4", "churned", "A", None, "8.00", "0.00", "-8.00", *UNKNOWN),
    )

    assert_rows(
        result,
        SUMMARY,
        ("2024-09-30", "new", None, "A", 2, "0.00", "11.00", "11.00", *UNKNOWN),
        ("2024-09-30", "returned", None, "A", 1, "0.00", "7.00", "7.00", *UNKNOWN),
        ("2024-09-30", "churned", "A", None, 1, "8.00", "0.00", "-8.00", *UNKNOWN),
        ("2024-09-30", "total", None, None, 4, "8.00", "18.00", "10.00", *UNKNOWN),
    )


def test_the_unchanged_are_counted_too(spark: SparkSession) -> None:
    result = tier_migration_summary(
        spark,
        ("c1", "unchanged", "A", "A", "10.00", "10.00", "0.00", *UNKNOWN),
        ("c2", "unchanged", "A", "A", "10.00", "12.00", "2.00", *UNKNOWN),
        ("c3", "unchanged", "D", "D", "0.00", "0.00", "0.00", *UNKNOWN),
    )

    assert_rows(
        result,
        SUMMARY,
        ("2024-09-30", "unchanged", "A", "A", 2, "20.00", "22.00", "2.00", *UNKNOWN),
        ("2024-09-30", "unchanged", "D", "D", 1, "0.00", "0.00", "0.00", *UNKNOWN),
        ("2024-09-30", "total", None, None, 3, "20.00", "22.00", "2.00", *UNKNOWN),
    )


def test_arr_is_added_up_like_revenue(spark: SparkSession) -> None:
    nothing = ("0.00", "0.00", "0.00")

    result = tier_migration_summary(
        spark,
        ("c1", "upgraded", "B", "A", *nothing, "10.00", "30.00", "20.00", *NO_HEALTH),
        ("c2", "upgraded", "B", "A", *nothing, "0.01", "0.00", "-0.01", *NO_HEALTH),
        ("c3", "churned", "A", None, *nothing, "5.00", "0.00", "-5.00", *NO_HEALTH),
    )

    assert_rows(
        result,
        SUMMARY,
        ("2024-09-30", "upgraded", "B", "A", 2, *nothing, "10.01", "30.00", "19.99", *NO_HEALTH),
        ("2024-09-30", "churned", "A", None, 1, *nothing, "5.00", "0.00", "-5.00", *NO_HEALTH),
        ("2024-09-30", "total", None, None, 3, *nothing, "15.01", "30.00", "14.99", *NO_HEALTH),
    )


def test_mean_health_is_of_those_whose_health_is_known_and_rounds_half_up(spark: SparkSession) -> None:
    nothing = ("0.00", "0.00", "0.00", *NO_ARR)

    result = tier_migration_summary(
        spark,
        ("c1", "unchanged", "A", "A", *nothing, "0.000001", "10"),
        ("c2", "unchanged", "A", "A", *nothing, "0.000002", "20"),
        ("c3", "unchanged", "A", "A", *nothing, None, "20"),
        ("c4", "new", None, "A", *nothing, None, None),
    )

    assert_rows(
        result,
        SUMMARY,
        ("2024-09-30", "unchanged", "A", "A", 3, *nothing, "0.000002", "16.666667"),
        ("2024-09-30", "new", None, "A", 1, *nothing, None, None),
        ("2024-09-30", "total", None, None, 4, *nothing, "0.000002", "16.666667"),
    )


def test_sums_may_be_larger_than_any_customers_revenue(spark: SparkSession) -> None:
    most, twice = "9999999999999999.99", "19999999999999999.98"

    result = tier_migration_summary(
        spark,
        ("c1", "unchanged", "A", "A", f"-{most}", most, twice, most, f"-{most}", f"-{twice}", *NO_HEALTH),
        ("c2", "unchanged", "A", "A", f"-{most}", most, twice, most, f"-{most}", f"-{twice}", *NO_HEALTH),
    )

    four_times = "39999999999999999.96"
    sums = (2, f"-{twice}", twice, four_times, twice, f"-{twice}", f"-{four_times}", *NO_HEALTH)
    assert_rows(
        result,
        SUMMARY,
        ("2024-09-30", "unchanged", "A", "A", *sums),
        ("2024-09-30", "total", None, None, *sums),
    )


def test_without_movements_there_is_no_summary(spark: SparkSession) -> None:
    assert_rows(tier_migration_summary(spark), SUMMARY)
