from pyspark.sql import SparkSession

from tests.sql.steps import assert_rows, run_step, table

ASSESSED = "customer_key STRING, total_revenue DECIMAL(18,2), exclusion_reason STRING, region STRING"
SCORED = "customer_key STRING, total_revenue DECIMAL(18,2), region STRING"


def test_customers_without_a_reason_for_exclusion_are_scored_with_all_their_measures(
    spark: SparkSession,
) -> None:
    assessed = [
        ("Ann", "100.00", None, "North"),
        ("Bob", "-0.01", None, None),
        ("Cid", "100.00", "no_active_account", "North"),
        ("Dan", "100.00", "", "North"),
    ]

    result = run_step(
        spark, "tiers", "scored_customers", {"assessed_customers": table(spark, ASSESSED, assessed)}
    )

    assert_rows(result, SCORED, ("Ann", "100.00", "North"), ("Bob", "-0.01", None))
