"""What every row of a source carries besides its values: itself as it came, and what is wrong with it."""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F  # noqa: N812
from pyspark.sql import types as T  # noqa: N812

from jobs.core.delta.identifiers import quoted_column
from jobs.core.sources.csv_source import RECORD

_CHAR = "__CHAR_VARCHAR_TYPE_STRING"  # in a column's metadata: its type as it was declared
_NOT_JSON = ("geometry", "geography")


def without_padding(field: T.StructField) -> Column:
    """A column; one declared as CHAR without the spaces that fill it up."""
    column = F.col(quoted_column(field.name))
    return F.rtrim(column) if str(field.metadata.get(_CHAR, "")).startswith("char") else column


def as_json_can(field: T.StructField) -> Column:
    """A column in a type that JSON can hold."""
    column = F.col(quoted_column(field.name))
    kind = field.dataType.simpleString()
    return F.lit(f"({kind})").alias(field.name) if any(each in kind for each in _NOT_JSON) else column


def of_record(frame: DataFrame) -> list[Column]:
    """What is wrong with the record of a row: of all but CSV files nothing.

    Returns:
        is_malformed and is_undecodable; file_lines, how many lines of its file the row took; and unread, the
        row as JSON where its columns can't hold it.
    """
    if RECORD in frame.columns:
        record = quoted_column(RECORD)
        return [
            F.col(f"{record}.{name}") for name in ("is_malformed", "is_undecodable", "file_lines", "unread")
        ]
    return [
        F.lit(False).alias("is_malformed"),
        F.lit(False).alias("is_undecodable"),
        F.lit(1).cast("bigint").alias("file_lines"),
        F.lit(None).cast("string").alias("unread"),
    ]
