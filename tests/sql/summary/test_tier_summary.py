from collections.abc import Sequence
from datetime import date
from typing import Any

from pyspark.sql import DataFrame, SparkSession

from tests.sql.steps import assert_rows, run_step, table

MODEL_TIERS = "tier STRING, tier_name STRING, tier_position INT"
TOTALS = (
    "tier STRING, customers BIGINT, total_revenue DECIMAL(28,2), total_gross_margin DECIMAL(28,2), "
    "arr DECIMAL(28,2), mean_health_micros DECIMAL(38,0)"
)
MEAN_SCORES = "tier STRING, mean_value_score DECIMAL(9,6), mean_potential_score DECIMAL(9,6)"
RETENTION = (
    "tier STRING, retention_customers BIGINT, "
    "net_revenue_retention DECIMAL(38,6), gross_revenue_retention DECIMAL(38,6)"
)
SUMMARY = (
    "tier STRING, tier_name STRING, customers BIGINT, customer_share DECIMAL(38,6), "
    "total_revenue DECIMAL(28,2), revenue_share DECIMAL(38,6), total_gross_margin DECIMAL(28,2), "
    "margin_share DECIMAL(38,6), arr DECIMAL(28,2), arr_share DECIMAL(38,6), mean_health DECIMAL(38,6), "
    "mean_value_score DECIMAL(9,6), mean_potential_score DECIMAL(9,6), "
    "previous_as_of DATE, retention_customers BIGINT, "
    "net_revenue_retention DECIMAL(38,6), gross_revenue_retention DECIMAL(38,6)"
)
TIERS = [("A", "Strategic", 0), ("B", "Basic", 1)]
NO_ARR = (None, None)
UNKNOWN = (*NO_ARR, None)  # ARR, its share and the mean health
NO_MEANS = (None, None)
FIRST_SNAPSHOT = (None, None, None, None)
PLAIN = (*UNKNOWN, *NO_MEANS, *FIRST_SNAPSHOT)
NO_BASE = ("2024-09-30", 0, None, None)

Rows = Sequence[tuple[Any, ...]]


def tier_summary(
    spark: SparkSession,
    totals: Rows,
    mean_scores: Rows = (),
    retention: Rows = (),
    previous_as_of: date | None = None,
    *,
    has_arr: bool = False,
) -> DataFrame:
    inputs = {
        "model_tiers": table(spark, MODEL_TIERS, TIERS),
        "tier_totals": table(spark, TOTALS, [(*row, *NO_ARR)[:6] for row in totals]),
        "tier_mean_scores": table(spark, MEAN_SCORES, mean_scores),
        "tier_retention": table(spark, RETENTION, retention),
    }
    return run_step(spark, "summary", "tier_summary", inputs, previous_as_of=previous_as_of, has_arr=has_arr)


def test_each_tier_and_the_total_have_their_share_of_all(spark: SparkSession) -> None:
    result = tier_summary(
        spark,
        totals=[("A", 1, "300.00", "10.00"), ("B", 3, "100.00", "30.00"), ("total", 4, "400.00", "40.00")],
    )

    assert_rows(
        result,
        SUMMARY,
        ("A", "Strategic", 1, "0.25", "300.00", "0.75", "10.00", "0.25", *PLAIN),
        ("B", "Basic", 3, "0.75", "100.00", "0.25", "30.00", "0.75", *PLAIN),
        ("total", "All tiers", 4, "1", "400.00", "1", "40.00", "1", *PLAIN),
    )


def test_shares_round_half_up_away_from_zero_to_six_decimals(spark: SparkSession) -> None:
    # 0.01 of 20000.00 is 0.0000005.
    result = tier_summary(
        spark,
        totals=[
            ("A", 1, "0.01", "-0.01"),
            ("B", 2, "19999.99", "20000.01"),
            ("total", 3, "20000.00", "20000.00"),
        ],
    )

    a = ("0.333333", "0.01", "0.000001", "-0.01", "-0.000001")
    b = ("0.666667", "19999.99", "1.000000", "20000.01", "1.000001")
    assert_rows(
        result,
        SUMMARY,
        ("A", "Strategic", 1, *a, *PLAIN),
        ("B", "Basic", 2, *b, *PLAIN),
        ("total", "All tiers", 3, "1", "20000.00", "1", "20000.00", "1", *PLAIN),
    )


def test_a_tier_without_customers_is_listed_with_zeros_and_no_mean(spark: SparkSession) -> None:
    result = tier_summary(
        spark,
        totals=[("B", 2, "100.00", "30.00"), ("total", 2, "100.00", "30.00")],
        mean_scores=[("B", "12.345678", "99"), ("total", "12.345678", "100")],
    )

    both = (2, "1", "100.00", "1", "30.00", "1", *UNKNOWN)
    assert_rows(
        result,
        SUMMARY,
        ("A", "Strategic", 0, "0", "0.00", "0", "0.00", "0", *PLAIN),
        ("B", "Basic", *both, "12.345678", "99", *FIRST_SNAPSHOT),
        ("total", "All tiers", *both, "12.345678", "100", *FIRST_SNAPSHOT),
    )


