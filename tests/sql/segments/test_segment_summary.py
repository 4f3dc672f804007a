from pyspark.sql import DataFrame, SparkSession

from tests.sql.steps import assert_rows, run_step, table

SCORED = (
    "customer_key STRING, tier STRING, value_segment STRING, behavior_segment STRING, health_state STRING, "
    "total_revenue DECIMAL(18,2), arr DECIMAL(18,2), health_score DECIMAL(18,6)"
)
KNOWN = (
    "axis STRING, segment STRING, expected_customers_from DECIMAL(9,6), expected_customers_to DECIMAL(9,6), "
    "expected_arr_from DECIMAL(9,6), expected_arr_to DECIMAL(9,6)"
)
SUMMARY = (
    "axis STRING, segment STRING, customers BIGINT, customer_share DECIMAL(38,6), "
    "expected_customers_from DECIMAL(9,6), expected_customers_to DECIMAL(9,6), "
    "total_revenue DECIMAL(28,2), arr DECIMAL(28,2), arr_share DECIMAL(38,6), "
    "expected_arr_from DECIMAL(9,6), expected_arr_to DECIMAL(9,6), mean_health DECIMAL(38,6)"
)
NO_SHARES = (None, None, None, None)
# Two axes have a segment of the same name.
SEGMENTS = [
    ("tier", "A", *NO_SHARES),
    ("tier", "B", *NO_SHARES),
    ("value_segment", "Top", "0.05", "0.1", "0.4", "0.5"),
    ("value_segment", "SMB", *NO_SHARES),
    ("behavior_segment", "At-Risk", *NO_SHARES),
    ("health_state", "At-Risk", *NO_SHARES),
    ("health_state", "Healthy", *NO_SHARES),
    ("total", None, *NO_SHARES),
]

Scored = tuple[str | None, ...]
Held = tuple[int, str | None, str, str, str | None, str | None]


def segment_summary(spark: SparkSession, *scored: Scored) -> DataFrame:
    inputs = {
        "scored_segments": table(spark, SCORED, scored),
        "known_segments": table(spark, KNOWN, SEGMENTS),
    }
    return run_step(spark, "segments", "segment_summary", inputs)


def expected(**held: Held) -> list[tuple[int | str | None, ...]]:
    """A row for each known segment: customers, their share, revenue, ARR, its share and the mean health."""
    nobody: Held = (0, "0", "0.00", "0.00", "0", None)
    rows = []
    for axis, segment, *shares in SEGMENTS:
        customers, share, revenue, arr, arr_share, health = held.get(
            f"{axis}_{segment}".replace("-", "_"), nobody
        )
        rows.append(
            (axis, segment, customers, share, *shares[:2], revenue, arr, arr_share, *shares[2:], health)
        )
    return rows


def test_each_segment_of_each_axis_is_added_up_beside_what_was_expected(spark: SparkSession) -> None:
    result = segment_summary(
        spark,
        ("c1", "A", "Top", "At-Risk", "At-Risk", "100.00", "3000.00", "30"),
        ("c2", "B", "SMB", "At-Risk", "Healthy", "50.00", "1000.00", "80"),
        ("c3", "B", "SMB", "At-Risk", "Healthy", "-10.01", None, None),
    )

    one = (1, "0.333333", "100.00", "3000.00", "0.75", "30")
    two = (2, "0.666667", "39.99", "1000.00", "0.25", "80")
    three = (3, "1", "139.99", "4000.00", "1", "55")
    assert_rows(
        result,
        SUMMARY,
        *expected(
            tier_A=one,
            tier_B=two,
            value_segment_Top=one,
            value_segment_SMB=two,
            behavior_segment_At_Risk=three,
            health_state_At_Risk=one,
            health_state_Healthy=two,
            total_None=three,
        ),
    )


def test_a_customer_without_a_health_state_counts_in_the_total_and_the_other_axes(
    spark: SparkSession,
) -> None:
    result = segment_summary(spark, ("c1", "A", "Top", "At-Risk", None, "100.00", "10.00", None))

    one = (1, "1", "100.00", "10.00", "1", None)
    assert_rows(
        result,
        SUMMARY,
        *expected(tier_A=one, value_segment_Top=one, behavior_segment_At_Risk=one, total_None=one),
    )


def test_mean_health_and_shares_round_half_up(spark: SparkSession) -> None:
    result = segment_summary(
        spark,
        ("c1", "A", "Top", "At-Risk", "At-Risk", "0.00", "0.01", "0.000001"),
        ("c2", "A", "SMB", "At-Risk", "At-Risk", "0.00", "19999.99", "0.000002"),
    )

    both = (2, "1", "0.00", "20000.00", "1", "0.000002")
    assert_rows(
        result,
        SUMMARY,
        *expected(
            tier_A=both,
            value_segment_Top=(1, "0.5", "0.00", "0.01", "0.000001", "0.000001"),
            value_segment_SMB=(1, "0.5", "0.00", "19999.99", "1.000000", "0.000002"),
            behavior_segment_At_Risk=both,
            health_state_At_Risk=both,
            total_None=both,
        ),
    )


def test_nobody_scored_makes_zeros_without_shares(spark: SparkSession) -> None:
    nobody = (0, None, "0.00", "0.00", None, None)
    names = [f"{axis}_{segment}".replace("-", "_") for axis, segment, *_ in SEGMENTS]

    assert_rows(segment_summary(spark), SUMMARY, *expected(**dict.fromkeys(names, nobody)))
