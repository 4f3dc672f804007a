"""Failures after any write: readers see a date as it was or as it becomes, and a run again mends all."""

import re
import shutil
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date
from itertools import zip_longest

import pytest

from jobs import decide, upgrade
from jobs.core.delta.making import EARLIER_LAYOUT, HISTORY, LAYOUT
from jobs.core.publish.readers import PUBLISHED
from tests.conftest import Row, Workspace, active
from tests.end_to_end.test_against_reference import assert_comparison, assert_snapshot
from tests.faults.scene import (
    AS_OF,
    BEFORE,
    DAYS,
    LATER,
    LENIENT,
    NAMES,
    PA,
    VPS,
    Point,
    Scene,
    failing_after,
    failing_definitions,
    good_facts,
    losing_answers,
)
from tests.reference.snapshots import snapshot

# What `make test` tries: the middle of the comparison of a later date. (A run that is killed in a
# snapshot is in test_processes.)
LATE: Point = ("replace", PA, "tier_migration", 1)


def assert_only_whole_states(scene: Scene, output: str, after: Scene, points: Sequence[Point]) -> None:
    """Each date of each model is as it was, or as an undisturbed run leaves it."""
    for (model, day), state in scene.seen(output).items():
        states = (scene.published.get((model, day)), after.published[model, day])
        assert state in states, (points, model, day)


def assert_closed_once(scene: Scene, new: Sequence[Row], points: Sequence[Point]) -> None:
    """What was begun is closed, once; and nothing that was published is told to have failed."""
    for model in scene.models:
        statuses = [event["status"] for event in new if event["model"] == model]
        of_asked = [event for event in new if event["as_of"] == scene.asked]
        asked = [event["status"] for event in of_asked if event["model"] == model]
        assert asked.count("published") + asked.count("failed") == asked.count("started") == 1, (points, new)
        assert statuses.count("started") == len(statuses) / 2, (points, statuses)


def fail_and_mend(
    scene: Scene, patch: pytest.MonkeyPatch, after: Scene, points: Sequence[Point], output: str
) -> None:
    """Fails after writes, one of a model: what readers see, what `runs` tells, what a run again comes to."""
    scene.copy(output)
    told = len(scene.events(output))
    with failing_after(patch, *points) as made:
        assert scene.run(output) == 1, points

    assert set(points) <= set(made)
    assert_only_whole_states(scene, output, after, points)
    assert_closed_once(scene, scene.events(output)[told:], points)

    assert scene.run(output) == 0, points
    assert scene.seen(output) == after.published, points
    shutil.rmtree(scene.workspace.folder / output)


def undisturbed(scene: Scene, patch: pytest.MonkeyPatch) -> tuple[Scene, list[Point]]:
    """The scene after a run without failures, and the run's writes."""
    scene.copy("undisturbed")
    with failing_after(patch) as made:
        assert scene.run("undisturbed") == 0
    after = Scene(scene.workspace, scene.models, scene.seen("undisturbed"))
    for (model, day), state in after.published.items():
        # The date that is asked for, and the one that is compared with it.
        assert (state == scene.published.get((model, day))) == (day not in {scene.asked, *later(scene)})
    return after, made


def later(scene: Scene) -> list[date]:
    """The first date after the one that is asked for."""
    return sorted(day for day in DAYS if day > scene.asked)[:1]


