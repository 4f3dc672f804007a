"""What `runs` tells beside the published tables themselves."""

import json
from dataclasses import replace
from datetime import date
from decimal import Decimal
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


def test_models_are_told_apart_by_what_is_not_recorded_of_them(log: RunLog) -> None:
    def described(place: str) -> ScoringModel:
        return MODEL.model_copy(update={"description": place})

    log.tell("published", described("of s3://KEY:one@bucket"), FIRST)

    (published,) = [found for found in log.published(MODEL.name).values() if found.run_id == FIRST.run_id]
    assert published.configuration is not None
    assert json.loads(published.configuration[0])["model"]["description"] == "of s3://***@bucket"
    assert log.is_of(described("of s3://KEY:one@bucket"), published)
    assert not log.is_of(described("of s3://KEY:two@bucket"), published)


@pytest.mark.parametrize("name", ["tokens", "high_token_usage", "password"])
def test_a_threshold_may_have_any_name(log: RunLog, name: str) -> None:
    def bounded(value: str) -> ScoringModel:
        return MODEL.model_copy(update={"thresholds": {**MODEL.thresholds, name: Decimal(value)}})

    log.tell("published", bounded("70"), FIRST)

    published = log.published(MODEL.name)[FIRST.as_of]
    assert published.configuration is not None
    assert json.loads(published.configuration[0])["model"]["thresholds"][name] == "70"
    assert log.is_of(bounded("70"), published)
    assert not log.is_of(bounded("71"), published)


def test_a_snapshot_of_an_earlier_version_is_of_its_model(log: RunLog) -> None:
    published = log.published(MODEL.name)[FIRST.as_of]
    assert published.configuration is not None
    earlier = published.configuration._replace(model_hash=None)
    assert log.is_of(MODEL, replace(published, configuration=earlier))
    changed = MODEL.model_copy(update={"description": "another version"})
    assert not log.is_of(changed, replace(published, configuration=earlier))
    # Its redaction could break the text.
    broken = earlier._replace(text='{"tokens": ***')
    assert not log.is_of(MODEL, replace(published, configuration=broken))


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
