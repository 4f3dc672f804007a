"""A few rows as literals."""

from decimal import Decimal

from pyspark.sql import SparkSession

from jobs.core.runtime.literals import literal_rows


def test_literal_rows_are_as_given_in_their_types(spark: SparkSession) -> None:
    types = {"name": "string", "position": "int", "weight": "decimal(5,4)"}
    rows = [("it's", 1, Decimal("0.55")), ("a\\b\n", 2, Decimal("0.0001"))]
    frame = literal_rows(spark, types, rows)
    assert dict(frame.dtypes) == types
    assert [tuple(row) for row in frame.collect()] == rows
