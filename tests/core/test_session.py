"""The session and its settings."""

from collections.abc import Iterator

import pytest
from pyspark.errors import AnalysisException
from pyspark.sql import SparkSession

from jobs.core import session
from jobs.core.resources import resource

BIND_MARKERS = "spark.sql.legacy.parameterSubstitution.constantsOnly"
TIME_ZONE = "spark.sql.session.timeZone"
ANSI = "spark.sql.ansi.enabled"


@pytest.fixture
def kept(spark: SparkSession) -> Iterator[SparkSession]:
    """The session, whose settings are set back after the test."""
    before = {key: spark.conf.get(key) for key in (BIND_MARKERS, TIME_ZONE, ANSI)}
    yield spark
    for key, value in before.items():
        spark.conf.set(key, value)


def test_properties_are_read_as_spark_submit_reads_them() -> None:
    text = "# a comment\n\nspark.master   local[*]\n  spark.app.name\ta name with spaces  \n#spark.x y\n"
    assert session.properties(text) == {"spark.master": "local[*]", "spark.app.name": "a name with spaces"}


def test_shipped_properties_switch_delta_on() -> None:
    shipped = session.properties(resource("conf", "spark", "local.conf").read_text())
    assert shipped["spark.sql.extensions"] == "io.delta.sql.DeltaSparkSessionExtension"
    catalog = "org.apache.spark.sql.delta.catalog.DeltaCatalog"
    assert shipped["spark.sql.catalog.spark_catalog"] == catalog
    assert all(key.startswith("spark.") for key in shipped)


def test_session_that_is_there_is_taken(kept: SparkSession, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_java() -> None:
        pytest.fail("a given session needs no Java of ours")

    monkeypatch.setattr(session, "use_java", no_java)
    assert session.open_session("customer-tiers tests", time_zone="UTC") is kept


def test_what_answers_depend_on_is_set_whatever_the_session_came_with(kept: SparkSession) -> None:
    kept.conf.set(ANSI, "false")
    kept.conf.set(BIND_MARKERS, "false")
    session.open_session("customer-tiers tests", time_zone="America/New_York")
    assert kept.conf.get(ANSI) == "true"
    assert kept.conf.get(BIND_MARKERS) == "true"
    assert kept.sql("SELECT CAST(TIMESTAMP '2024-01-01 02:00:00Z' AS DATE) AS day").collect()[0][0].day == 31


def test_values_are_bound_to_markers(spark: SparkSession) -> None:
    assert spark.sql("SELECT :a + 1 AS b", args={"a": 1}).collect()[0]["b"] == 2


def test_setting_that_binds_markers_is_still_needed(kept: SparkSession) -> None:
    kept.conf.set(BIND_MARKERS, "false")
    try:
        bound = kept.sql("SELECT :a AS a", args={"a": 1}).collect()
    except AnalysisException as error:
        assert "UNBOUND_SQL_PARAMETER" in str(error)  # noqa: PT017
    else:
        pytest.fail(
            f"Delta's parser binds :markers by itself now (got {bound}): "
            f"{BIND_MARKERS} can go from session.py, and this test with it"
        )
