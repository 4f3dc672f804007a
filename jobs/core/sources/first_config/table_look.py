"""A first look at a stored table of which nothing is known: its format, its columns, what they hold."""

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pyspark.errors import AnalysisException
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F  # noqa: N812
from pyspark.sql import types as T  # noqa: N812

from jobs.core.config.documents import validate
from jobs.core.config.inputs import Input
from jobs.core.delta.identifiers import path_identifier, quoted_column
from jobs.core.delta.versions import latest_version
from jobs.core.runtime.errors import ConfigurationError
from jobs.core.sources.files import as_name, open_input, why_not_opened
from jobs.core.sources.source_versions import SourceVersions

_LOOKED_AT = 500  # rows, or lines
_LONGEST = 200  # characters of a value
_DELIMITERS = ",;\t|"
_URI = re.compile(r"^[a-zA-Z][a-zA-Z0-9+.-]+:")
_ISO_DATE = re.compile(r"\d{4}-\d{1,2}-\d{1,2}([ T]\d.*)?")
_WHOLE = re.compile(r"[+-]?\d{1,18}")
_POINT = re.compile(r"[+-]?\d*\.?\d+([eE][+-]?\d+)?")
_COMMA = re.compile(r"[+-]?\d{1,3}(\.\d{3})*(,\d+)?|[+-]?\d+(,\d+)?")
_THOUSANDS = re.compile(r"[+-]?\d{1,3}(\.\d{3})+")
_MONTHS = 12
_DATE = re.compile(r"(\d{1,2})([./-])(\d{1,2})[./-]\d{4}")


@dataclass(frozen=True)
class ColumnLook:
    """One column of the table.

    Attributes:
        name: as the table has it.
        type: Spark's name for it.
        holds: date, whole, number, boolean, text or other.
        form: how a text column spells it: `iso`, `point`, `comma`, or the pattern of a date.
        doubtful: the examples could as well have the month first, or a point of thousands.
        examples: the first values of a text, without repetitions.
    """

    name: str
    type: str
    holds: str
    form: str = ""
    doubtful: bool = False
    examples: tuple[str, ...] = ()


@dataclass(frozen=True)
class TableLook:
    """A table as it looks.

    Attributes:
        place: its path, as given.
        format: delta, parquet or csv.
        columns: in order.
        delimiter: of a CSV file, and in how many of how many lines it parts as many fields as in the first.
        encoding: of a CSV file, as Java and Python name it.
    """

    place: str
    format: str
    columns: tuple[ColumnLook, ...]
    delimiter: str = ","
    in_lines: tuple[int, int] = (0, 0)
    encoding: str = "UTF-8"


def absolute(place: str) -> str:
    """A path as Spark finds it from any folder; a URI as it is."""
    return place if _URI.match(place) else str(Path(place).expanduser().resolve())


def look_at(spark: SparkSession, option: str, place: str) -> TableLook:
    """Looks at the first rows of a table.

    Args:
        spark: the session.
        option: what messages call it.
        place: the path of a Delta table, or of Parquet or CSV files or a folder of them.

    Raises:
        ConfigurationError: there is nothing there, or nothing with columns.
    """
    path = absolute(place)
    validate(Input, {"path": path}, option)
    look = _recognised(spark, option, path, place)
    read = {"format": look.format, "path": path}
    if look.format == "csv":
        read |= {"delimiter": look.delimiter, "encoding": look.encoding}
    # As a run reads it: what a run refuses is refused here.
    frame = open_input(spark, option, Input.model_validate(read), SourceVersions()).readable()
    columns = _columns(frame, is_csv=look.format == "csv")
    if not columns:
        raise ConfigurationError(f"{option}: must have columns, got {place!r} without")
    return replace(look, columns=columns)


