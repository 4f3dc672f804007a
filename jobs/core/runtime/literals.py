"""A few rows as literals of a plan; a frame made of Python objects would start Python workers."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F  # noqa: N812


def one_row(spark: SparkSession) -> DataFrame:
    """One row, to make literals of."""
    return spark.sql("SELECT 1")


def literal_rows(spark: SparkSession, types: Mapping[str, str], rows: Sequence[tuple[Any, ...]]) -> DataFrame:
    """Rows as literals.

    Args:
        spark: the session.
        types: SQL type by column.
        rows: few.
    """
    # One literal of all: made one by one they take a second for a few hundred.
    listed = json.dumps([dict(zip(types, row, strict=True)) for row in rows], default=str)
    fields = ", ".join(f"{name}: {kind}" for name, kind in types.items())
    return one_row(spark).select(F.inline(F.from_json(F.lit(listed), f"array<struct<{fields}>>")))
