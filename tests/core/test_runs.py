"""What `runs` tells beside the published tables themselves."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from jobs.core.model import ScoringModel, load_model
from jobs.core.runs import RunLog, Snapshot
from jobs.core.settings import Settings
from jobs.core.sources import Pins
from jobs.core.tables import Location, OutputTables

MODEL = load_model("profitability_adherence")
FIRST = Snapshot(date(2024, 6, 30), "run 1", Pins(), {"fct_revenues": 12})
SECOND = Snapshot(date(2024, 3, 31), "run 2", Pins(), {"fct_revenues": 5})


def settings(path: Path) -> Settings:
    sources = {name: {"path": str(path / name)} for name in ("fct_revenues", "dim_accounts")}
    return Settings.model_validate({"sources": sources, "output": {"path": str(path)}, "model": MODEL.name})


@pytest.fixture
def log(spark: SparkSession, tmp_path: Path) -> RunLog:
    found = RunLog(OutputTables(spark, Location(path=str(tmp_path))), settings(tmp_path), {})
    found.prepare(MODEL)
    for snapshot in (FIRST, SECOND):
        found.tell("started", MODEL, snapshot)
        found.tell("published", MODEL, snapshot)
    return found


def test_a_day_that_is_told_again_keeps_what_it_was_made_with(log: RunLog) -> None:
    published = log.published(MODEL.name)[FIRST.as_of]
    changed: ScoringModel = MODEL.model_copy(update={"description": "another version"})
    assert log.is_of(MODEL, published)
    assert not log.is_of(changed, published)

    log.tell("published", changed, replace(published, previous_run_id="run 2"))

    again = log.published(MODEL.name)[FIRST.as_of]
    assert again.previous_run_id == "run 2"
    assert again.configuration == published.configuration
    # Rows of sources are compared with those of the run that began last, not of the one told last.
    assert log.latest_source_rows() == {"fct_revenues": 5}


def test_a_day_that_was_begun_to_be_compared_again_is_disturbed(log: RunLog) -> None:
    published = log.published(MODEL.name)
    assert log.disturbed(MODEL.name, published) == set()

    log.tell("started", MODEL, published[FIRST.as_of])

    assert log.published(MODEL.name)[FIRST.as_of].run_id == "run 1"
    assert log.disturbed(MODEL.name, published) == {FIRST.as_of}
    log.tell("published", MODEL, published[FIRST.as_of])
    assert log.disturbed(MODEL.name, published) == set()


def test_a_day_that_an_earlier_run_of_it_was_compared_again_beside_is_disturbed(log: RunLog) -> None:
    earlier = log.published(MODEL.name)[FIRST.as_of]
    later = replace(FIRST, run_id="run 3")
    log.tell("started", MODEL, later)
    log.tell("published", MODEL, later)
    assert log.disturbed(MODEL.name, log.published(MODEL.name)) == set()

    log.tell("started", MODEL, earlier)

    assert log.disturbed(MODEL.name, log.published(MODEL.name)) == {FIRST.as_of}
