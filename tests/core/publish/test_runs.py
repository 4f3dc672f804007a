"""What `runs` tells beside the published tables themselves."""

import hashlib
import json
import re
import shutil
import tomllib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, datetime, tzinfo
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from jobs.core.config.model import ScoringModel, load_model
from jobs.core.delta.identifiers import Location
from jobs.core.delta.tables import OutputTables
from jobs.core.publish.counting import disturbed
from jobs.core.publish.provenance import SEMANTICS
from jobs.core.publish.runs import RunLog
from jobs.core.publish.snapshot import Snapshot
from jobs.core.sources.source_versions import SourceVersions
from tests.conftest import CHECKOUT, plain_settings
from tests.readme import counting_runs

MODEL = load_model("profitability_adherence")
FIRST = Snapshot(date(2024, 6, 30), "run 1", SourceVersions(), {"fct_revenues": 12})
SECOND = Snapshot(date(2024, 3, 31), "run 2", SourceVersions(), {"fct_revenues": 5})


def log_in(spark: SparkSession, folder: Path) -> RunLog:
    return RunLog(OutputTables(spark, Location(path=str(folder))), plain_settings(), {})


@pytest.fixture(scope="module")
def two_published(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A log of two dates, which the tests copy."""
    folder = tmp_path_factory.mktemp("two published")
    told = log_in(spark, folder)
    told.prepare(MODEL)
    for snapshot in (FIRST, SECOND):
        told.tell("started", MODEL, snapshot)
        told.tell("published", MODEL, snapshot)
    return folder


@pytest.fixture
def log(spark: SparkSession, two_published: Path, tmp_path: Path) -> RunLog:
    shutil.copytree(two_published, tmp_path, dirs_exist_ok=True)
    return log_in(spark, tmp_path)


def test_a_day_that_is_told_again_keeps_what_it_was_made_with(log: RunLog) -> None:
    published = log.published_snapshots(MODEL.name)[FIRST.as_of]
    changed: ScoringModel = MODEL.model_copy(update={"description": "another version"})
    assert log.is_of(MODEL, published)
    assert not log.is_of(changed, published)

    log.tell("published", changed, replace(published, previous_run_id="run 2"))

    again = log.published_snapshots(MODEL.name)[FIRST.as_of]
    assert again.previous_run_id == "run 2"
    assert again.made_with == published.made_with
    # Rows of sources are compared with those of the run that began last, not of the one told last.
    assert log.latest_source_rows() == {"fct_revenues": 5}


def test_models_are_told_apart_by_what_is_not_recorded_of_them(log: RunLog) -> None:
    def described(place: str) -> ScoringModel:
        return MODEL.model_copy(update={"description": place})

    log.tell("published", described("of s3://KEY:one@bucket"), FIRST)

    (published,) = [
        found for found in log.published_snapshots(MODEL.name).values() if found.run_id == FIRST.run_id
    ]
    assert published.configuration is not None
    assert json.loads(published.configuration[0])["model"]["description"] == "of s3://***@bucket"
    assert log.is_of(described("of s3://KEY:one@bucket"), published)
    assert not log.is_of(described("of s3://KEY:two@bucket"), published)


@pytest.mark.parametrize("name", ["tokens", "high_token_usage", "password"])
def test_a_threshold_may_have_any_name(log: RunLog, name: str) -> None:
    def bounded(value: str) -> ScoringModel:
        return MODEL.model_copy(update={"thresholds": {**MODEL.thresholds, name: Decimal(value)}})

    log.tell("published", bounded("70"), FIRST)

    published = log.published_snapshots(MODEL.name)[FIRST.as_of]
    assert published.configuration is not None
    assert json.loads(published.configuration[0])["model"]["thresholds"][name] == "70"
    assert log.is_of(bounded("70"), published)
    assert not log.is_of(bounded("71"), published)


def test_a_snapshot_of_an_earlier_version_is_of_its_model(log: RunLog) -> None:
    published = log.published_snapshots(MODEL.name)[FIRST.as_of]
    assert published.configuration is not None
    earlier = published.configuration._replace(model_hash=None)
    assert log.is_of(MODEL, replace(published, configuration=earlier))
    changed = MODEL.model_copy(update={"description": "another version"})
    assert not log.is_of(changed, replace(published, configuration=earlier))
    # Its redaction could break the text.
    broken = earlier._replace(text='{"tokens": ***')
    assert not log.is_of(MODEL, replace(published, configuration=broken))


def test_a_day_that_was_begun_to_be_compared_again_is_disturbed(log: RunLog) -> None:
    published = log.published_snapshots(MODEL.name)
    assert disturbed(log.events(MODEL.name)) == set()

    log.tell("started", MODEL, published[FIRST.as_of])

    assert log.published_snapshots(MODEL.name)[FIRST.as_of].run_id == "run 1"
    assert disturbed(log.events(MODEL.name)) == {FIRST.as_of}
    log.tell("published", MODEL, published[FIRST.as_of])
    assert disturbed(log.events(MODEL.name)) == set()


def test_a_day_that_an_earlier_run_of_it_was_compared_again_beside_is_disturbed(log: RunLog) -> None:
    earlier = log.published_snapshots(MODEL.name)[FIRST.as_of]
    later = replace(FIRST, run_id="run 3")
    log.tell("started", MODEL, later)
    log.tell("published", MODEL, later)
    assert disturbed(log.events(MODEL.name)) == set()

    log.tell("started", MODEL, earlier)

    assert disturbed(log.events(MODEL.name)) == {FIRST.as_of}


def test_how_a_run_ended_is_told_once_of_a_model(log: RunLog) -> None:
    other: ScoringModel = MODEL.model_copy(update={"name": "other"})
    before = log.events(MODEL.name)

    log.tell("failed", [MODEL, other], FIRST, "an error after the commit")
    log.tell("refused", MODEL, SECOND)
    log.tell("refused", other, FIRST)

    assert log.events(MODEL.name) == before
    assert [event["status"] for event in log.events("other")] == ["failed"]
    log.tell("failed", MODEL, replace(FIRST, run_id="run 3"))
    assert [event["status"] for event in log.events(MODEL.name)[len(before) :]] == ["failed"]


def stamps(log: RunLog) -> list[int]:
    return [event["happened_at"] for event in log.events(MODEL.name)]


def test_events_are_in_order_though_clocks_differ_and_step_back(
    log: RunLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = len(stamps(log))

    class Clock:
        """Of a machine that is years behind."""

        @staticmethod
        def now(zone: tzinfo) -> datetime:
            return datetime(2001, 1, 1, tzinfo=zone)

    monkeypatch.setattr("jobs.core.delta.stamps.datetime", Clock)
    for number in range(3):
        log.tell("started", MODEL, replace(FIRST, run_id=f"late {number}"))

    found = stamps(log)
    assert [later - earlier for earlier, later in pairwise(found[told - 1 :])] == [1, 1, 1]
    assert [event["run_id"] for event in log.events(MODEL.name)][told:] == ["late 0", "late 1", "late 2"]


def test_events_of_two_at_once_are_all_there_each_at_a_moment_of_its_own(log: RunLog) -> None:
    told = len(stamps(log))
    with ThreadPoolExecutor(2) as pool:
        telling = [
            pool.submit(log.tell, "started", MODEL, replace(FIRST, run_id=f"run {number}"))
            for number in range(4)
        ]
        for future in telling:
            future.result()
    found = stamps(log)
    assert len(found) == told + 4
    assert len(set(found)) == len(found)


def test_a_comparison_made_anew_is_not_told_once_the_day_was_published_or_withdrawn_since(
    log: RunLog,
) -> None:
    snapshot = log.published_snapshots(MODEL.name)[FIRST.as_of]
    seen = stamps(log)[-1]
    log.tell("published", MODEL, SECOND, unless_told_since=seen)  # of another day: no matter
    log.tell("published", MODEL, replace(snapshot, previous_run_id="a"), unless_told_since=seen)
    assert log.published_snapshots(MODEL.name)[FIRST.as_of].previous_run_id == "a"

    log.tell("published", MODEL, replace(snapshot, previous_run_id="b"), unless_told_since=seen)
    assert log.published_snapshots(MODEL.name)[FIRST.as_of].previous_run_id == "a"

    seen = stamps(log)[-1]
    log.tell("withdrawn", MODEL, snapshot)
    log.tell("published", MODEL, replace(snapshot, previous_run_id="c"), unless_told_since=seen)
    assert FIRST.as_of not in log.published_snapshots(MODEL.name)
    assert published_by_the_readme(log) == {str(SECOND.as_of): SECOND.run_id}


def test_an_older_run_that_is_compared_anew_does_not_come_back(log: RunLog) -> None:
    older = log.published_snapshots(MODEL.name)[FIRST.as_of]
    log.tell("published", MODEL, replace(FIRST, run_id="newer"))
    log.tell("published", MODEL, replace(older, previous_run_id="another"))

    assert log.published_snapshots(MODEL.name)[FIRST.as_of].run_id == "newer"
    expected = {str(FIRST.as_of): "newer", str(SECOND.as_of): SECOND.run_id}
    assert published_by_the_readme(log) == expected


def published_by_the_readme(log: RunLog) -> dict[str, str]:
    counting = counting_runs(str(log.location.path))
    return {str(day): run_id for day, run_id in counting.run_id.items()}


def test_a_run_tells_semantics_commit_and_the_texts_that_it_ran(log: RunLog) -> None:
    event = log.events(MODEL.name)[-1]
    assert event["semantics"] == SEMANTICS
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["project"]
    number = re.escape(project["version"])
    assert re.fullmatch(rf"{number}\+[0-9a-f]{{12}}(\.changed)?", event["code_version"])
    assert set(event["definitions"]) == {"sql", "rules", "sources"}
    rules = (CHECKOUT / "conf/rules.yaml").read_bytes()
    assert event["definitions"]["rules"] == hashlib.sha256(rules).hexdigest()
    columns = (CHECKOUT / "conf/sources.yaml").read_bytes()
    assert event["definitions"]["sources"] == hashlib.sha256(columns).hexdigest()


def test_events_of_several_models_are_one_commit_each_at_a_moment_of_its_own(log: RunLog) -> None:
    other: ScoringModel = MODEL.model_copy(update={"name": "another"})
    before = log._tables.version("runs")

    log.tell("failed", [other, MODEL], replace(FIRST, run_id="both"), "why")

    assert log._tables.version("runs") == before + 1
    told = [event for event in log.events(MODEL.name) + log.events(other.name) if event["run_id"] == "both"]
    moments = {event["model"]: event["happened_at"] for event in told}
    assert moments[MODEL.name] == moments[other.name] + 1
    assert {event["message"] for event in told} == {"why"}
    assert log.model_names() == ["another", MODEL.name]
    assert min(moments.values()) > max(
        event["happened_at"] for event in log.events(MODEL.name) if event["run_id"] != "both"
    )


@pytest.mark.parametrize("code", ["0.2.0+0a1b.changed", "0.2.0"])
def test_a_run_of_code_that_may_be_another_is_like_none(
    log: RunLog, monkeypatch: pytest.MonkeyPatch, code: str
) -> None:
    monkeypatch.setattr("jobs.core.publish.runs.code_version", lambda: code)
    log.tell("published", MODEL, FIRST)
    assert not log.has_published_alike(MODEL)


def test_a_run_is_like_one_that_published_with_its_configuration_code_and_definitions(
    log: RunLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("jobs.core.publish.runs.code_version", lambda: "0.2.0+0a1b")
    log.tell("started", MODEL, FIRST)
    assert not log.has_published_alike(MODEL)
    log.tell("published", MODEL, FIRST)
    assert log.has_published_alike(MODEL)

    changed: ScoringModel = MODEL.model_copy(update={"description": "another version"})
    assert not log.has_published_alike(changed)
    monkeypatch.setattr("jobs.core.publish.runs.definitions", lambda _: {"sql": "another"})
    assert not log.has_published_alike(MODEL)
    monkeypatch.undo()
    monkeypatch.setattr("jobs.core.publish.runs.code_version", lambda: "0.2.0+ffff")
    assert not log.has_published_alike(MODEL)


def test_a_date_is_new_until_another_run_tells_of_it(log: RunLog) -> None:
    new = Snapshot(date(2024, 9, 30), "run 3", SourceVersions())
    assert not log.is_new(replace(FIRST, run_id="run 3"))
    log.tell("started", MODEL, new)
    assert log.is_new(new)
    log.tell("started", MODEL, replace(new, run_id="run 4"))
    assert not log.is_new(new)