def test_a_failure_after_a_write_is_harmless_and_lost_answers_are_none(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene = Scene.made(workspace, PA, days=(AS_OF, LATER))
    told = len(scene.events("output"))
    with failing_after(monkeypatch, LATE) as made:
        assert scene.run("output") == 1
    assert LATE in made
    assert_closed_once(scene, scene.events("output")[told:], [LATE])
    seen = scene.seen("output")

    after = lost_answers(scene, monkeypatch, "output")

    # The date was published before the failure, and the later one kept what it was compared with.
    assert seen == {**after.published, (PA, LATER): scene.published[PA, LATER]}
    of = {AS_OF: good_facts("900"), LATER: good_facts("20")}
    first, second = (snapshot(facts, active(*NAMES), day) for day, facts in of.items())
    for current, previous in ((first, None), (second, first)):
        assert_snapshot(workspace, current, f"output/{PA}")
        assert_comparison(workspace, current, previous, output=f"output/{PA}")


def kept_rows(scene: Scene, output: str) -> dict[str, Counter[str]]:
    """How often each row stands in the tables that keep those of all runs."""
    # Of the two sides of movements one check each is told, which may have the same figures.
    of = {"data_quality": "rule <> 'movements_tie_to_snapshots'", "quarantine_fct_revenues": "true"}
    tables = {table: scene.workspace.table(table, output).where(rows) for table, rows in of.items()}
    return {table: Counter(map(str, frame.collect())) for table, frame in tables.items()}


def lost_answers(scene: Scene, patch: pytest.MonkeyPatch, output: str) -> Scene:
    """The scene after a run of which every commit goes through, and every answer to one fails."""
    told = scene.events(output)
    before = kept_rows(scene, output)
    with losing_answers(patch) as lost:
        assert scene.run(output) == 0
    assert len(lost) > 10
    # Nothing is there twice, and nothing that was published is told to have failed.
    new = [event for event in scene.events(output) if event not in told]
    for model in scene.models:
        statuses = [(event["as_of"], event["status"]) for event in new if event["model"] == model]
        assert statuses[:2] == [(AS_OF, "started"), (AS_OF, "published")]
        assert statuses[2:] == [(LATER, "started"), (LATER, "published")]
    for table, rows in kept_rows(scene, output).items():
        # What the run appended: a day that is compared anew is told of again, under its own run.
        assert set((rows - before[table]).values()) == {1}, table
    after = Scene(scene.workspace, scene.models, scene.seen(output))
    for (model, day), state in after.published.items():
        assert (state == scene.published[model, day]) == (day == BEFORE), (model, day)
    return after


@pytest.mark.faults
def test_a_failure_after_any_write_of_both_models_is_harmless(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene = Scene.made(workspace, PA, VPS)
    after, made = undisturbed(scene, monkeypatch)
    tables = {table for _, _, table, _ in made}
    assert {*PUBLISHED, "runs", "data_quality", "customer_features", "quarantine_fct_revenues"} == tables
    assert ("replace", VPS, "customer_segments", 1) in made
    assert lost_answers(scene, monkeypatch, scene.copy("lost")).published == after.published
    # A model goes on where the other fails: both fail in one run, each after a write of its own.
    own = ([point for point in made if point[1] == model] for model in scene.models)
    shared = [(point,) for point in made if point[1] == ""]
    for number, points in enumerate([*shared, *zip_longest(*own)]):
        fail_and_mend(scene, monkeypatch, after, [*filter(None, points)], f"failed-{number}")


@pytest.mark.faults
def test_a_failure_after_any_write_of_a_new_date_is_harmless(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its rows are appended; what a failed run has left is beside those of the run that mends it."""
    scene = Scene.made(workspace, PA, days=(AS_OF, LATER))
    scene.asked = BEFORE
    after, made = undisturbed(scene, monkeypatch)
    appended = {"runs", "data_quality", "quarantine_fct_revenues"}
    assert {table for *_, table, _ in made} == {*after.published[PA, BEFORE], "customer_features", *appended}
    for number, point in enumerate(made):
        fail_and_mend(scene, monkeypatch, after, [point], f"failed-{number}")


@pytest.mark.faults
def test_a_failed_reproduction_changes_nothing(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    scene = Scene.made(workspace, PA, VPS)
    run_id = next(event["run_id"] for event in scene.events("output") if event["as_of"] == AS_OF)
    told = scene.events("output")
    with failing_after(monkeypatch, ("replace", "", "customer_features", 0)):
        assert workspace.reproduce(run_id) == 1
    assert scene.seen("output") == scene.published
    assert scene.events("output") == told
    assert workspace.reproduce(run_id) == 0


@pytest.mark.faults
def test_a_decision_whose_answer_is_lost_is_recorded_once(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    Scene.made(workspace, VPS)
    options = ["--config", str(workspace.config), "--log-file", str(workspace.folder / "job.log")]
    given = {"customer": "Ann", "axis": "tier", "decision": "override", "value": "Growth", "by": "Eve"}
    given |= {"reason": "Pilot", "valid-from": "2024-06-30", "expires": "2030-01-01"}
    with losing_answers(monkeypatch):
        told = [part for name, value in given.items() for part in (f"--{name}", value)]
        assert decide.run([*options, "record", *told]) == 0
    assert workspace.table(f"{VPS}/tier_decisions").count() == 1


@pytest.mark.faults
def test_an_upgrade_that_fails_after_any_write_is_no_output(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene = Scene.made(workspace, PA, days=(AS_OF,))
    folder = workspace.folder
    workspace.spark.sql(
        f"ALTER TABLE delta.`{folder / 'output' / 'runs'}` "
        f"SET TBLPROPERTIES ('{LAYOUT}' = '{EARLIER_LAYOUT}')"
    )

    def upgraded(place: str) -> int:
        given = {"from": folder / "output", "to": folder / place, "log-file": folder / "job.log"}
        return upgrade.run([part for name, value in given.items() for part in (f"--{name}", str(value))])

    with failing_after(monkeypatch) as made:
        assert upgraded("whole") == 0
    assert scene.seen("whole") == scene.published
    assert made[-1] == ("append", "", "runs", 0)
    for point in made[:-1]:
        with failing_after(monkeypatch, point):
            assert upgraded("half") == 1, point
        # Who reads sees nothing, and half an upgrade is not added to.
        assert not (folder / "half" / "runs").exists() or scene.seen("half") == {}, point
        assert upgraded("half") == 2, point
        assert scene.seen("output") == scene.published, point
        shutil.rmtree(folder / "half")


class InCatalog:
    """A scene that is published to schemas, each of which is dropped at the end."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace, self.spark = workspace, workspace.spark
        self.schemas: list[str] = []
        Scene(workspace, (PA,)).write_sources("20")

    def run(self, schema: str) -> int:
        self.schemas.append(schema)
        sources = {name: {"path": name} for name in ("fct_revenues", "dim_accounts")}
        self.workspace.configure(
            sources=sources, output={"schema": f"spark_catalog.{schema}"}, model=PA, quality=LENIENT
        )
        return self.workspace.run(AS_OF)

    def found(self, schema: str) -> dict[str, dict[str, object]]:
        """The tables with their constraints and what keeps their history, and the views with their rows."""
        names = sorted(row["tableName"] for row in self.spark.sql(f"SHOW TABLES IN {schema}").collect())
        views = {name for name in names if name.startswith(("published_", "score_components"))}
        tables = {
            name: sorted(
                (key, value if key in HISTORY else "")  # (Delta tells a constraint in spaces of its own.)
                for key, value in details["properties"].items()
                if key.startswith("delta.constraints") or key in HISTORY
            )
            for name in names
            if name not in views
            for details in self.spark.sql(f"DESCRIBE DETAIL {schema}.{name}").collect()
        }
        rows = {name: self.spark.table(f"{schema}.{name}").drop("run_id").count() for name in views}
        return {"tables": {**tables}, "views": {**rows}}

    def take_away(self, schema: str) -> None:
        """Two tables don't keep their history, as an earlier version's; one of them lacks a constraint."""
        history = ", ".join(f"'{name}'" for name in HISTORY)
        for table in ("customer_tiers", "runs"):
            self.spark.sql(f"ALTER TABLE {schema}.{table} UNSET TBLPROPERTIES ({history})")
        (details,) = self.spark.sql(f"DESCRIBE DETAIL {schema}.customer_tiers").collect()
        constraint = min(key for key in details["properties"] if key.startswith("delta.constraints."))
        name = constraint.removeprefix("delta.constraints.")
        self.spark.sql(f"ALTER TABLE {schema}.customer_tiers DROP CONSTRAINT `{name}`")


@pytest.fixture
def in_catalog(workspace: Workspace) -> Iterator[InCatalog]:
    scene = InCatalog(workspace)
    yield scene
    for schema in scene.schemas:
        workspace.spark.sql(f"DROP SCHEMA IF EXISTS {schema} CASCADE")


@pytest.mark.faults
def test_a_failure_after_any_definition_of_a_table_or_view_is_mended_by_the_next_run(
    in_catalog: InCatalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    with failing_definitions(monkeypatch, None) as made:
        assert in_catalog.run("undisturbed") == 0
    assert any(re.match("CREATE OR REPLACE VIEW", text) for text in made)
    for number in range(len(made)):
        schema = f"failing_{number}"
        with failing_definitions(monkeypatch, number):
            assert in_catalog.run(schema) == 1, made[number]
        assert in_catalog.run(schema) == 0, made[number]
        assert in_catalog.found(schema) == in_catalog.found("undisturbed"), made[number]


@pytest.mark.faults
def test_a_failure_after_any_change_of_an_earlier_table_is_mended_by_the_next_run(
    in_catalog: InCatalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Else a run that is like one that has published looks at no table.
    monkeypatch.setattr("jobs.core.publish.runs.is_one_version", lambda _: False)
    assert in_catalog.run("earlier") == 0
    whole = in_catalog.found("earlier")

    in_catalog.take_away("earlier")
    assert in_catalog.found("earlier") != whole
    with failing_definitions(monkeypatch, None, ("ALTER TABLE",)) as made:
        assert in_catalog.run("earlier") == 0
    assert [re.findall(r"\bSET TBLPROPERTIES|ADD CONSTRAINT", text) for text in made] == [
        ["SET TBLPROPERTIES"],
        ["SET TBLPROPERTIES"],
        ["ADD CONSTRAINT"],
    ]
    assert in_catalog.found("earlier") == whole
    for number, text in enumerate(made):
        in_catalog.take_away("earlier")
        with failing_definitions(monkeypatch, number, ("ALTER TABLE",)):
            assert in_catalog.run("earlier") == 1, text
        assert in_catalog.run("earlier") == 0, text
        assert in_catalog.found("earlier") == whole, text
