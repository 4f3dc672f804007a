from pyspark.sql import DataFrame, SparkSession

from tests.sql.steps import assert_rows, run_step, table

WINDOW_EVENTS = "customer_key STRING, business_unit STRING, revenue_cents BIGINT"
MAIN_BUSINESS_UNITS = "customer_key STRING, main_business_unit STRING"


def customer_business_units(spark: SparkSession, *events: tuple[str, str | None, int]) -> DataFrame:
    return run_step(
        spark, "activity", "customer_business_units", {"window_events": table(spark, WINDOW_EVENTS, events)}
    )


def test_the_main_unit_has_the_most_revenue_over_all_its_events(spark: SparkSession) -> None:
    result = customer_business_units(
        spark,
        ("Ann", "Cloud", 100),
        ("Ann", "Support", 60),
        ("Ann", "Support", 60),
        ("Bob", "Cloud", 1),
    )

    assert_rows(result, MAIN_BUSINESS_UNITS, ("Ann", "Support"), ("Bob", "Cloud"))


def test_of_units_with_equal_revenue_the_smallest_binary_string_wins(spark: SparkSession) -> None:
    result = customer_business_units(
        spark,
        ("Ann", "apples", 100),
        ("Ann", "Zebras", 100),
        ("Ann", "bananas", 100),
        ("Bob", "zebras", 100),
        ("Bob", "\u00e9clair", 100),
        ("Cid", "Core", 100),
        ("Cid", "", 100),
    )

    assert_rows(result, MAIN_BUSINESS_UNITS, ("Ann", "Zebras"), ("Bob", "zebras"), ("Cid", ""))


def test_no_unit_is_a_unit_like_others(spark: SparkSession) -> None:
    result = customer_business_units(
        spark, ("Ann", None, 60), ("Ann", None, 60), ("Ann", "Core", 100), ("Bob", None, -1)
    )

    assert_rows(result, MAIN_BUSINESS_UNITS, ("Ann", None), ("Bob", None))


def test_no_unit_is_the_last_of_units_with_equal_revenue(spark: SparkSession) -> None:
    result = customer_business_units(spark, ("Ann", None, 100), ("Ann", "\uffff", 100))

    assert_rows(result, MAIN_BUSINESS_UNITS, ("Ann", "\uffff"))


def test_refunds_lower_the_revenue_of_their_unit(spark: SparkSession) -> None:
    result = customer_business_units(
        spark,
        ("Ann", "Cloud", 100),
        ("Ann", "Cloud", -60),
        ("Ann", "Support", 50),
        ("Bob", "Cloud", -500),
        ("Bob", "Support", -200),
    )

    assert_rows(result, MAIN_BUSINESS_UNITS, ("Ann", "Support"), ("Bob", "Support"))
