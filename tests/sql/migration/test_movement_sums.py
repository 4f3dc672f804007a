import pytest
from pyspark.sql import SparkSession

from jobs.core.config.model import load_model
from jobs.core.pipeline.migration import retains_arr
from tests.sql.migration.test_tier_migration_summary import MOVEMENTS
from tests.sql.steps import assert_rows, run_step, table

SUMS = (
    "movement STRING, from_tier STRING, to_tier STRING, customers BIGINT, revenue_before DECIMAL(28,2), "
    "revenue_after DECIMAL(28,2), revenue_impact DECIMAL(29,2), arr_before DECIMAL(28,2), "
    "arr_after DECIMAL(28,2), arr_impact DECIMAL(29,2), health_before DECIMAL(28,6), "
    "health_before_known BIGINT, health_after DECIMAL(28,6), health_after_known BIGINT, "
    "retention_customers BIGINT, retention_base DECIMAL(28,2), retention_after DECIMAL(28,2), "
    "retention_kept DECIMAL(28,2)"
)


@pytest.mark.parametrize("retains_arr", [True, False])
def test_each_move_is_added_up_with_what_its_retention_is_made_of(
    spark: SparkSession, retains_arr: bool
) -> None:
    no_arr = ("0.00", "0.00", "0.00")
    movements = [
        ("c1", "upgraded", "B", "A", "10.00", "30.00", "20.00", "1.00", "2.00", "1.00", "50", "60"),
        ("c2", "upgraded", "B", "A", "8.00", "5.00", "-3.00", "4.00", "0.00", "-4.00", None, "40.5"),
        ("c3", "upgraded", "B", "A", "-2.00", "7.00", "9.00", *no_arr, "0.000001", None),
        ("c4", "new", None, "A", "0.00", "5.00", "5.00", *no_arr, None, None),
        ("c5", "churned", "B", None, "6.00", "0.00", "-6.00", *no_arr, None, None),
    ]
    inputs = {"movements": table(spark, MOVEMENTS, movements)}

    result = run_step(spark, "migration", "movement_sums", inputs, retains_arr=retains_arr)

    upgraded = ("16.00", "42.00", "26.00", "5.00", "2.00", "-3.00", "50.000001", 2, "100.5", 2)
    unknown = (*no_arr, None, 0, None, 0)
    retained = ((2, "5.00", "2.00", "1.00"), (0, "0.00", "0.00", "0.00"))
    if not retains_arr:
        retained = ((2, "18.00", "35.00", "15.00"), (1, "6.00", "0.00", "0.00"))
    assert_rows(
        result,
        SUMS,
        ("upgraded", "B", "A", 3, *upgraded, *retained[0]),
        ("new", None, "A", 1, "0.00", "5.00", "5.00", *unknown, 0, "0.00", "0.00", "0.00"),
        ("churned", "B", None, 1, "6.00", "0.00", "-6.00", *unknown, *retained[1]),
    )


@pytest.mark.parametrize(
    ("model", "compares_arr", "expected"),
    [
        ("value_potential_strategic", True, True),
        ("value_potential_strategic", False, False),
        # Its customers may have ARR by their profiles, and it doesn't go by it.
        ("profitability_adherence", True, False),
    ],
)
def test_what_is_retained_is_what_the_model_goes_by(model: str, compares_arr: bool, expected: bool) -> None:
    assert retains_arr(compares_arr, load_model(model)) is expected
