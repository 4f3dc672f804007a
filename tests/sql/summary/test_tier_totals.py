from pyspark.sql import DataFrame, SparkSession

from tests.sql.steps import assert_rows, run_step, table

SNAPSHOT = (
    "customer_key STRING, tier STRING, total_revenue DECIMAL(18,2), total_gross_margin DECIMAL(18,2), "
    "arr DECIMAL(18,2), health_score DECIMAL(18,6)"
)
TOTALS = (
    "tier STRING, customers BIGINT, total_revenue DECIMAL(28,2), total_gross_margin DECIMAL(28,2), "
    "arr DECIMAL(28,2), mean_health_micros DECIMAL(38,0)"
)
UNKNOWN = (None, None)  # ARR and health


def tier_totals(spark: SparkSession, *customers: tuple[str | None, ...]) -> DataFrame:
    return run_step(spark, "summary", "tier_totals", {"current_snapshot": table(spark, SNAPSHOT, customers)})


def test_each_tier_with_customers_has_a_row_and_all_have_one(spark: SparkSession) -> None:
    result = tier_totals(
        spark,
        ("c1", "A", "100.00", "40.00", *UNKNOWN),
        ("c2", "A", "0.01", "0.00", *UNKNOWN),
        ("c3", "D", "5.00", "1.00", *UNKNOWN),
    )

    assert_rows(
        result,
        TOTALS,
        ("A", 2, "100.01", "40.00", *UNKNOWN),
        ("D", 1, "5.00", "1.00", *UNKNOWN),
        ("total", 3, "105.01", "41.00", *UNKNOWN),
    )


def test_refunds_and_losses_lower_the_sums(spark: SparkSession) -> None:
    result = tier_totals(
        spark,
        ("c1", "A", "100.00", "40.00", *UNKNOWN),
        ("c2", "A", "-30.00", "-50.00", *UNKNOWN),
        ("c3", "B", "-100.00", "-0.01", *UNKNOWN),
    )

    assert_rows(
        result,
        TOTALS,
        ("A", 2, "70.00", "-10.00", *UNKNOWN),
        ("B", 1, "-100.00", "-0.01", *UNKNOWN),
        ("total", 3, "-30.00", "-10.01", *UNKNOWN),
    )


def test_arr_is_added_up_where_it_is_known(spark: SparkSession) -> None:
    money = ("1.00", "1.00")

    result = tier_totals(
        spark,
        ("c1", "A", *money, "10.01", None),
        ("c2", "A", *money, None, None),
        ("c3", "A", *money, "9999999999999999.99", None),
        ("c4", "B", *money, None, None),
    )

    assert_rows(
        result,
        TOTALS,
        ("A", 3, "3.00", "3.00", "10000000000000010.00", None),
        ("B", 1, "1.00", "1.00", None, None),
        ("total", 4, "4.00", "4.00", "10000000000000010.00", None),
    )


def test_mean_health_is_of_those_whose_health_is_known_and_rounds_half_up(spark: SparkSession) -> None:
    known = ("1.00", "1.00", None)

    result = tier_totals(
        spark,
        ("c1", "A", *known, "0.000001"),
        ("c2", "A", *known, "0.000002"),
        ("c3", "A", *known, None),
        ("c4", "B", *known, "100"),
        ("c5", "C", *known, None),
    )

    assert_rows(
        result,
        TOTALS,
        ("A", 3, "3.00", "3.00", None, "2"),
        ("B", 1, "1.00", "1.00", None, "100000000"),
        ("C", 1, "1.00", "1.00", None, None),
        ("total", 5, "5.00", "5.00", None, "33333334"),  # 33.333334333...
    )


def test_nobody_scored_makes_no_totals(spark: SparkSession) -> None:
    assert_rows(tier_totals(spark), TOTALS)
