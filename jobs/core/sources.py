"""Reads the sources, each as one view of the columns that the SQL expects, in their types."""

from pathlib import Path

from pyspark.errors import AnalysisException, ParseException
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F  # noqa: N812
from pyspark.sql import types as T  # noqa: N812

from jobs.core import money
from jobs.core.csv_source import RECORD
from jobs.core.errors import ConfigurationError, Problems
from jobs.core.mapping_query import check_mapping_query
from jobs.core.names import make_view, over_inputs
from jobs.core.pins import Pins
from jobs.core.resources import resource
from jobs.core.settings import Settings, Source
from jobs.core.source_files import Opened, open_input
from jobs.core.source_rows import as_json_can, of_record, without_padding
from jobs.core.text_values import DEFAULT_FORM, TextForm

# What each kind of column becomes, and which types it may come in. A text file's columns are all text,
# and parsed; a typed source's text is not a date or a number, and guessing would hide a mistake.
_TYPES = {
    "text": "string",
    "date": "date",
    "money": "decimal(18,2)",  # rounded as it is read; an "amount" is added up first (money.py)
    "number": "decimal(18,6)",
    "count": "bigint",
}
_WHOLE = (T.ByteType, T.ShortType, T.IntegerType, T.LongType)
_ACCEPTED: dict[str, tuple[type[T.DataType], ...]] = {
    "text": (T.StringType, *_WHOLE),
    "date": (T.DateType, T.TimestampType, T.TimestampNTZType),
    "money": (T.DecimalType, T.DoubleType, T.FloatType, *_WHOLE),
    "amount": (T.DecimalType, T.DoubleType, T.FloatType, *_WHOLE),
    "number": (T.DecimalType, T.DoubleType, T.FloatType, *_WHOLE),
    "count": _WHOLE,
}
_EXPECTED = {
    "text": "STRING or a whole number",
    "date": "DATE or TIMESTAMP",
    "money": "DECIMAL, DOUBLE, FLOAT or a whole number",
    "amount": "DECIMAL, DOUBLE, FLOAT or a whole number",
    "number": "DECIMAL, DOUBLE, FLOAT or a whole number",
    "count": "a whole number (TINYINT to BIGINT)",
}
# The columns that the SQL reads, and the kind of each.
KINDS = {
    "fct_revenues": {
        "customer_key": "text",
        "customer_name": "text",
        "business_unit": "text",
        "product": "text",
        "event_date": "date",
        "total_revenue": "amount",
        "total_gross_margin": "amount",
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


def _parsed(column: Column, kind: str, form: TextForm | None) -> Column:
    """A column in its kind's type; NULL where a value can't be read as that. `form` is that of text."""
    if form is not None and kind == "date":
        return form.date(column)
    if form is not None and kind != "text":
        column = form.number(column)
    return column.try_cast(_TYPES[kind])


def origins(name: str, source: Source, customer_key: str) -> dict[str, str]:
    """The source column of each column that the SQL reads.

    Args:
        name: of the source.
        source: which may say in `columns` from which column it is read.
        customer_key: the configured name of the key's column.
    """
    given = source.columns
    read = [column for column in KINDS[name] if column in given or column not in _ONLY_MAPPED.get(name, ())]
    found = {column: given.get(column, column) for column in read}
    if "customer_key" in found:
        found["customer_key"] = given.get(customer_key, customer_key)
    return found


def key_is_name(settings: Settings) -> bool:
    """Whether the customer's key and name are the same column of the facts."""
    read = origins("fct_revenues", settings.sources.fct_revenues, settings.customer_key)
    return read["customer_key"].lower() == read["customer_name"].lower()


def _conform(opened: Opened, name: str, source: Source, customer_key: str) -> DataFrame:
    """Renames and types the columns that the SQL reads, and tells which values there were; keeps the row."""
    fields = [each for each in opened.frame.schema.fields if each.name != RECORD]
    names = [each.name for each in fields]
    found = {each.name.lower(): each for each in fields}
    known = [customer_key if column == "customer_key" else column for column in KINDS[name]]
    problems = [
        f"sources.{name}.columns: must map some of {', '.join(known)}, got {key!r}"
        for key in source.columns
        if key not in known
    ]
    read = origins(name, source, customer_key)
    selected = []
    for column, origin in read.items():
        there = found.get(origin.lower())
        if there is None and column in _WHERE_THERE.get(name, ()) and column not in source.columns:
            selected += _absent(name, column)
            continue
        place = f"sources.{name}: column {origin}"
        if there is None:
            problems.append(
                f"{place} must exist ({column} is read from it; name another in sources.{name}.columns), "
                f"got columns {', '.join(names)}"
            )
            continue
        kind = KINDS[name][column]
        is_text = isinstance(there.dataType, T.StringType)
        text_allowed = there.name in opened.texts
        if isinstance(there.dataType, (T.NullType, *_ACCEPTED[kind])) or (text_allowed and is_text):
            origin_column = without_padding(there)
            form = opened.form if is_text else None
            if kind == "amount":
                number = origin_column if form is None else form.number(origin_column)
                selected.append(money.amount(number, there.dataType).alias(column))
                selected.append(money.is_rounded(number, there.dataType).alias(f"{column}_rounded"))
            else:
                selected.append(_parsed(origin_column, kind, form).alias(column))
            if kind != "text":
                selected.append(origin_column.isNotNull().alias(f"{column}_given"))
        else:
            actual = there.dataType.simpleString().upper()
            problems.append(
                f"{place} must be {_EXPECTED[kind]}, got {actual}; convert it in a sources.{name}.query"
            )
    problems += [
        f"sources.{name}.unique_key: must be among {', '.join(names)}, got {key!r}"
        for key in source.unique_key
        if key.lower() not in found
    ]
    if problems:
        raise ConfigurationError(*problems)
    for column in KINDS[name]:
        if column not in read:
            selected += _absent(name, column)
    row = F.struct(*(as_json_can(each) for each in fields))
    return opened.frame.select(*selected, row.alias("source_row"), *of_record(opened.frame))


def _absent(name: str, column: str) -> list[Column]:
    """A column that the source doesn't have: NULL, and never given."""
    kind = KINDS[name][column]
    absent = [F.lit(None).cast(_TYPES[kind]).alias(column)]
    return absent if kind == "text" else [*absent, F.lit(False).alias(f"{column}_given")]


def _first_line(error: Exception) -> str:
    return next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)


def _query(
    spark: SparkSession, name: str, source: Source, pins: Pins, inputs: dict[str, Opened]
) -> DataFrame:
    """The rows of a mapping query; its inputs stay as views, which some sessions read late."""
    problems = Problems()
    stages = [folder for folder in resource("sql").iterdir() if folder.is_dir()]
    taken = {file.name.removesuffix(".sql") for stage in stages for file in stage.iterdir()} | set(KINDS)
    frames: dict[str, DataFrame] = {}
    for view, given in source.inputs.items():
        place = f"sources.{name}.inputs.{view}"
        if view in taken:
            problems.append(f"{place}: must not be called like a step of the job; choose another name")
        with problems.gathered():
            inputs[view] = open_input(spark, place, given, pins, of_query=True)
            frames[view] = inputs[view].readable()
    file = Path(source.query or "")
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        problems.append(f"sources.{name}.query: must be a readable file, got {str(file)!r}: {error}")
    problems.refuse()
    columns = {view: frame.columns for view, frame in frames.items()}
    functions = [row[0] for row in spark.sql("SHOW SYSTEM FUNCTIONS").collect()]
    check_mapping_query(text, columns, functions, f"sources.{name}.query: {file.name}")
    views = {view: make_view(frame, view) for view, frame in frames.items()}
    try:
        return spark.sql(over_inputs(text, views))
    except (AnalysisException, ParseException) as error:
        raise ConfigurationError(
            f"sources.{name}.query: {file.name} must be one valid SELECT, got: {_first_line(error)}"
        ) from error


def _open(spark: SparkSession, name: str, source: Source, customer_key: str, pins: Pins) -> DataFrame:
    if source.query is None:
        opened = open_input(spark, f"sources.{name}", source, pins)
        return _conform(opened, name, source, customer_key)
    inputs: dict[str, Opened] = {}
    frame = _query(spark, name, source, pins, inputs)
    # What a text means is known of files, and a query passes it on.
    from_files = [opened for opened in inputs.values() if opened.texts]
    if len({opened.form for opened in from_files}) > 1:
        raise ConfigurationError(
            f"sources.{name}.inputs: must have the same decimal and date_format in all of a query's CSV files"
        )
    form = from_files[0].form if from_files else DEFAULT_FORM
    texts = frozenset(frame.columns if from_files else [])
    rows = _conform(Opened(frame, texts, form), name, source, customer_key)
    for opened in from_files:
        if opened.has_unreadable:
            rows = rows.unionByName(opened.unreadable(), allowMissingColumns=True)
    return rows


def open_sources(spark: SparkSession, settings: Settings, pins: Pins) -> dict[str, DataFrame]:
    """The sources with all their rows.

    Args:
        spark: the session.
        settings: with the sources.
        pins: versions to read, and to which what was read is added.

    Returns:
        The configured sources with the columns of `KINDS`, NULL where a value is missing or can't be read;
        `<column>_given`, whether there was a value, of those that are not text; `<column>_rounded`, whether
        its decimals were cut, of amounts; `source_row`, the row as it came; and the columns of
        source_rows.of_record.

    Raises:
        ConfigurationError: a missing table, a missing or wrongly typed column, a query that isn't valid;
            all problems of all sources at once.
        BadDataError: a file that can't be read.
    """
    frames: dict[str, DataFrame] = {}
    problems = Problems()
    for name, source in settings.sources.configured().items():
        with problems.gathered():
            frames[name] = _open(spark, name, source, settings.customer_key, pins)
    problems.refuse()
    return frames
