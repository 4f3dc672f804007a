"""Reads the sources, each as one view of the columns that the SQL expects, in their types."""

from collections.abc import Iterator
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from pyspark.errors import AnalysisException, ParseException
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F  # noqa: N812
from pyspark.sql import types as T  # noqa: N812

from jobs.core import tables
from jobs.core.errors import ConfigurationError
from jobs.core.settings import Input, Settings, Source

# What each kind of column becomes, and which types it may come in. A text file's columns are all text,
# and parsed; a typed source's text is not a date or a number, and guessing would hide a mistake.
_TYPES = {"text": "string", "date": "date", "money": "decimal(18,2)", "count": "bigint"}
_WHOLE = (T.ByteType, T.ShortType, T.IntegerType, T.LongType)
_ACCEPTED: dict[str, tuple[type[T.DataType], ...]] = {
    "text": (T.StringType, *_WHOLE),
    "date": (T.DateType, T.TimestampType, T.TimestampNTZType),
    "money": (T.DecimalType, T.DoubleType, T.FloatType, *_WHOLE),
    "count": _WHOLE,
}
_EXPECTED = {
    "text": "STRING or a whole number",
    "date": "DATE or TIMESTAMP",
    "money": "DECIMAL, DOUBLE, FLOAT or a whole number",
    "count": "a whole number (TINYINT to BIGINT)",
}
_FCT_REVENUES = {
    "customer_key": "text",
    "customer_name": "text",
    "business_unit": "text",
    "product": "text",
    "event_date": "date",
    "total_revenue": "money",
    "total_gross_margin": "money",
    "event_count": "count",
    "cs_representative": "text",
    "region": "text",
    "account_id": "text",
}
_DIM_ACCOUNTS = {"account_id": "text", "status": "text"}


def _parsed(column: Column, kind: str, is_text: bool) -> Column:
    """A column in its kind's type; NULL where a value can't be read as that."""
    if kind == "date" and is_text:
        # A cast also takes '2024' for 1 January 2024; a date needs its month and day.
        column = F.when(column.rlike(r"^\s*\d{4}-\d{1,2}-\d{1,2}(?:[ T].*)?$"), column)
    return column.try_cast(_TYPES[kind])


def _conform(
    frame: DataFrame, name: str, source: Source, columns: dict[str, tuple[str, str]], text_allowed: bool
) -> DataFrame:
    """Selects, renames and types columns; `columns` maps each to its source column and its kind."""
    found = {field.name.lower(): field for field in frame.schema.fields}
    problems = []
    selected = []
    for column, (origin, kind) in columns.items():
        field = found.get(origin.lower())
        place = f"sources.{name}: column {origin}"
        if field is None:
            problems.append(
                f"{place} must exist ({column} is read from it; map another with sources.{name}.columns), "
                f"got columns {', '.join(frame.columns)}"
            )
            continue
        is_text = isinstance(field.dataType, T.StringType)
        if not isinstance(field.dataType, _ACCEPTED[kind]) and not (text_allowed and is_text):
            actual = field.dataType.simpleString().upper()
            problems.append(
                f"{place} must be {_EXPECTED[kind]}, got {actual}; convert it with sources.{name}.query"
            )
            continue
        selected.append(_parsed(F.col(f"`{field.name}`"), kind, is_text).alias(column))
    unknown = set(source.columns) - set(columns)
    problems += [
        f"sources.{name}.columns.{key}: must be one of {', '.join(columns)}, got {key!r}"
        for key in sorted(unknown)
    ]
    if problems:
        raise ConfigurationError(*problems)
    return frame.select(*selected)


def _first_line(error: Exception) -> str:
    return next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)


def _read_input(spark: SparkSession, place: str, given: Input, versions: dict[str, int]) -> DataFrame:
    """One stored table, at the version that it has now if it is a Delta table."""
    try:
        if given.format in {"csv", "parquet"}:
            reader = spark.read.format(given.format)
            if given.format == "csv":
                reader = reader.options(
                    header=True, inferSchema=False, sep=given.delimiter, escape='"', multiLine=True
                )
            return reader.load(given.path)
        identifier = tables.path_identifier(given.path) if given.path else tables.quoted(given.table or "")
        version = tables.latest_version(spark, identifier)
        if version is None:
            if given.path:
                raise ConfigurationError(
                    f"{place}.path: must be a Delta table, got {given.path!r}, where there is none"
                )
            return spark.read.table(identifier)
        versions[place.removeprefix("sources.")] = version
        return spark.read.option("versionAsOf", version).table(identifier)
    except AnalysisException as error:
        raise ConfigurationError(
            f"{place}: must be an existing table, got {given.path or given.table!r}: {_first_line(error)}"
        ) from error


def _query(spark: SparkSession, name: str, source: Source, versions: dict[str, int]) -> DataFrame:
    """A mapping query over its inputs, each a view while the query is read."""
    file: Traversable = Path(source.query or "")
    problems: list[str] = []
    for view, given in source.inputs.items():
        try:
            frame = _read_input(spark, f"sources.{name}.inputs.{view}", given, versions)
            frame.createOrReplaceTempView(view)
        except ConfigurationError as error:
            problems += error.problems
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        problems.append(f"sources.{name}.query: must be a readable file, got {source.query!r}: {error}")
    if problems:
        raise ConfigurationError(*problems)
    try:
        return spark.sql(text)
    except (AnalysisException, ParseException) as error:
        raise ConfigurationError(
            f"sources.{name}.query: {file.name} must be one valid SELECT: {error}"
        ) from error


def _open(
    spark: SparkSession,
    name: str,
    source: Source,
    columns: dict[str, tuple[str, str]],
    versions: dict[str, int],
) -> DataFrame:
    if source.query is None:
        frame = _read_input(spark, f"sources.{name}", source, versions)
        text_allowed = source.format == "csv"
    else:
        frame = _query(spark, name, source, versions)
        text_allowed = any(given.format == "csv" for given in source.inputs.values())
    return _conform(frame, name, source, columns, text_allowed)


def open_sources(spark: SparkSession, settings: Settings) -> tuple[dict[str, DataFrame], dict[str, int]]:
    """The sources as the SQL reads them, and the Delta version that each input is pinned to.

    Returns:
        `fct_revenues` (customer_key and the columns of the facts; DATE, DECIMAL(18,2), BIGINT, STRING;
        NULL where missing or unreadable) and `dim_accounts` (account_id, status); versions by input.

    Raises:
        ConfigurationError: a missing table, a missing or wrongly typed column, a query that isn't valid;
            all problems of all sources at once.
    """
    facts, accounts = settings.sources.fct_revenues, settings.sources.dim_accounts
    key = settings.customer_key
    fact_columns = {
        name: (facts.columns.get(key, key) if name == "customer_key" else facts.columns.get(name, name), kind)
        for name, kind in _FCT_REVENUES.items()
    }
    account_columns = {name: (accounts.columns.get(name, name), kind) for name, kind in _DIM_ACCOUNTS.items()}
    frames: dict[str, DataFrame] = {}
    versions: dict[str, int] = {}
    problems: list[str] = []
    opened: Iterator[Any] = iter(
        (("fct_revenues", facts, fact_columns), ("dim_accounts", accounts, account_columns))
    )
    for name, source, columns in opened:
        try:
            frames[name] = _open(spark, name, source, columns, versions)
        except ConfigurationError as error:
            problems += error.problems
    if problems:
        raise ConfigurationError(*problems)
    return frames, versions
