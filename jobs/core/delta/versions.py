"""Delta tables at their versions."""

from pyspark.errors import AnalysisException
from pyspark.sql import DataFrame, SparkSession


def latest_version(spark: SparkSession, identifier: str) -> int | None:
    """The version that a Delta table has now; None if it is no Delta table, or there is none."""
    try:
        history = spark.sql(f"DESCRIBE HISTORY {identifier} LIMIT 1").collect()
    except AnalysisException:
        return None
    return int(history[0]["version"])


def read_version(spark: SparkSession, identifier: str, version: int) -> DataFrame:
    """A Delta table as it was at a version."""
    return spark.read.option("versionAsOf", version).table(identifier)
