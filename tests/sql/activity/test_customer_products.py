from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession

from tests.sql.dates import snapshot_dates
from tests.sql.steps import assert_rows, run_step, table

WINDOW_EVENTS = "customer_key STRING, product STRING, event_date DATE"
CUSTOMER_PRODUCTS = "as_of DATE, customer_key STRING, product STRING"
DATES = ("2024-06-30", "2024-09-30", "2024-12-31")


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
    return table(spark, WINDOW_EVENTS, [(*event, "2024-08-01") for event in events])


def customer_products(spark: SparkSession, bought: DataFrame, **values: Any) -> DataFrame:
    inputs = {"window_events": bought, "snapshot_dates": snapshot_dates(spark, *DATES, window_months=6)}
    return run_step(spark, "activity", "customer_products", inputs, **values)


def test_products_are_listed_once_a_customer(spark: SparkSession, bought: DataFrame) -> None:
    result = customer_products(spark, bought, products_are_coded=False)

    bought_by = [("Ann", "Basic"), ("Ann", "basic"), ("Ann", ""), ("Bob", "Basic")]
    assert_rows(result, CUSTOMER_PRODUCTS, *((day, *row) for row in bought_by for day in DATES[1:]))


def test_each_date_lists_the_products_of_its_window(spark: SparkSession) -> None:
    days = ("2023-12-30", "2023-12-31", "2024-06-30", "2024-07-01", "2024-12-31", "2025-01-01")
    events = [("Ann", f"of {day}", day) for day in days]

    result = customer_products(spark, table(spark, WINDOW_EVENTS, events), products_are_coded=False)

    assert_rows(
        result,
        CUSTOMER_PRODUCTS,
        ("2024-06-30", "Ann", "of 2023-12-31"),
        ("2024-06-30", "Ann", "of 2024-06-30"),
        ("2024-09-30", "Ann", "of 2024-06-30"),
        ("2024-09-30", "Ann", "of 2024-07-01"),
        ("2024-12-31", "Ann", "of 2024-07-01"),
        ("2024-12-31", "Ann", "of 2024-12-31"),
    )


def test_no_product_is_listed_while_codes_count_them(spark: SparkSession, bought: DataFrame) -> None:
    result = customer_products(spark, bought, products_are_coded=True)

    assert_rows(result, CUSTOMER_PRODUCTS)
