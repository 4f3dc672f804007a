from pyspark.sql import SparkSession

from tests.sql.steps import assert_rows, run_step, table

ASSESSED = (
    "customer_key STRING, customer_name STRING, total_revenue DECIMAL(18,2), last_event_date DATE, "
    "lifetime_revenue DECIMAL(18,2), exclusion_reason STRING"
)
EXCLUDED = (
    "customer_key STRING, customer_name STRING, reason STRING, last_event_date DATE, "
    "lifetime_revenue DECIMAL(18,2)"
)


def test_customers_with_a_reason_for_exclusion_are_listed_with_it(spark: SparkSession) -> None:
    assessed = [
        ("c1", "Ann", "100.00", "2024-12-01", "900.00", None),
        ("c2", "Bob", "100.00", "2024-12-01", "900.00", "no_active_account"),
        ("c3", None, "0.00", "2021-02-03", "-5.00", "no_event_in_window"),
    ]

    result = run_step(
        spark, "tiers", "excluded_customers", {"assessed_customers": table(spark, ASSESSED, assessed)}
    )

    assert_rows(
        result,
        EXCLUDED,
        ("c2", "Bob", "no_active_account", "2024-12-01", "900.00"),
        ("c3", None, "no_event_in_window", "2021-02-03", "-5.00"),
    )
