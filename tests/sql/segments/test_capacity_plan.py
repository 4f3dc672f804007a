from pyspark.sql import DataFrame, SparkSession

from tests.sql.steps import assert_rows, run_step, table

SCORED = "customer_key STRING, value_segment STRING, cs_representative STRING, service_match STRING"
ENGAGEMENT = (
    "value_segment STRING, customers_per_csm_from DECIMAL(9,2), customers_per_csm_to DECIMAL(9,2), "
    "qbrs_per_year DECIMAL(9,2), touches_per_year DECIMAL(9,2)"
)
PLAN = (
    "scope_kind STRING, scope_value STRING, customers BIGINT, csms_at_low_ratio DECIMAL(38,6), "
    "csms_at_high_ratio DECIMAL(38,6), qbrs_per_quarter DECIMAL(28,4), touches_per_quarter DECIMAL(28,4), "
    "over_served BIGINT, under_served BIGINT"
)
DUE = [
    ("Top", "10", "15", "4", "12"),
    ("Mid", "30", "32.5", "0.5", "6"),
    ("Starter", "1000", None, "0", None),
]


def capacity_plan(spark: SparkSession, *scored: tuple[str | None, ...]) -> DataFrame:
    inputs = {
        "scored_segments": table(spark, SCORED, scored),
        "engagement_models": table(spark, ENGAGEMENT, DUE),
    }
    return run_step(spark, "segments", "capacity_plan", inputs)


def test_what_segments_are_due_is_added_up_by_segment_by_representative_and_for_all(
    spark: SparkSession,
) -> None:
    result = capacity_plan(
        spark,
        ("c1", "Top", "Eve", "as due"),
        ("c2", "Top", "Eve", "under-served"),
        ("c3", "Top", "Zoe", "under-served"),
        ("c4", "Mid", "Eve", "over-served"),
        ("c5", "Mid", "Zoe", None),
    )

    assert_rows(
        result,
        PLAN,
        ("value_segment", "Top", 3, "0.3", "0.2", "3", "9", 0, 2),
        ("value_segment", "Mid", 2, "0.066667", "0.061538", "0.25", "3", 1, 0),
        # Of each segment rounded, then added: 0.2 + 0.033333, 0.133333 + 0.030769, and so on.
        ("cs_representative", "Eve", 3, "0.233333", "0.164102", "2.125", "7.5", 1, 1),
        ("cs_representative", "Zoe", 2, "0.133333", "0.097436", "1.125", "4.5", 0, 1),
        ("total", None, 5, "0.366667", "0.261538", "3.25", "12", 1, 2),
    )


def test_no_representative_is_one_like_others(spark: SparkSession) -> None:
    result = capacity_plan(spark, ("c1", "Top", None, None), ("c2", "Top", None, None))

    top = (2, "0.2", "0.133333", "2", "6", 0, 0)
    assert_rows(
        result,
        PLAN,
        ("value_segment", "Top", *top),
        ("cs_representative", None, *top),
        ("total", None, *top),
    )


def test_what_is_not_decided_counts_as_none_beside_what_is(spark: SparkSession) -> None:
    result = capacity_plan(spark, ("c1", "Top", "Eve", "as due"), ("c2", "Starter", "Eve", "as due"))

    both = (2, "0.101", "0.066667", "1", "3", 0, 0)
    assert_rows(
        result,
        PLAN,
        ("value_segment", "Top", 1, "0.1", "0.066667", "1", "3", 0, 0),
        ("value_segment", "Starter", 1, "0.001", None, "0", None, 0, 0),
        ("cs_representative", "Eve", *both),
        ("total", None, *both),
    )


def test_nobody_scored_makes_no_plan(spark: SparkSession) -> None:
    assert_rows(capacity_plan(spark), PLAN)
