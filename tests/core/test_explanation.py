"""The query that explains scores, in Spark and elsewhere."""

from collections.abc import Iterable
from typing import Any

import duckdb
import pytest
from pyspark.sql import SparkSession

from jobs.core.explanation import published_metrics, score_components_query

TIERS = """
    SELECT
        DATE '2024-12-31' AS as_of, 'm' AS model, t.*,
        CASE customer_key WHEN 'ann' THEN 10.000000 ELSE 40.000000 END AS days_points
    FROM (VALUES
        ('new', 'ann', 10.00, 1, 5, 90, 3, 15.000000, 5),
        ('new', 'bob', 20.00, 4, 5, 0, 0, 60.000000, 5),
        ('new', 'cy', 0.00, 0, 5, 1, 0, 0.000000, 1),
        ('old', 'ann', 11.00, 1, 5, 91, 3, 15.000000, 5)
    ) AS t (run_id, customer_key, total_revenue, total_revenue_below, unrelated, days, days_below,
        total_revenue_points, peers)
"""
COMPONENTS = """
    SELECT DATE '2024-12-31' AS as_of, c.* FROM (VALUES
        ('new', 'money', 'total_revenue', 0.6000, 'higher_is_better'),
        ('new', 'care', 'days', 0.4000, 'lower_is_better')
    ) AS c (run_id, score, metric, weight, direction)
"""
QUERY = score_components_query(["total_revenue", "days"], "tiers", "components")


def explained(names: list[str], rows: Iterable[Iterable[Any]]) -> dict[tuple[str, str], tuple[Any, ...]]:
    wanted = ("score", "value", "below", "peers", "percentile", "weight", "direction", "points")
    found = [dict(zip(names, row, strict=True)) for row in rows]
    return {
        (row["customer_key"], row["metric"]): tuple(
            row[name] if isinstance(row[name], str) else float(row[name]) for name in wanted
        )
        for row in found
    }


EXPECTED = {
    ("ann", "total_revenue"): ("money", 10, 1, 5, 0.25, 0.6, "higher_is_better", 15),
    ("bob", "total_revenue"): ("money", 20, 4, 5, 1, 0.6, "higher_is_better", 60),
    ("cy", "total_revenue"): ("money", 0, 0, 1, 0, 0.6, "higher_is_better", 0),
    ("ann", "days"): ("care", 90, 3, 5, 0.75, 0.4, "lower_is_better", 10),
    ("bob", "days"): ("care", 0, 0, 5, 0, 0.4, "lower_is_better", 40),
    ("cy", "days"): ("care", 1, 0, 1, 0, 0.4, "lower_is_better", 40),
}


def test_percentile_is_below_of_the_others_and_never_inverted(spark: SparkSession) -> None:
    spark.sql(TIERS).createOrReplaceTempView("tiers")
    spark.sql(COMPONENTS).createOrReplaceTempView("components")
    answer = spark.sql(QUERY)
    assert explained(answer.columns, answer.collect()) == EXPECTED


def test_other_engines_take_the_same_query() -> None:
    with duckdb.connect() as connection:
        connection.sql(f"CREATE VIEW tiers AS {TIERS}")
        connection.sql(f"CREATE VIEW components AS {COMPONENTS}")
        answer = connection.sql(QUERY)
        assert explained(answer.columns, answer.fetchall()) == EXPECTED


@pytest.mark.parametrize(
    ("columns", "metrics"),
    [(["customer_key", "a_below", "a_points", "b_below", "peers"], ["a", "b"]), (["customer_key"], [])],
)
def test_metrics_are_those_that_the_table_explains(columns: list[str], metrics: list[str]) -> None:
    assert published_metrics(columns) == metrics
