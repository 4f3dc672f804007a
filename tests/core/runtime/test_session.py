"""The session and its settings."""

from collections.abc import Iterator
from contextlib import nullcontext
from types import SimpleNamespace
from typing import Any

import pytest
from pyspark.errors import AnalysisException, PySparkException
from pyspark.sql import SparkSession

from jobs.core.runtime import session
from jobs.core.runtime.errors import BadDataError, ConfigurationError
from jobs.core.runtime.names import make_view
from jobs.core.runtime.pinned import PINNED, pin, settings_restored, undone
from jobs.core.runtime.resources import resource
from tests.settings import OTHER_VALUES

BIND_MARKERS = "spark.sql.legacy.parameterSubstitution.constantsOnly"
TIME_ZONE = "spark.sql.session.timeZone"
ANSI = "spark.sql.ansi.enabled"


@pytest.fixture
def kept(spark: SparkSession) -> Iterator[SparkSession]:
    """The session, whose settings are set back after the test."""
    with settings_restored(spark):
        yield spark


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


def test_every_pinned_setting_is_set_whatever_the_session_came_with(kept: SparkSession) -> None:
    for key, value in {**OTHER_VALUES, TIME_ZONE: "Asia/Kolkata"}.items():
        kept.conf.set(key, value)
    pin(kept, "UTC")
    assert {key: kept.conf.get(key) for key in PINNED} == PINNED
    assert kept.conf.get(TIME_ZONE) == "UTC"


@pytest.mark.parametrize(
    "outcome", [None, ConfigurationError, BadDataError, RuntimeError, KeyboardInterrupt, SystemExit]
)
def test_given_session_is_as_it_was_after_any_outcome(
    kept: SparkSession, outcome: type[BaseException] | None
) -> None:
    kept.conf.set(ANSI, "false")
    kept.conf.unset("spark.sql.caseSensitive")
    kept.sql("SELECT 'mine' AS whose").createOrReplaceTempView("events")
    before = state(kept)

    with (
        pytest.raises(outcome) if outcome else nullcontext(),
        session.borrowed_session("another name", time_zone="America/New_York") as spark,
    ):
        assert spark is kept
        assert spark.conf.get(ANSI) == "true"
        make_view(spark.sql("SELECT 'ours' AS whose"), "events")
        spark.conf.set("spark.sql.shuffle.partitions", "5")
        if outcome:
            raise outcome

    assert state(kept) == before


def state(spark: SparkSession) -> dict[str, Any]:
    """What of a session is its user's."""
    return {
        "settings": spark.conf.getAll,
        "place": (spark.catalog.currentCatalog(), spark.catalog.currentDatabase()),
        "views": {t.name: spark.table(t.name).collect() for t in spark.catalog.listTables() if t.isTemporary},
    }


def test_what_went_wrong_first_is_told_if_the_session_is_lost_too() -> None:
    def lost() -> None:
        raise RuntimeError("no session")

    with pytest.raises(BadDataError) as told, undone(lost):
        raise BadDataError("bad")
    assert told.value.__notes__ == ["and the session could not be put back as it was: no session"]


class Conf:
    """Settings of a platform that lets no job set them."""

    def __init__(self, **known: str) -> None:
        self._known = {key.replace("__", "."): value for key, value in known.items()}

    def set(self, key: str, _: str) -> None:
        raise PySparkException(f"{key} can't be set here")

    def get(self, key: str) -> str:
        if key not in self._known:
            raise PySparkException(f"{key} is not available here")
        return self._known[key]


def test_settings_that_cannot_be_set_are_refused_all_at_once_if_they_differ() -> None:
    there = Conf(
        spark__sql__ansi__enabled="false",
        spark__sql__caseSensitive="TRUE",
        spark__sql__session__timeZone="UTC",
    )
    with pytest.raises(ConfigurationError) as told:
        pin(SimpleNamespace(conf=there), "UTC")  # type: ignore[arg-type]  # all that it uses
    remedy = (
        "for the same answers everywhere, got {}, and this platform lets no job set it; set it where the "
        "cluster or warehouse is configured"
    )
    assert told.value.problems == (
        f"spark.sql.caseSensitive: must be false {remedy.format('TRUE')}",
        f"spark.sql.ansi.enabled: must be true {remedy.format('false')}",
    )


def test_settings_that_cannot_be_set_but_are_as_needed_are_taken() -> None:
    pin(SimpleNamespace(conf=Conf(spark__sql__ansi__enabled="TRUE")), "UTC")  # type: ignore[arg-type]  # all that it uses


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
            f"{BIND_MARKERS} can go from pinned.py, and this test with it"
        )
