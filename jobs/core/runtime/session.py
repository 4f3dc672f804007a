"""The Spark session: the one that is given, or a local one."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pyspark.errors import PySparkException
from pyspark.sql import SparkSession

from jobs.core.runtime.java import use_java
from jobs.core.runtime.logs import make_log_file
from jobs.core.runtime.names import drop_views
from jobs.core.runtime.pinned import pin, settings_restored, undone
from jobs.core.runtime.resources import resource

JAVA_OPTIONS = "spark.driver.extraJavaOptions"
# Set by spark-submit, Databricks and Spark Connect: there a session's settings are not ours to choose.
_GIVEN_BY = ("PYSPARK_GATEWAY_PORT", "DATABRICKS_RUNTIME_VERSION", "SPARK_REMOTE")


def properties(text: str) -> dict[str, str]:
    """Spark properties as spark-submit reads them from a file: `key value` lines, `#` comments."""
    lines = (line.strip() for line in text.splitlines())
    pairs = (line.split(maxsplit=1) for line in lines if line and not line.startswith("#"))
    return {key: value.strip() for key, value in pairs}


def open_session(app_name: str, log_file: Path | None = None, time_zone: str = "UTC") -> SparkSession:
    """The session to work in, with the settings that answers depend on.

    Under spark-submit, on Databricks, with Spark Connect or beside a session that is already there it is
    the given one; otherwise a local one with the settings of `conf/spark/local.conf`.

    Args:
        app_name: shown in Spark's own pages.
        log_file: where a local session's log goes (default: Spark's own choice, the console).
        time_zone: in which timestamps become dates.

    Raises:
        ConfigurationError: no Java that can run Spark was found, or the given session has settings that
            would change answers and can't be set.
    """
    spark = _session(app_name, log_file)
    pin(spark, time_zone)
    return spark


@contextmanager
def borrowed_session(
    app_name: str, log_file: Path | None = None, time_zone: str = "UTC"
) -> Iterator[SparkSession]:
    """The session as open_session gives it; afterwards, in any outcome, it is as it was before.

    The settings are put back, and the job's views dropped. Neither the current catalog and schema nor a view
    of the user is ever changed.

    Raises:
        ConfigurationError: as open_session.
    """
    spark = _session(app_name, log_file)
    with settings_restored(spark), undone(lambda: drop_views(spark)):
        pin(spark, time_zone)
        yield spark


def _session(app_name: str, log_file: Path | None) -> SparkSession:
    try:
        return SparkSession.active()
    except PySparkException:
        builder = SparkSession.builder.appName(app_name)
    if not any(name in os.environ for name in _GIVEN_BY):
        use_java()
        for key, value in local_settings(log_file).items():
            builder = builder.config(key, value)
    return builder.getOrCreate()


def local_settings(log_file: Path | None) -> dict[str, str]:
    """The settings of a local session, whose log goes to a file if one is given."""
    settings = properties(resource("conf", "spark", "local.conf").read_text())
    if log_file is not None:
        make_log_file(log_file)  # before log4j does, with the modes of the process
        log_settings = resource("conf", "spark", "log4j2.properties")
        settings[JAVA_OPTIONS] += (
            f' -Dlog4j2.configurationFile="file:{log_settings}" -Dcustomer_tiers.log="{log_file}"'
        )
    return settings


def session_lives(spark: SparkSession) -> bool:
    """Whether the session still answers; one that is lost fails at whatever it is asked."""
    try:
        return bool(spark.sql("SELECT 1").collect())
    except Exception:  # in whatever way
        return False
