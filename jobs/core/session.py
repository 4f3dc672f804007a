"""The Spark session: the one that is given, or a local one."""

import os
from pathlib import Path

from pyspark.sql import SparkSession

from jobs.core.java import use_java
from jobs.core.resources import resource

# Without it Delta's parser drops the values bound to :markers (delta-io/delta#7640).
_BIND_MARKERS = "spark.sql.legacy.parameterSubstitution.constantsOnly"
_JAVA_OPTIONS = "spark.driver.extraJavaOptions"
# Set by spark-submit, Databricks and Spark Connect: there a session's settings are not ours to choose.
_GIVEN_BY = ("PYSPARK_GATEWAY_PORT", "DATABRICKS_RUNTIME_VERSION", "SPARK_REMOTE")


def properties(text: str) -> dict[str, str]:
    """Spark properties as spark-submit reads them from a file: `key value` lines, `#` comments."""
    lines = (line.strip() for line in text.splitlines())
    pairs = (line.split(maxsplit=1) for line in lines if line and not line.startswith("#"))
    return {key: value.strip() for key, value in pairs}


def open_session(app_name: str, log_file: Path | None = None, time_zone: str = "UTC") -> SparkSession:
    """The session to work in.

    Under spark-submit, on Databricks, with Spark Connect or beside a session that is already there it is
    the given one; otherwise a local one with the settings of `conf/spark/local.conf`.

    Args:
        app_name: shown in Spark's own pages.
        log_file: where a local session's log goes (default: Spark's own choice, the console).
        time_zone: in which timestamps become dates.

    Raises:
        ConfigurationError: no Java that can run Spark was found.
    """
    given = any(name in os.environ for name in _GIVEN_BY) or SparkSession.getActiveSession() is not None
    if not given:
        use_java()
    builder = SparkSession.builder.appName(app_name)
    if not given:
        settings = properties(resource("conf", "spark", "local.conf").read_text())
        if log_file is not None:
            log_settings = resource("conf", "spark", "log4j2.properties")
            settings[_JAVA_OPTIONS] += (
                f' -Dlog4j2.configurationFile="file:{log_settings}" -Dcustomer_tiers.log="{log_file}"'
            )
        for key, value in settings.items():
            builder = builder.config(key, value)
    spark = builder.getOrCreate()
    # What the answers depend on, whatever the session came with.
    spark.conf.set("spark.sql.session.timeZone", time_zone)
    spark.conf.set("spark.sql.ansi.enabled", "true")
    if spark.conf.isModifiable(_BIND_MARKERS):
        spark.conf.set(_BIND_MARKERS, "true")
    return spark


def session_lives(spark: SparkSession) -> bool:
    """Whether the session still answers; one that is lost fails at whatever it is asked."""
    try:
        return bool(spark.sql("SELECT 1").collect())
    except Exception:  # in whatever way
        return False