def test_nobody_scored_makes_zeros_without_shares(spark: SparkSession) -> None:
    result = tier_summary(spark, totals=[])

    nothing = (0, None, "0.00", None, "0.00", None, *PLAIN)
    assert_rows(
        result,
        SUMMARY,
        ("A", "Strategic", *nothing),
        ("B", "Basic", *nothing),
        ("total", "All tiers", *nothing),
    )


def test_there_is_no_share_of_a_total_of_zero(spark: SparkSession) -> None:
    result = tier_summary(
        spark,
        totals=[("A", 1, "100.00", "5.00"), ("B", 1, "-100.00", "-5.00"), ("total", 2, "0.00", "0.00")],
    )

    assert_rows(
        result,
        SUMMARY,
        ("A", "Strategic", 1, "0.5", "100.00", None, "5.00", None, *PLAIN),
        ("B", "Basic", 1, "0.5", "-100.00", None, "-5.00", None, *PLAIN),
        ("total", "All tiers", 2, "1", "0.00", None, "0.00", None, *PLAIN),
    )


def test_retention_is_that_of_those_who_were_in_the_tier_before(spark: SparkSession) -> None:
    result = tier_summary(
        spark,
        totals=[("B", 2, "100.00", "40.00"), ("total", 2, "100.00", "40.00")],
        retention=[("A", 3, "1.2", "0.9"), ("total", 3, "1.2", "0.9")],
        previous_as_of=date(2024, 9, 30),
    )

    kept = ("2024-09-30", 3, "1.2", "0.9")
    assert_rows(
        result,
        SUMMARY,
        ("A", "Strategic", 0, "0", "0.00", "0", "0.00", "0", *UNKNOWN, *NO_MEANS, *kept),
        ("B", "Basic", 2, "1", "100.00", "1", "40.00", "1", *UNKNOWN, *NO_MEANS, *NO_BASE),
        ("total", "All tiers", 2, "1", "100.00", "1", "40.00", "1", *UNKNOWN, *NO_MEANS, *kept),
    )


def test_a_tier_that_the_model_no_longer_has_counts_in_the_total_only(spark: SparkSession) -> None:
    result = tier_summary(
        spark,
        totals=[("A", 1, "100.00", "40.00"), ("total", 1, "100.00", "40.00")],
        retention=[("A", 1, "1.2", "0.9"), ("Abolished", 2, "0.5", "0.5"), ("total", 3, "0.8", "0.7")],
        previous_as_of=date(2024, 9, 30),
    )

    whole = ("1", "100.00", "1", "40.00", "1", *UNKNOWN, *NO_MEANS)
    assert_rows(
        result,
        SUMMARY,
        ("A", "Strategic", 1, *whole, "2024-09-30", 1, "1.2", "0.9"),
        ("B", "Basic", 0, "0", "0.00", "0", "0.00", "0", *UNKNOWN, *NO_MEANS, *NO_BASE),
        ("total", "All tiers", 1, *whole, "2024-09-30", 3, "0.8", "0.7"),
    )


def test_arr_has_shares_where_customers_have_arr_at_all(spark: SparkSession) -> None:
    totals = [
        ("A", 1, "100.00", "40.00", "20000.00", "61500000"),
        ("B", 1, "100.00", "40.00", None, None),
        ("total", 2, "200.00", "80.00", "20000.00", "61500000"),
    ]
    half = (1, "0.5", "100.00", "0.5", "40.00", "0.5")
    whole = (2, "1", "200.00", "1", "80.00", "1")

    def expected(*a_b_total: tuple[str | None, ...]) -> list[tuple[Any, ...]]:
        a, b, total = ((*each, *NO_MEANS, *FIRST_SNAPSHOT) for each in a_b_total)
        return [
            ("A", "Strategic", *half, *a),
            ("B", "Basic", *half, *b),
            ("total", "All tiers", *whole, *total),
        ]

    result = tier_summary(spark, totals, has_arr=True)

    known = ("20000.00", "1", "61.5")
    assert_rows(result, SUMMARY, *expected(known, ("0.00", "0", None), known))


def test_without_arr_at_all_it_is_unknown_and_not_zero(spark: SparkSession) -> None:
    result = tier_summary(
        spark, [("A", 1, "1.00", "1.00", None, "1"), ("total", 1, "1.00", "1.00", None, "1")]
    )

    whole = (1, "1", "1.00", "1", "1.00", "1", *NO_ARR, "0.000001", *NO_MEANS, *FIRST_SNAPSHOT)
    nobody = (0, "0", "0.00", "0", "0.00", "0", *PLAIN)
    assert_rows(
        result, SUMMARY, ("A", "Strategic", *whole), ("B", "Basic", *nobody), ("total", "All tiers", *whole)
    )