def _recognised(spark: SparkSession, option: str, path: str, place: str) -> TableLook:
    """A table without its columns: Delta by its log, Parquet by its first bytes, else CSV."""
    if latest_version(spark, path_identifier(path)) is not None:
        return TableLook(place, "delta", ())
    try:
        # Text as its bytes: which characters they are is to be found out.
        text = spark.read.text(as_name(path)).select(F.col("value").cast("binary"))
        lines = [bytes(row[0]) for row in text.limit(_LOOKED_AT).collect()]
    except AnalysisException as error:
        raise ConfigurationError(
            f"{option}: must be a Delta table, or Parquet or CSV files, got {place!r}"
            f"{why_not_opened(spark, error, as_name(path))}"
        ) from error
    if lines and lines[0].startswith(b"PAR1"):
        return TableLook(place, "parquet", ())
    encoding = guessed_encoding(lines)
    delimiter, in_lines = guessed_delimiter([line.decode(encoding, errors="replace") for line in lines])
    return TableLook(place, "csv", (), delimiter, in_lines, encoding)


def guessed_encoding(lines: Sequence[bytes]) -> str:
    """UTF-16 by its mark, UTF-8 if all lines are, else the code page of Windows in western Europe."""
    if lines and lines[0][:2] in {b"\xff\xfe", b"\xfe\xff"}:
        return "UTF-16"
    try:
        for line in lines:
            line.decode("utf-8")
    except UnicodeDecodeError:
        return "windows-1252"
    return "UTF-8"


def guessed_delimiter(lines: Sequence[str]) -> tuple[str, tuple[int, int]]:
    """The delimiter that parts most lines into as many fields as the first, and in how many it does."""

    def alike(delimiter: str) -> tuple[int, int]:
        rows = list(csv.reader(lines, delimiter=delimiter))
        fields = len(rows[0]) if rows else 0
        return (sum(len(row) == fields for row in rows) if fields > 1 else 0), fields

    best = max(_DELIMITERS, key=alike)
    return best, (alike(best)[0], len(list(csv.reader(lines, delimiter=best))))


def _columns(frame: DataFrame, *, is_csv: bool) -> tuple[ColumnLook, ...]:
    texts = [field.name for field in frame.schema.fields if isinstance(field.dataType, T.StringType)]
    left = [F.left(F.col(quoted_column(name)), F.lit(_LONGEST)) for name in texts]
    rows = frame.select(*left).limit(_LOOKED_AT).collect() if texts else []
    values = {name: [row[at] for row in rows if row[at]] for at, name in enumerate(texts)}
    return tuple(
        _text_column(field.name, "text" if is_csv else "string", values[field.name])
        if field.name in values
        else ColumnLook(field.name, field.dataType.simpleString(), _held(field.dataType))
        for field in frame.schema.fields
    )


def _held(kind: T.DataType) -> str:
    for held, types in (
        ("whole", (T.ByteType, T.ShortType, T.IntegerType, T.LongType)),
        ("number", (T.NumericType,)),
        ("date", (T.DateType, T.TimestampType, T.TimestampNTZType)),
        ("boolean", (T.BooleanType,)),
    ):
        if isinstance(kind, types):
            return held
    return "other"


def _text_column(name: str, kind: str, values: Sequence[str]) -> ColumnLook:
    """What all the values spell, if it is one thing."""
    values = [value.strip() for value in values]
    examples = tuple(dict.fromkeys(values))
    for holds, form, pattern in (
        ("whole", "point", _WHOLE),
        ("number", "point", _POINT),
        ("number", "comma", _COMMA),
        ("date", "iso", _ISO_DATE),
    ):
        if values and all(pattern.fullmatch(value) for value in values):
            pointed = [value for value in values if "." in value]
            doubtful = form == "point" and bool(pointed) and all(map(_THOUSANDS.fullmatch, pointed))
            return ColumnLook(name, kind, holds, form, doubtful, examples)
    dates = [found for found in map(_DATE.fullmatch, values) if found]
    if not values or len(dates) < len(values):
        return ColumnLook(name, kind, "text", "", False, examples)
    sign = dates[0][2]
    firsts, seconds = ([int(found[at]) for found in dates] for at in (1, 3))
    month_first = max(seconds) > _MONTHS
    form = f"M{sign}d{sign}yyyy" if month_first else f"d{sign}M{sign}yyyy"
    doubtful = sign != "." and max(firsts + seconds) <= _MONTHS
    return ColumnLook(name, kind, "date", form, doubtful, examples)
