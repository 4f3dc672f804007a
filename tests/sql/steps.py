"""Feeds rows written in a test to one SQL step, and compares what comes out with rows written there too."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from chispa import assert_df_equality
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.types import DataType, DateType, DecimalType, StructType

from jobs.core.pipeline.engine import Engine
from jobs.core.pipeline.plan import STEPS

Given = Sequence[Any] | Mapping[str, Any]


def table(spark: SparkSession, schema: str, rows: Iterable[Given]) -> DataFrame:
    """Rows as tuples, or as mappings of all the columns; dates and decimals are written as text."""
    fields = StructType.fromDDL(schema)
    assert isinstance(fields, StructType)
    # A handful of rows in one partition needs no shuffles.
    return spark.createDataFrame([_value(row, fields) for row in rows], fields).coalesce(1)


def run_step(
    spark: SparkSession, stage: str, name: str, inputs: Mapping[str, DataFrame], **values: Any
) -> DataFrame:
    """The rows of `sql/<stage>/<name>.sql`, its inputs and the values of its markers being given."""
    assert STEPS[name].file == (stage, f"{name}.sql")
    assert set(STEPS[name].reads) == {*inputs, *values}, "what the step reads must be given, and nothing else"
    with Engine(spark, **inputs, **values) as engine:
        return engine.table(name)


def assert_rows(actual: DataFrame, schema: str, *rows: Given) -> None:
    """The frame has exactly these columns, of these types, and these rows, in any order."""
    expected = table(actual.sparkSession, schema, rows)
    assert_df_equality(actual, expected, ignore_row_order=True, ignore_nullable=True)


def _value(given: Any, kind: DataType) -> Any:
    if given is None:
        return None
    if isinstance(kind, DecimalType):
        return Decimal(given)
    if isinstance(kind, DateType):
        return date.fromisoformat(given)
    if isinstance(kind, StructType):
        if isinstance(given, Mapping):
            assert set(given) == set(kind.names), "a row must give all the columns, and no others"
            given = [given[name] for name in kind.names]
        return tuple(_value(value, field.dataType) for value, field in zip(given, kind.fields, strict=True))
    return given
