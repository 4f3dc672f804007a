import pytest
from pyspark.sql import DataFrame, SparkSession

from tests.sql.steps import assert_rows, run_step, table

WINDOW_EVENTS = "customer_key STRING, product STRING"


@pytest.fixture(name="bought")
def _bought(spark: SparkSession) -> DataFrame:
    events = [
        ("Ann", "Basic"),
        ("Ann", "Basic"),
        ("Ann", "basic"),
        ("Ann", ""),
        ("Ann", None),
        ("Bob", "Basic"),
        ("Cid", None),
    ]
    return table(spark, WINDOW_EVENTS, events)


def test_products_are_listed_once_a_customer(spark: SparkSession, bought: DataFrame) -> None:
    result = run_step(
        spark, "activity", "customer_products", {"window_events": bought}, products_are_coded=False
    )

    assert_rows(result, WINDOW_EVENTS, ("Ann", "Basic"), ("Ann", "basic"), ("Ann", ""), ("Bob", "Basic"))


def test_no_product_is_listed_while_codes_count_them(spark: SparkSession, bought: DataFrame) -> None:
    result = run_step(
        spark, "activity", "customer_products", {"window_events": bought}, products_are_coded=True
    )

    assert_rows(result, WINDOW_EVENTS)
