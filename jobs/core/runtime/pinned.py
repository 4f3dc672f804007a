"""The settings of a session that answers depend on: one value each, whatever the session came with."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from pyspark.errors import PySparkException
from pyspark.sql import SparkSession

from jobs.core.runtime.errors import Problems

_TIME_ZONE = "spark.sql.session.timeZone"
_DELTA_DEFAULT = "spark.databricks.delta.properties.defaults"
PINNED = {
    # Without it Delta's parser drops the values that scripts bind to :markers (delta-io/delta#7640).
    "spark.sql.legacy.parameterSubstitution.constantsOnly": "true",
    # What a query says: how its text is read, and whose columns, relations and functions its names mean.
    "spark.sql.caseSensitive": "false",
    "spark.sql.ansi.doubleQuotedIdentifiers": "false",
    "spark.sql.ansi.enforceReservedKeywords": "false",
    "spark.sql.ansi.relationPrecedence": "false",
    "spark.sql.functionResolution.sessionOrder": "second",
    "spark.sql.groupByAliases": "true",
    "spark.sql.groupByOrdinal": "true",
    "spark.sql.lateralColumnAlias.enableImplicitResolution": "true",
    "spark.sql.legacy.bangEqualsNot": "false",
    "spark.sql.legacy.consecutiveStringLiterals.enabled": "false",
    "spark.sql.legacy.ctePrecedencePolicy": "CORRECTED",
    "spark.sql.legacy.exponentLiteralAsDecimal.enabled": "false",
    "spark.sql.legacy.parseQueryWithoutEof": "false",
    "spark.sql.legacy.parser.havingWithoutGroupByAsWhere": "false",
    "spark.sql.legacy.setopsPrecedence.enabled": "false",
    "spark.sql.orderByOrdinal": "true",
    "spark.sql.parser.escapedStringLiterals": "false",
    "spark.sql.parser.quotedRegexColumnNames": "false",
    "spark.sql.retainGroupColumns": "true",
    "spark.sql.variable.substitute": "false",  # ${env:...} would make a mapping query say what a machine says
    # What it computes: errors instead of NULL, types of results, functions that older versions had otherwise.
    "spark.sql.ansi.enabled": "true",
    "spark.sql.chunkBase64String.enabled": "true",
    "spark.sql.crossJoin.enabled": "true",
    "spark.sql.decimalOperations.allowPrecisionLoss": "true",
    "spark.sql.function.concatBinaryAsString": "false",
    "spark.sql.function.eltOutputAsString": "false",
    "spark.sql.icu.caseMappings.enabled": "true",
    "spark.sql.json.enablePartialResults": "true",
    "spark.sql.jsonGenerator.ignoreNullFields": "true",
    "spark.sql.legacy.allowNegativeScaleOfDecimal": "false",
    "spark.sql.legacy.castComplexTypesToString.enabled": "false",
    "spark.sql.legacy.codingErrorAction": "false",
    "spark.sql.legacy.collationAwareHashFunctions": "false",
    "spark.sql.legacy.createEmptyCollectionUsingStringType": "false",
    "spark.sql.legacy.decimal.retainFractionDigitsOnTruncate": "false",
    "spark.sql.legacy.disableMapKeyNormalization": "false",
    "spark.sql.legacy.followThreeValuedLogicInArrayExists": "true",
    "spark.sql.legacy.groupingIdWithAppendedUserGroupBy": "false",
    "spark.sql.legacy.integerGroupingId": "false",
    "spark.sql.legacy.interval.enabled": "false",
    "spark.sql.legacy.javaCharsets": "false",
    "spark.sql.legacy.json.allowEmptyString.enabled": "false",
    "spark.sql.legacy.literal.pickMinimumPrecision": "true",
    "spark.sql.legacy.lpadRpadAlwaysReturnString": "false",
    "spark.sql.legacy.negativeIndexInArrayInsert": "false",
    "spark.sql.legacy.nullInEmptyListBehavior": "false",
    "spark.sql.legacy.percentileDiscCalculation": "false",
    "spark.sql.legacy.scalarSubqueryCountBugBehavior": "false",
    "spark.sql.legacy.sizeOfNull": "true",
    "spark.sql.legacy.statisticalAggregate": "false",
    "spark.sql.legacy.timeParserPolicy": "CORRECTED",
    "spark.sql.legacy.truncateForEmptyRegexSplit": "false",
    "spark.sql.mapKeyDedupPolicy": "EXCEPTION",
    "spark.sql.timestampType": "TIMESTAMP_LTZ",
    # What is read: every file whole and as it is now, or an error; never less without a word.
    "spark.databricks.delta.stalenessLimit": "0ms",
    "spark.sql.columnNameOfCorruptRecord": "_corrupt_record",
    "spark.sql.csv.parser.columnPruning.enabled": "true",
    "spark.sql.files.ignoreCorruptFiles": "false",
    "spark.sql.files.ignoreInvalidPartitionPaths": "false",
    "spark.sql.files.ignoreMissingFiles": "false",
    "spark.sql.legacy.charVarcharAsString": "false",
    "spark.sql.legacy.parquet.returnNullStructIfAllFieldsMissing": "false",
    "spark.sql.parquet.binaryAsString": "false",
    "spark.sql.parquet.datetimeRebaseModeInRead": "CORRECTED",
    "spark.sql.parquet.inferTimestampNTZ.enabled": "true",
    "spark.sql.parquet.int96AsTimestamp": "true",
    "spark.sql.parquet.int96RebaseModeInRead": "CORRECTED",
    "spark.sql.parquet.int96TimestampConversion": "false",
    "spark.sql.parquet.mergeSchema": "false",
    "spark.sql.parquet.respectSummaryFiles": "false",
    "spark.sql.readSideCharPadding": "true",
    "spark.sql.sources.partitionColumnTypeInference.enabled": "true",
    "spark.sql.timeTravelVersionKey": "versionAsOf",
    # What is written: the rows of the date and no others, in tables that every reader can open. Databricks
    # has other defaults of Delta's, and a workspace may have its own.
    "spark.databricks.delta.replaceWhere.constraintCheck.enabled": "true",
    "spark.databricks.delta.replaceWhere.dataColumns.enabled": "true",
    "spark.databricks.delta.schema.autoMerge.enabled": "false",
    "spark.sql.parquet.datetimeRebaseModeInWrite": "CORRECTED",
    "spark.sql.parquet.int96RebaseModeInWrite": "CORRECTED",
    "spark.sql.parquet.writeLegacyFormat": "false",
    "spark.sql.sources.partitionOverwriteMode": "STATIC",
    "spark.sql.storeAssignmentPolicy": "ANSI",
    f"{_DELTA_DEFAULT}.appendOnly": "false",
    f"{_DELTA_DEFAULT}.checkpointPolicy": "classic",
    f"{_DELTA_DEFAULT}.columnMapping.mode": "none",
    f"{_DELTA_DEFAULT}.enableChangeDataFeed": "false",
    f"{_DELTA_DEFAULT}.enableDeletionVectors": "false",
    f"{_DELTA_DEFAULT}.enableInCommitTimestamps": "false",
    f"{_DELTA_DEFAULT}.enableRowTracking": "false",
    f"{_DELTA_DEFAULT}.enableTypeWidening": "false",
    f"{_DELTA_DEFAULT}.minReaderVersion": "1",
    f"{_DELTA_DEFAULT}.minWriterVersion": "2",
}


# Set where a platform allows it; elsewhere a source that needs one of them is refused, with what can be done.
_WISHED = {
    # Versions of sources that a run recorded are read, however old: Delta tries, if their files are there.
    "spark.databricks.delta.vacuum.enforceTimeTravelWithinDeletedFileRetentionDuration": "false",
    # Without these a file is refused for a column that nobody uses.
    "spark.sql.timeType.enabled": "true",
    "spark.sql.legacy.parquet.nanosAsLong": "true",
    # Rows that are together by customer are joined by date and customer as they are, not sent again; with it
    # features of profiles have two shuffles fewer.
    "spark.sql.requireAllClusterKeysForCoPartition": "false",
}


def pin(spark: SparkSession, time_zone: str) -> None:
    """Gives a session what answers depend on.

    Args:
        spark: the session.
        time_zone: in which timestamps become dates.

    Raises:
        ConfigurationError: settings that can't be set here have other values; all of them at once.
    """
    problems = Problems()
    for key, value in {**PINNED, _TIME_ZONE: time_zone}.items():
        try:
            spark.conf.set(key, value)
        except PySparkException:
            there = _value(spark, key)
            # What can be neither set nor read here, nobody has changed.
            if there is not None and there.lower() != value.lower():
                problems.append(
                    f"{key}: must be {value} for the same answers everywhere, got {there}, and this platform "
                    f"lets no job set it; set it where the cluster or warehouse is configured"
                )
    problems.refuse()
    for key, value in _WISHED.items():
        with suppress(PySparkException):
            spark.conf.set(key, value)


def _value(spark: SparkSession, key: str) -> str | None:
    try:
        return spark.conf.get(key)
    except PySparkException:
        return None


@contextmanager
def settings_restored(spark: SparkSession) -> Iterator[None]:
    """Puts a session's settings back afterwards, in any outcome: also those that were not set before."""
    before = spark.conf.getAll

    def put_back() -> None:
        now = spark.conf.getAll
        for key in now.keys() - before.keys():
            spark.conf.unset(key)
        for key, value in before.items():
            if now.get(key) != value:
                spark.conf.set(key, value)

    with undone(put_back):
        yield


@contextmanager
def undone(undo: Callable[[], None]) -> Iterator[None]:
    """Undoes something afterwards, in any outcome; what went wrong first is what matters."""
    try:
        yield
    except BaseException as error:
        try:
            undo()
        except Exception as second:
            error.add_note(f"and the session could not be put back as it was: {second}")
        raise
    undo()
