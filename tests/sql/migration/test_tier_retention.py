from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F  # noqa: N812

from jobs.core.pipeline.engine import Engine
from tests.sql.steps import assert_rows, table

MOVEMENTS = "from_tier STRING, to_tier STRING, revenue_before DECIMAL(18,2), revenue_after DECIMAL(18,2)"
RETENTION = (
    "tier STRING, retention_customers BIGINT, "
    "net_revenue_retention DECIMAL(38,6), gross_revenue_retention DECIMAL(38,6)"
)
# What is added up beside it, of none.
BESIDE = ("revenue_impact", "arr_before", "arr_after", "arr_impact", "health_before", "health_after")

Moved = tuple[str | None, str | None, str, str]


def tier_retention(spark: SparkSession, *movements: Moved) -> DataFrame:
    beside = {name: F.lit(None).cast("decimal(19,2)") for name in BESIDE}
    moved = table(spark, MOVEMENTS, movements).withColumns({"movement": F.lit("moved"), **beside})
    with Engine(spark, movements=moved, retains_arr=False) as engine:
        return engine.table("tier_retention")


def test_growth_counts_in_net_retention_only(spark: SparkSession) -> None:
    result = tier_retention(spark, ("A", "A", "100.00", "160.00"), ("A", "A", "100.00", "50.00"))

    assert_rows(result, RETENTION, ("A", 2, "1.05", "0.75"), ("total", 2, "1.05", "0.75"))


def test_revenue_counts_for_the_previous_tier_and_the_total(spark: SparkSession) -> None:
    result = tier_retention(
        spark, ("A", "B", "100.00", "50.00"), ("B", "A", "300.00", "600.00"), ("B", "B", "100.00", "100.00")
    )

    assert_rows(
        result, RETENTION, ("A", 1, "0.5", "0.5"), ("B", 2, "1.75", "1.0"), ("total", 3, "1.5", "0.9")
    )


def test_those_who_left_count_as_zero(spark: SparkSession) -> None:
    result = tier_retention(
        spark, ("A", None, "100.00", "0.00"), ("A", "A", "300.00", "300.00"), ("B", None, "100.00", "0.00")
    )

    assert_rows(result, RETENTION, ("A", 2, "0.75", "0.75"), ("B", 1, "0", "0"), ("total", 3, "0.6", "0.6"))


def test_new_and_returned_customers_do_not_count(spark: SparkSession) -> None:
    result = tier_retention(
        spark, ("A", "A", "100.00", "80.00"), (None, "A", "0.00", "500.00"), (None, "B", "0.00", "500.00")
    )

    assert_rows(result, RETENTION, ("A", 1, "0.8", "0.8"), ("total", 1, "0.8", "0.8"))


def test_customers_without_positive_revenue_before_do_not_count(spark: SparkSession) -> None:
    result = tier_retention(
        spark,
        ("A", "A", "0.01", "0.01"),
        ("A", "A", "0.00", "500.00"),
        ("A", "A", "-100.00", "500.00"),
        ("B", "B", "-100.00", "-100.00"),
    )

    assert_rows(result, RETENTION, ("A", 1, "1", "1"), ("total", 1, "1", "1"))


def test_negative_revenue_after_lowers_both_rates(spark: SparkSession) -> None:
    result = tier_retention(
        spark, ("A", "A", "100.00", "-20.00"), ("B", "B", "100.00", "-20.00"), ("B", "B", "100.00", "200.00")
    )

    assert_rows(
        result,
        RETENTION,
        ("A", 1, "-0.2", "-0.2"),
        ("B", 2, "0.9", "0.4"),
        ("total", 3, "0.533333", "0.2"),
    )


def test_rates_round_half_up_away_from_zero_to_six_decimals(spark: SparkSession) -> None:
    # 0.01 of 20000.00 is 0.0000005; 0.01 of 20000.01 is just less.
    result = tier_retention(
        spark,
        ("A", "A", "20000.00", "0.01"),
        ("B", "B", "20000.00", "-0.01"),
        ("C", "C", "20000.01", "0.01"),
        ("D", "D", "3.00", "2.00"),
    )

    assert_rows(
        result,
        RETENTION,
        ("A", 1, "0.000001", "0.000001"),
        ("B", 1, "-0.000001", "-0.000001"),
        ("C", 1, "0.000000", "0.000000"),
        ("D", 1, "0.666667", "0.666667"),
        ("total", 4, "0.000033", "0.000033"),
    )


def test_without_a_base_there_is_no_retention(spark: SparkSession) -> None:
    result = tier_retention(spark, (None, "A", "0.00", "500.00"), ("A", "A", "0.00", "500.00"))

    assert_rows(result, RETENTION)
