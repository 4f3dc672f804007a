"""Reads the sources, each as one view of the columns that the SQL expects, in their types."""

from pathlib import Path

from pyspark.errors import AnalysisException, ParseException
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F  # noqa: N812
from pyspark.sql import types as T  # noqa: N812

from jobs.core import tables
from jobs.core.errors import ConfigurationError, Problems
from jobs.core.pins import Pins
from jobs.core.resources import resource
from jobs.core.settings import Input, Settings, Source

# What each kind of column becomes, and which types it may come in. A text file's columns are all text,
# and parsed; a typed source's text is not a date or a number, and guessing would hide a mistake.
_TYPES = {
    "text": "string",
    "date": "date",
    "money": "decimal(18,2)",
    "number": "decimal(18,6)",
    "count": "bigint",
}
_WHOLE = (T.ByteType, T.ShortType, T.IntegerType, T.LongType)
_ACCEPTED: dict[str, tuple[type[T.DataType], ...]] = {
    "text": (T.StringType, *_WHOLE),
    "date": (T.DateType, T.TimestampType, T.TimestampNTZType),
    "money": (T.DecimalType, T.DoubleType, T.FloatType, *_WHOLE),
    "number": (T.DecimalType, T.DoubleType, T.FloatType, *_WHOLE),
    "count": _WHOLE,
}
_EXPECTED = {
    "text": "STRING or a whole number",
    "date": "DATE or TIMESTAMP",
    "money": "DECIMAL, DOUBLE, FLOAT or a whole number",
    "number": "DECIMAL, DOUBLE, FLOAT or a whole number",
    "count": "a whole number (TINYINT to BIGINT)",
}
_AS_SUBQUERY = "SELECT * FROM (\n{text}\n)"
# The columns that the SQL reads, and the kind of each.
KINDS = {
    "fct_revenues": {
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
        "currency": "text",
    },
    "dim_accounts": {"account_id": "text", "status": "text"},
    "dim_customers": {
        "customer_key": "text",
        "customer_name": "text",
        "arr": "money",
        "contract_years": "number",
        "on_time_payment_rate": "number",
        "user_growth_rate": "number",
        "seats_used": "count",
        "seats_bought": "count",
        "use_cases_matched": "count",
        "use_cases_total": "count",
        "brand_rating": "number",
        "reference_rating": "number",
        "influence_rating": "number",
        "nps": "number",
        "health_score": "number",
        "renewal_date": "date",
        "cancelled_on": "date",
        "delivered_service_level": "text",
        "valid_from": "date",
    },
}
# Columns that are read only where `columns` says from which, and those that are read where they are.
_ONLY_MAPPED = {"fct_revenues": {"currency"}}
_WHERE_THERE = {"dim_customers": set(KINDS["dim_customers"]) - {"customer_key"}}


def _parsed(column: Column, kind: str, is_text: bool) -> Column:
    """A column in its kind's type; NULL where a value can't be read as that."""
    if kind == "date" and is_text:
        # A cast also takes '2024' for 1 January 2024; a date needs its month and day.
        column = F.when(column.rlike(r"^\s*\d{4}-\d{1,2}-\d{1,2}(?:[ T].*)?$"), column)
    return column.try_cast(_TYPES[kind])


def _columns(name: str, source: Source, customer_key: str) -> tuple[dict[str, str], list[str]]:
    """The source column of each column that the SQL reads, and what is wrong with `columns`."""
    given = source.columns
    read = [column for column in KINDS[name] if column in given or column not in _ONLY_MAPPED.get(name, ())]
    origins = {column: given.get(column, column) for column in read}
    if "customer_key" in origins:
        origins["customer_key"] = given.get(customer_key, customer_key)
    known = [customer_key if column == "customer_key" else column for column in KINDS[name]]
    problems = [
        f"sources.{name}.columns: must map some of {', '.join(known)}, got {key!r}"
        for key in given
        if key not in known
    ]
    return origins, problems


def key_is_name(settings: Settings) -> bool:
    """Whether the customer's key and name are the same column of the facts."""
    origins, _ = _columns("fct_revenues", settings.sources.fct_revenues, settings.customer_key)
    return origins["customer_key"].lower() == origins["customer_name"].lower()


