"""The columns of a source as the SQL reads them: found by their names, in their types, NULL if unreadable."""

from collections.abc import Mapping

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F  # noqa: N812
from pyspark.sql import types as T  # noqa: N812

from jobs.core.config.settings import Source
from jobs.core.config.source_columns import ColumnType, SourceColumn
from jobs.core.runtime.errors import ConfigurationError
from jobs.core.runtime.nearest import did_you_mean
from jobs.core.sources import money
from jobs.core.sources.csv_source import RECORD
from jobs.core.sources.files import Opened
from jobs.core.sources.rows import as_json_can, of_record, without_padding
from jobs.core.sources.text_values import TextForm

# What each type of column becomes, and which types it may come in. A text file's columns are all text,
# and parsed; a typed source's text is not a date or a number, and guessing would hide a mistake.
_TYPES: dict[ColumnType, str] = {
    "text": "string",
    "date": "date",
    "money": "decimal(18,2)",  # rounded as it is read; an "amount" is added up first (money.py)
    "number": "decimal(18,6)",
    "count": "bigint",
}
_WHOLE = (T.ByteType, T.ShortType, T.IntegerType, T.LongType)
_ACCEPTED: dict[ColumnType, tuple[type[T.DataType], ...]] = {
    "text": (T.StringType, *_WHOLE),
    "date": (T.DateType, T.TimestampType, T.TimestampNTZType),
    "money": (T.DecimalType, T.DoubleType, T.FloatType, *_WHOLE),
    "amount": (T.DecimalType, T.DoubleType, T.FloatType, *_WHOLE),
    "number": (T.DecimalType, T.DoubleType, T.FloatType, *_WHOLE),
    "count": _WHOLE,
}
_EXPECTED: dict[ColumnType, str] = {
    "text": "STRING or a whole number",
    "date": "DATE or TIMESTAMP",
    "money": "DECIMAL, DOUBLE, FLOAT or a whole number",
    "amount": "DECIMAL, DOUBLE, FLOAT or a whole number",
    "number": "DECIMAL, DOUBLE, FLOAT or a whole number",
    "count": "a whole number (TINYINT to BIGINT)",
}


def _parsed(column: Column, kind: ColumnType, form: TextForm | None) -> Column:
    """A column in its type; NULL where a value can't be read as that. `form` is that of text."""
    if form is not None and kind == "date":
        return form.date(column)
    if form is not None and kind != "text":
        column = form.number(column)
    return column.try_cast(_TYPES[kind])


def origins(
    name: str, columns: Mapping[str, SourceColumn], source: Source, customer_key: str
) -> tuple[dict[str, str], list[str]]:
    """The source column of each column that is read, and what is wrong with the configured `columns`."""
    given = source.columns
    read = [each for each, column in columns.items() if column.presence != "mapped" or each in given]
    found = {column: given.get(column, column) for column in read}
    if "customer_key" in found:
        found["customer_key"] = given.get(customer_key, customer_key)
    known = [customer_key if column == "customer_key" else column for column in columns]
    problems = [
        f"sources.{name}.columns: must map some of {', '.join(known)}, got {key!r}{did_you_mean(key, known)}"
        for key in given
        if key not in known
    ]
    return found, problems


def conform(
    opened: Opened, name: str, columns: Mapping[str, SourceColumn], source: Source, customer_key: str
) -> DataFrame:
    """Renames and types the columns that the SQL reads, and tells which values there were; keeps the row.

    Args:
        opened: the rows as they are stored.
        name: of the source.
        columns: to be read.
        source: how they are called there.
        customer_key: our name of the column that identifies a customer.

    Raises:
        ConfigurationError: a missing or wrongly typed column; all of them at once.
    """
    fields = [each for each in opened.frame.schema.fields if each.name != RECORD]
    names = [each.name for each in fields]
    found = {each.name.lower(): each for each in fields}
    read_from, problems = origins(name, columns, source, customer_key)
    selected = []
    for column, origin in read_from.items():
        there, kind = found.get(origin.lower()), columns[column].type
        place = f"sources.{name}: column {origin}"
        if there is None and columns[column].presence == "optional" and column not in source.columns:
            selected += _absent(column, kind)
        elif there is None:
            problems.append(
                f"{place} must exist ({column} is read from it; name another in sources.{name}.columns), "
                f"got columns {', '.join(names)}{did_you_mean(origin, names)}"
            )
        elif _is_accepted(there, kind, opened):
            selected += _typed(there, column, kind, opened)
        else:
            actual = there.dataType.simpleString().upper()
            problems.append(
                f"{place} must be {_EXPECTED[kind]}, got {actual}; convert it in a sources.{name}.query"
            )
    problems += [
        f"sources.{name}.unique_key: must be among {', '.join(names)}, got {key!r}{did_you_mean(key, names)}"
        for key in source.unique_key
        if key.lower() not in found
    ]
    if problems:
        raise ConfigurationError(*problems)
    for column in columns:
        if column not in read_from:
            selected += _absent(column, columns[column].type)
    row = F.struct(*(as_json_can(each) for each in fields))
    return opened.frame.select(*selected, row.alias("source_row"), *of_record(opened.frame))


def _is_accepted(there: T.StructField, kind: ColumnType, opened: Opened) -> bool:
    """Whether a stored column can be read as a type."""
    if isinstance(there.dataType, (T.NullType, *_ACCEPTED[kind])):
        return True
    return there.name in opened.texts and isinstance(there.dataType, T.StringType)


def _typed(there: T.StructField, column: str, kind: ColumnType, opened: Opened) -> list[Column]:
    """A stored column in its type, and what is known of its values as they came."""
    origin = without_padding(there)
    form = opened.form if isinstance(there.dataType, T.StringType) else None
    if kind == "amount":
        number = origin if form is None else form.number(origin)
        typed = [
            money.amount(number, there.dataType).alias(column),
            money.is_rounded(number, there.dataType).alias(f"{column}_rounded"),
        ]
    else:
        typed = [_parsed(origin, kind, form).alias(column)]
    return typed if kind == "text" else [*typed, origin.isNotNull().alias(f"{column}_given")]


def _absent(column: str, kind: ColumnType) -> list[Column]:
    """A column that the source doesn't have: NULL, and never given."""
    absent = [F.lit(None).cast(_TYPES[kind]).alias(column)]
    return absent if kind == "text" else [*absent, F.lit(False).alias(f"{column}_given")]
