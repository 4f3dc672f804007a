from pyspark.sql import DataFrame, SparkSession

from tests.sql.steps import assert_rows, run_step, table

SNAPSHOT = "customer_key STRING, tier STRING, total_revenue DECIMAL(18,2), total_gross_margin DECIMAL(18,2)"
TOTALS = "tier STRING, customers BIGINT, total_revenue DECIMAL(28,2), total_gross_margin DECIMAL(28,2)"


def tier_totals(spark: SparkSession, *customers: tuple[str, str, str, str]) -> DataFrame:
    return run_step(spark, "summary", "tier_totals", {"current_snapshot": table(spark, SNAPSHOT, customers)})


def test_each_tier_with_customers_has_a_row_and_all_have_one(spark: SparkSession) -> None:
    result = tier_totals(
        spark,
        ("c1", "A", "100.00", "40.00"),
        ("c2", "A", "0.01", "0.00"),
        ("c3", "D", "5.00", "1.00"),
    )

    assert_rows(
        result, TOTALS, ("A", 2, "100.01", "40.00"), ("D", 1, "5.00", "1.00"), ("total", 3, "105.01", "41.00")
    )


def test_refunds_and_losses_lower_the_sums(spark: SparkSession) -> None:
    result = tier_totals(
        spark,
        ("c1", "A", "100.00", "40.00"),
        ("c2", "A", "-30.00", "-50.00"),
        ("c3", "B", "-100.00", "-0.01"),
    )

    assert_rows(
        result,
        TOTALS,
        ("A", 2, "70.00", "-10.00"),
        ("B", 1, "-100.00", "-0.01"),
        ("total", 3, "-30.00", "-10.01"),
    )


def test_nobody_scored_makes_no_totals(spark: SparkSession) -> None:
    assert_rows(tier_totals(spark), TOTALS)
