"""The query that explains scores, in Spark and elsewhere."""

from collections.abc import Iterable
from typing import Any

import duckdb
import pytest
from pyspark.sql import SparkSession

from jobs.core.publish.explanation import published_metrics, score_components_query

TIERS = """
    SELECT
        DATE '2024-12-31' AS as_of, 'm' AS model, t.*,
        CASE customer_key WHEN 'ann' THEN 10.000000 ELSE 40.000000 END AS days_points
    FROM (VALUES
        ('new', 'ann', 10.00, 1, 5, 90, 3, 15.000000, 5, 2, 80.000000),
        ('new', 'bob', 20.00, 4, 5, 0, 0, 60.000000, 5, 0, 20.000000),
        ('new', 'cy', 0.00, 0, 5, 1, 0, 0.000000, 1, NULL, NULL),
        ('old', 'ann', 11.00, 1, 5, 91, 3, 15.000000, 5, 3, 100.000000)
    ) AS t (run_id, customer_key, total_revenue, total_revenue_below, unrelated, days, days_below,
        total_revenue_points, peers, years, years_points)
"""
COMPONENTS = """
    SELECT DATE '2024-12-31' AS as_of, c.* FROM (VALUES
        ('new', 'money', 'total_revenue', 0.6000, 'higher_is_better', 'percentile'),
        ('new', 'care', 'days', 0.4000, 'lower_is_better', 'percentile'),
        ('new', 'bond', 'years', 1.0000, 'higher_is_better', '80 from 2, else 20')
    ) AS c (run_id, score, metric, weight, direction, scale)
"""
COLUMNS = (
    "as_of model days_points run_id customer_key total_revenue total_revenue_below unrelated days days_below "
    "total_revenue_points peers years years_points"
)
QUERY = score_components_query(COLUMNS.split(), "tiers", "components")


def explained(names: list[str], rows: Iterable[Iterable[Any]]) -> dict[tuple[str, str], tuple[Any, ...]]:
    wanted = ("score", "value", "below", "peers", "percentile", "weight", "direction", "scale", "points")
    found = [dict(zip(names, row, strict=True)) for row in rows]
    return {
        (row["customer_key"], row["metric"]): tuple(
            row[name] if row[name] is None or isinstance(row[name], str) else float(row[name])
            for name in wanted
        )
        for row in found
    }


EXPECTED = {
    ("ann", "total_revenue"): ("money", 10, 1, 5, 0.25, 0.6, "higher_is_better", "percentile", 15),
    ("bob", "total_revenue"): ("money", 20, 4, 5, 1, 0.6, "higher_is_better", "percentile", 60),
    ("cy", "total_revenue"): ("money", 0, 0, 1, 0, 0.6, "higher_is_better", "percentile", 0),
    ("ann", "days"): ("care", 90, 3, 5, 0.75, 0.4, "lower_is_better", "percentile", 10),
    ("bob", "days"): ("care", 0, 0, 5, 0, 0.4, "lower_is_better", "percentile", 40),
    ("cy", "days"): ("care", 1, 0, 1, 0, 0.4, "lower_is_better", "percentile", 40),
    # A scale has no percentile, and what is not measured no points.
    ("ann", "years"): ("bond", 2, None, 5, None, 1, "higher_is_better", "80 from 2, else 20", 80),
    ("bob", "years"): ("bond", 0, None, 5, None, 1, "higher_is_better", "80 from 2, else 20", 20),
    ("cy", "years"): ("bond", None, None, 1, None, 1, "higher_is_better", "80 from 2, else 20", None),
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
    [
        (["customer_key", "a_below", "a_points", "b_points", "c_below", "peers"], ["a", "b"]),
        (["customer_key"], []),
    ],
)
def test_metrics_are_those_that_the_table_explains(columns: list[str], metrics: list[str]) -> None:
    assert published_metrics(columns) == metrics
