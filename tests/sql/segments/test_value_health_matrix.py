from pyspark.sql import DataFrame, SparkSession

from tests.sql.steps import assert_rows, run_step, table

SCORED = "customer_key STRING, quadrant STRING, total_revenue DECIMAL(18,2), arr DECIMAL(18,2)"
QUADRANTS = "quadrant STRING, strategy STRING"
MATRIX = "quadrant STRING, strategy STRING, customers BIGINT, total_revenue DECIMAL(28,2), arr DECIMAL(28,2)"


def value_health_matrix(spark: SparkSession, *scored: tuple[str | None, ...]) -> DataFrame:
    inputs = {
        "scored_segments": table(spark, SCORED, scored),
        "model_quadrants": table(spark, QUADRANTS, [("High", "Grow"), ("Low", "Watch"), (None, None)]),
    }
    return run_step(spark, "segments", "value_health_matrix", inputs)


def test_each_quadrant_holds_its_customers_and_their_money(spark: SparkSession) -> None:
    result = value_health_matrix(
        spark,
        ("c1", "High", "100.00", "1000.00"),
        ("c2", "High", "-0.01", None),
        ("c3", "Low", "5.00", None),
        ("c4", None, "7.00", "70.00"),
        ("c5", None, "8.00", "80.00"),
    )

    assert_rows(
        result,
        MATRIX,
        ("High", "Grow", 2, "99.99", "1000.00"),
        ("Low", "Watch", 1, "5.00", "0.00"),
        (None, None, 2, "15.00", "150.00"),
    )


def test_a_quadrant_without_customers_is_listed_with_zeros(spark: SparkSession) -> None:
    result = value_health_matrix(spark, ("c1", "Low", "5.00", "50.00"))

    assert_rows(
        result,
        MATRIX,
        ("High", "Grow", 0, "0.00", "0.00"),
        ("Low", "Watch", 1, "5.00", "50.00"),
        (None, None, 0, "0.00", "0.00"),
    )