def _conform(frame: DataFrame, name: str, source: Source, customer_key: str, text_allowed: bool) -> DataFrame:
    """Renames and types the columns that the SQL reads, and tells which values there were; keeps the row."""
    found = {each.name.lower(): each for each in frame.schema.fields}
    origins, problems = _columns(name, source, customer_key)
    selected = []
    for column, origin in origins.items():
        there = found.get(origin.lower())
        if there is None and column in _WHERE_THERE.get(name, ()) and column not in source.columns:
            selected += _absent(name, column)
            continue
        place = f"sources.{name}: column {origin}"
        if there is None:
            problems.append(
                f"{place} must exist ({column} is read from it; name another in sources.{name}.columns), "
                f"got columns {', '.join(frame.columns)}"
            )
            continue
        kind = KINDS[name][column]
        is_text = isinstance(there.dataType, T.StringType)
        if isinstance(there.dataType, _ACCEPTED[kind]) or (text_allowed and is_text):
            origin_column = F.col(tables.quoted_column(there.name))
            selected.append(_parsed(origin_column, kind, is_text).alias(column))
            if kind != "text":
                selected.append(origin_column.isNotNull().alias(f"{column}_given"))
        else:
            actual = there.dataType.simpleString().upper()
            problems.append(
                f"{place} must be {_EXPECTED[kind]}, got {actual}; convert it in a sources.{name}.query"
            )
    problems += [
        f"sources.{name}.unique_key: must be among {', '.join(frame.columns)}, got {key!r}"
        for key in source.unique_key
        if key.lower() not in found
    ]
    if problems:
        raise ConfigurationError(*problems)
    for column in KINDS[name]:
        if column not in origins:
            selected += _absent(name, column)
    row = F.struct(*(F.col(tables.quoted_column(column)) for column in frame.columns))
    return frame.select(*selected, row.alias("source_row"))


def _absent(name: str, column: str) -> list[Column]:
    """A column that the source doesn't have: NULL, and never given."""
    kind = KINDS[name][column]
    absent = [F.lit(None).cast(_TYPES[kind]).alias(column)]
    return absent if kind == "text" else [*absent, F.lit(False).alias(f"{column}_given")]


def _first_line(error: Exception) -> str:
    return next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)


def _read_input(spark: SparkSession, place: str, given: Input, pins: Pins) -> DataFrame:
    """One stored table, at its pinned version, or the one that it has now, if it is a Delta table."""
    name = place.removeprefix("sources.")
    try:
        if given.format == "csv":
            # Text stays text, an empty field is NULL, and quoted fields may hold anything.
            reader = spark.read.options(header=True, sep=given.delimiter, escape='"', multiLine=True)
            reader = reader.option("enforceSchema", False)  # each file by its own header
            return pins.pin_files(name, reader.format("csv").load(given.path))
        if given.format == "parquet":
            return pins.pin_files(name, spark.read.format("parquet").load(given.path))
        identifier = tables.path_identifier(given.path) if given.path else tables.quoted(given.table or "")
        version = pins.versions.get(name)
        if version is None:
            version = tables.latest_version(spark, identifier)
        if version is not None:
            pins.versions[name] = version
            return tables.read_version(spark, identifier, version)
        if given.path:
            raise ConfigurationError(
                f"{place}.path: must be a Delta table, got {given.path!r}, which isn't one"
            )
        return pins.pin_files(name, spark.read.table(identifier))
    except AnalysisException as error:
        raise ConfigurationError(
            f"{place}: must be an existing table, got {given.path or given.table!r}: {_first_line(error)}"
        ) from error


def _query(spark: SparkSession, name: str, source: Source, pins: Pins) -> DataFrame:
    """The rows of a mapping query; its inputs stay as views, by whose names some sessions read late."""
    problems = Problems()
    stages = [folder for folder in resource("sql").iterdir() if folder.is_dir()]
    taken = {file.name.removesuffix(".sql") for stage in stages for file in stage.iterdir()} | set(KINDS)
    for view, given in source.inputs.items():
        place = f"sources.{name}.inputs.{view}"
        if view in taken:
            problems.append(f"{place}: must not be called like a step of the job; choose another name")
        with problems.gathered():
            _read_input(spark, place, given, pins).createOrReplaceTempView(view)
    file = Path(source.query or "")
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        problems.append(f"sources.{name}.query: must be a readable file, got {str(file)!r}: {error}")
    problems.refuse()
    try:
        # As a subquery nothing but a SELECT is valid: a mapping changes no table.
        return spark.sql(_AS_SUBQUERY.format(text=text.strip().rstrip(";")))
    except (AnalysisException, ParseException) as error:
        raise ConfigurationError(
            f"sources.{name}.query: {file.name} must be one valid SELECT, got: {_first_line(error)}"
        ) from error


def _open(spark: SparkSession, name: str, source: Source, customer_key: str, pins: Pins) -> DataFrame:
    if source.query is None:
        frame = _read_input(spark, f"sources.{name}", source, pins)
        text_allowed = source.format == "csv"
    else:
        frame = _query(spark, name, source, pins)
        text_allowed = any(given.format == "csv" for given in source.inputs.values())
    return _conform(frame, name, source, customer_key, text_allowed)


def open_sources(spark: SparkSession, settings: Settings, pins: Pins) -> dict[str, DataFrame]:
    """The sources with all their rows.

    Args:
        spark: the session.
        settings: with the sources.
        pins: versions to read, and to which what was read is added.

    Returns:
        The configured sources with the columns of `KINDS`, NULL where a value is missing or can't be read;
        `<column>_given`, whether there was a value, of those that are not text; and `source_row`, the row as
        it came.

    Raises:
        ConfigurationError: a missing table, a missing or wrongly typed column, a query that isn't valid;
            all problems of all sources at once.
    """
    frames: dict[str, DataFrame] = {}
    problems = Problems()
    for name, source in settings.sources.configured().items():
        with problems.gathered():
            frames[name] = _open(spark, name, source, settings.customer_key, pins)
    problems.refuse()
    return frames
