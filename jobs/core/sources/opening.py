"""Reads the sources, each as one view of the columns that the SQL expects, in their types."""

from pathlib import Path

from pyspark.errors import AnalysisException, ParseException
from pyspark.sql import DataFrame, SparkSession

from jobs.core.config.settings import Settings, Source
from jobs.core.runtime.errors import ConfigurationError, Problems, first_line
from jobs.core.runtime.names import make_view
from jobs.core.sources.columns import conform, origins
from jobs.core.sources.files import Opened, open_input
from jobs.core.sources.mapping_query import check_mapping_query, over_inputs
from jobs.core.sources.source_versions import SourceVersions
from jobs.core.sources.text_values import DEFAULT_FORM


def key_is_name(settings: Settings) -> bool:
    """Whether the customer's key and name are the same column of the facts."""
    columns = settings.sources.columns_of("fct_revenues")
    found, _ = origins("fct_revenues", columns, settings.sources.fct_revenues, settings.customer_key)
    return found["customer_key"].lower() == found["customer_name"].lower()


def _query(
    spark: SparkSession, name: str, source: Source, source_versions: SourceVersions, inputs: dict[str, Opened]
) -> DataFrame:
    """The rows of a mapping query; its inputs stay as views, which some sessions read late."""
    problems = Problems()
    frames: dict[str, DataFrame] = {}
    for view, given in source.inputs.items():
        place = f"sources.{name}.inputs.{view}"
        with problems.gathered():
            inputs[view] = open_input(spark, place, given, source_versions, of_query=True)
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
            f"sources.{name}.query: {file.name} must be one valid SELECT, got: {first_line(error)}"
        ) from error


def _open(
    spark: SparkSession, name: str, source: Source, settings: Settings, source_versions: SourceVersions
) -> DataFrame:
    columns, customer_key = settings.sources.columns_of(name), settings.customer_key
    if source.query is None:
        opened = open_input(spark, f"sources.{name}", source, source_versions)
        return conform(opened, name, columns, source, customer_key)
    inputs: dict[str, Opened] = {}
    frame = _query(spark, name, source, source_versions, inputs)
    # What a text means is known of files, and a query passes it on.
    from_files = [opened for opened in inputs.values() if opened.texts]
    if len({opened.form for opened in from_files}) > 1:
        raise ConfigurationError(
            f"sources.{name}.inputs: must have the same decimal and date_format in all of a query's CSV files"
        )
    form = from_files[0].form if from_files else DEFAULT_FORM
    texts = frozenset(frame.columns if from_files else [])
    rows = conform(Opened(frame, texts, form), name, columns, source, customer_key)
    for opened in from_files:
        if opened.has_unreadable:
            rows = rows.unionByName(opened.unreadable(), allowMissingColumns=True)
    return rows


def open_sources(
    spark: SparkSession, settings: Settings, source_versions: SourceVersions
) -> dict[str, DataFrame]:
    """The sources with all their rows.

    Args:
        spark: the session.
        settings: with the sources.
        source_versions: versions to read, and to which what was read is added.

    Returns:
        The configured sources with their columns of conf/sources.yaml, NULL where a value is missing or can't
        be read; `<column>_given`, whether there was a value, of those that are not text; `<column>_rounded`,
        whether its decimals were cut, of amounts; `source_row`, the row as it came; and the columns of
        rows.of_record.

    Raises:
        ConfigurationError: a missing table, a missing or wrongly typed column, a query that isn't valid;
            all problems of all sources at once.
        BadDataError: a file that can't be read.
    """
    frames: dict[str, DataFrame] = {}
    problems = Problems()
    for name, source in settings.sources.configured().items():
        with problems.gathered():
            frames[name] = _open(spark, name, source, settings, source_versions)
    problems.refuse()
    return frames
