"""Opens stored tables as they are: files by their names, Delta tables at their versions."""

import re
from dataclasses import dataclass
from urllib.parse import unquote

from pyspark.errors import AnalysisException, ArithmeticException, PySparkException
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F  # noqa: N812
from pyspark.sql import types as T  # noqa: N812

from jobs.core.config.inputs import WIDE, Input
from jobs.core.delta.identifiers import path_identifier, quoted, quoted_column
from jobs.core.delta.versions import latest_version, read_version
from jobs.core.runtime.errors import ConfigurationError
from jobs.core.sources.csv_form import decoded
from jobs.core.sources.csv_source import RECORD, read_records
from jobs.core.sources.parquet_footer import unreadable_columns
from jobs.core.sources.read_errors import read_errors_told
from jobs.core.sources.rows import of_record
from jobs.core.sources.source_versions import SourceVersions
from jobs.core.sources.text_values import DEFAULT_FORM, TextForm

# Why a version can't be read any more.
_TOO_OLD = {
    "DELTA_UNSUPPORTED_TIME_TRAVEL_BEYOND_DELETED_FILE_RETENTION_DURATION": (
        "is older than its delta.deletedFileRetentionDuration. If the files are still there,"
    ),
    "DELTA_VERSION_NOT_FOUND": (
        "is gone: its log goes back by its delta.logRetentionDuration, 30 days unless set. For runs to come"
    ),
}
_PATTERN_SIGNS = re.compile(r"([\\*?\[\]{}])")


@dataclass(frozen=True)
class Opened:
    """An input as it is stored.

    Attributes:
        frame: its rows; of CSV files with `csv_source.RECORD`.
        texts: the columns that hold as text what may be something else: all of a CSV file, and those of
            partition folders.
        form: how they hold it.
        has_unreadable: some records can't be read as rows, as far as it is known.
    """

    frame: DataFrame
    texts: frozenset[str] = frozenset()
    form: TextForm = DEFAULT_FORM
    has_unreadable: bool = False

    def readable(self) -> DataFrame:
        """The rows that could be read, with the columns of the input alone."""
        if not self.has_unreadable:
            return self.frame.drop(RECORD)
        return self.frame.where(~self._is_unreadable()).drop(RECORD)

    def unreadable(self) -> DataFrame:
        """The columns of rows.of_record, of the rows that could not be read."""
        return self.frame.where(self._is_unreadable()).select(of_record(self.frame))

    def _is_unreadable(self) -> Column:
        return F.col(f"{quoted_column(RECORD)}.unread").isNotNull()


def open_input(
    spark: SparkSession, place: str, given: Input, source_versions: SourceVersions, *, of_query: bool = False
) -> Opened:
    """One stored table, at its pinned version, or the one that it has now, if it is a Delta table.

    Args:
        spark: the session.
        place: of the input in the configuration.
        given: which, and how it is written.
        source_versions: versions to read, and to which what was read is added.
        of_query: a query reads it, so that it must be known whether there are records that can't be read.

    Raises:
        ConfigurationError: it is missing, of another format, or of files that don't fit together.
        BadDataError: a file can't be read.
    """
    name = place.removeprefix("sources.")
    with read_errors_told(place):
        try:
            if given.format == "csv":
                return _open_csv(spark, place, given, source_versions, of_query=of_query)
            if given.format == "parquet":
                frame, partitions = _load(spark, given, "parquet")
                _refuse_delta(spark, place, given, frame)
                return Opened(source_versions.pin_files(name, frame), partitions)
            return Opened(_open_table(spark, place, given, source_versions))
        except (AnalysisException, ArithmeticException) as error:
            too_old = _TOO_OLD.get(error.getCondition() or "")
            if too_old is not None:
                table = path_identifier(given.path) if given.path else given.table
                raise ConfigurationError(
                    f"{place}: must keep its history for as long as runs are to be reproduced; version "
                    f"{source_versions.tables[name]} {too_old} its owner can have it kept: ALTER TABLE "
                    f"{table} SET TBLPROPERTIES ('delta.logRetentionDuration' = 'interval 3650 days', "
                    "'delta.deletedFileRetentionDuration' = 'interval 3650 days')"
                ) from error
            raise ConfigurationError(
                f"{place}: must be an existing table, got {given.path or given.table!r}"
                f"{why_not_opened(spark, error, _path(given))}"
            ) from error


def as_name(path: str) -> str:
    """A path as Spark takes it for a name: by itself it takes it for a pattern."""
    return _PATTERN_SIGNS.sub(r"\\\1", path)


def why_not_opened(spark: SparkSession, error: PySparkException, path: str) -> str:
    """What is known of a table that can't be opened, in our own words.

    Args:
        spark: the session.
        error: of Spark.
        path: of its files, as Spark takes it.
    """
    condition = error.getCondition() or ""
    if condition == "PATH_NOT_FOUND":
        return ", which isn't there"
    if condition.startswith("UNABLE_TO_INFER_SCHEMA"):
        return ", which holds no files of its format"
    if "PARQUET_TYPE" in condition or condition == "DECIMAL_PRECISION_EXCEEDS_MAX_PRECISION":
        named = ", ".join(unreadable_columns(spark, path))
        columns = named or (error.getMessageParameters() or {}).get("parquetType", "")
        return (
            f", which has columns of types that Spark can't read; cast them to others in its files: {columns}"
        )
    if condition == "UNSUPPORTED_TIME_TYPE":
        return ", which has a column of type TIME, and this platform reads none: cast it to a text"
    if condition in {"TABLE_OR_VIEW_NOT_FOUND", "SCHEMA_NOT_FOUND"}:
        return ", which isn't there"
    return f", which can't be opened ({condition or type(error).__name__}; the log has the details)"


def _open_table(spark: SparkSession, place: str, given: Input, source_versions: SourceVersions) -> DataFrame:
    name = place.removeprefix("sources.")
    identifier = path_identifier(given.path) if given.path else quoted(given.table or "")
    version = source_versions.tables.get(name)
    if version is None:
        version = latest_version(spark, identifier)
    if version is not None:
        source_versions.tables[name] = version
        return read_version(spark, identifier, version)
    if given.path:
        raise ConfigurationError(f"{place}.path: must be a Delta table, got {given.path!r}, which isn't one")
    return source_versions.pin_files(name, spark.read.table(identifier))


def _path(given: Input) -> str:
    path = given.path or ""
    return path if given.glob else as_name(path)


def _load(
    spark: SparkSession, given: Input, form: str, **options: str | bool
) -> tuple[DataFrame, frozenset[str]]:
    """Files as they are, and the columns of their folders, which are text: 007 stays so."""
    path = _path(given)
    frame = spark.read.format(form).options(**options).load(path)
    if not any("=" in file for file in frame.inputFiles()):
        return frame, frozenset()
    by_folders = set(spark.read.format("text").load(path).columns) - {"value"}
    fields = [
        T.StructField(each.name, T.StringType()) if each.name in by_folders else each
        for each in frame.schema.fields
    ]
    frame = spark.read.format(form).options(**options).schema(T.StructType(fields)).load(path)
    return frame, frozenset(by_folders)


def _refuse_delta(spark: SparkSession, place: str, given: Input, frame: DataFrame) -> None:
    """Refuses files of a Delta table, among which are those that were replaced or deleted."""
    for file in set(sorted(frame.inputFiles())[:: max(1, len(frame.inputFiles()) - 1)]):
        folder = unquote(file).rsplit("/", 1)[0]
        if latest_version(spark, path_identifier(folder)) is not None:
            raise ConfigurationError(
                f"{place}.format: must be delta, got {given.format} for {given.path!r}, which is a Delta "
                "table: use format: delta"
            )


def _open_csv(
    spark: SparkSession, place: str, given: Input, source_versions: SourceVersions, *, of_query: bool
) -> Opened:
    whole = given.encoding in WIDE
    stored, partitions = _load(spark, given, "text", **({"wholetext": True} if whole else {"lineSep": "\n"}))
    _refuse_delta(spark, place, given, stored)
    source_versions.pin_files(place.removeprefix("sources."), stored)
    text = decoded(F.col("value").cast("binary"), given.encoding)
    file = F.col("_metadata.file_path").alias("file")
    folders = [F.struct(*sorted(partitions)).alias("folders")] if partitions else []
    if whole:
        lines = stored.select(file, F.posexplode(F.split(text, "\n", -1)).alias("place", "line"), *folders)
    else:
        stands = F.struct("_metadata.file_block_start", F.monotonically_increasing_id()).alias("place")
        lines = stored.select(file, stands, text.alias("line"), *folders)
    frame, has_unreadable = read_records(place, given, lines, of_query=of_query)
    form = TextForm(given.decimal, given.date_format)
    return Opened(frame, frozenset(frame.columns), form, has_unreadable)
