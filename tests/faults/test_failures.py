"""Failures after any write: readers see a date as it was or as it becomes, and a run again mends all."""

import re
import shutil

import pytest

from jobs import decide
from jobs.core.publish.readers import PUBLISHED
from tests.conftest import Workspace
from tests.faults.scene import (
    AS_OF,
    BEFORE,
    LATER,
    LENIENT,
    PA,
    VPS,
    Point,
    Scene,
    failing_after,
    failing_definitions,
    losing_answers,
)

# What `make test` tries: the middle of a snapshot, and of the comparison of a later date.
FEW: list[Point] = [("replace", PA, "customer_tiers", 0), ("replace", PA, "tier_migration", 1)]


def assert_only_whole_states(scene: Scene, output: str, after: Scene, point: Point) -> None:
    """Each date of each model is as it was, or as an undisturbed run leaves it."""
    for (model, day), state in scene.seen(output).items():
        assert state in (scene.published[model, day], after.published[model, day]), (point, model, day)


def fail_and_mend(scene: Scene, patch: pytest.MonkeyPatch, after: Scene, point: Point, output: str) -> None:
    """Fails after a write: what readers see, what `runs` tells, and what a run again comes to."""
    scene.copy(output)
    told = len(scene.events(output))
    with failing_after(patch, point):
        assert scene.run(output) == 1, point

    assert_only_whole_states(scene, output, after, point)
    new = scene.events(output)[told:]
    for model in scene.models:
        statuses = [event["status"] for event in new if event["model"] == model]
        asked = [event["status"] for event in new if event["model"] == model and event["as_of"] == AS_OF]
        # What was begun is closed, once; and nothing that was published is told to have failed.
        assert asked.count("published") + asked.count("failed") == asked.count("started") == 1, (point, new)
        assert statuses.count("started") == len(statuses) / 2, (point, statuses)

    assert scene.run(output) == 0, point
    assert scene.seen(output) == after.published, point
    shutil.rmtree(scene.workspace.folder / output)


def undisturbed(scene: Scene, patch: pytest.MonkeyPatch) -> tuple[Scene, list[Point]]:
    """The scene after a run without failures, and the run's writes."""
    scene.copy("undisturbed")
    with failing_after(patch, None) as made:
        assert scene.run("undisturbed") == 0
    after = Scene(scene.workspace, scene.models)
    after.published = scene.seen("undisturbed")
    for model in scene.models:
        for day in (AS_OF, LATER):
            assert after.published[model, day] != scene.published[model, day]
        assert after.published[model, BEFORE] == scene.published[model, BEFORE]
    return after, made


def test_a_failure_after_a_write_is_harmless_and_lost_answers_are_none(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene = Scene.made(workspace, PA, days=(AS_OF, LATER))
    after = lost_answers(scene, monkeypatch)
    for number, point in enumerate(FEW):
        fail_and_mend(scene, monkeypatch, after, point, f"failed-{number}")


def lost_answers(scene: Scene, patch: pytest.MonkeyPatch) -> Scene:
    """The scene after a run of which every commit goes through, and every answer to one fails."""
    told = scene.events("output")
    scene.copy("lost")
    with losing_answers(patch) as lost:
        assert scene.run("lost") == 0
    assert len(lost) > 10
    # Nothing is there twice, and nothing that was published is told to have failed.
    new = [event for event in scene.events("lost") if event not in told]
    for model in scene.models:
        statuses = [(event["as_of"], event["status"]) for event in new if event["model"] == model]
        assert statuses[:2] == [(AS_OF, "started"), (AS_OF, "published")]
        assert statuses[2:] == [(LATER, "started"), (LATER, "published")]
    # (Of the two sides of movements one check each is told, which may have the same figures.)
    checks = scene.workspace.table("data_quality", "lost").where("rule <> 'movements_tie_to_snapshots'")
    bad_rows = scene.workspace.table("quarantine_fct_revenues", "lost")
    assert checks.count() == checks.distinct().count()
    assert bad_rows.count() == bad_rows.distinct().count()
    after = Scene(scene.workspace, scene.models, scene.seen("lost"))
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
    for number, point in enumerate(made):
        fail_and_mend(scene, monkeypatch, after, point, f"failed-{number}")
    assert lost_answers(scene, monkeypatch).published == after.published


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
def test_a_failure_after_any_definition_of_a_table_or_view_is_mended_by_the_next_run(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene, spark = Scene(workspace, (PA,)), workspace.spark
    scene.write_sources("20")

    def run(schema: str) -> int:
        sources = {name: {"path": name} for name in ("fct_revenues", "dim_accounts")}
        workspace.configure(
            sources=sources, output={"schema": f"spark_catalog.{schema}"}, model=PA, quality=LENIENT
        )
        return workspace.run(AS_OF)

    def found(schema: str) -> dict[str, object]:
        names = sorted(row["tableName"] for row in spark.sql(f"SHOW TABLES IN {schema}").collect())
        constraints = {
            name: sorted(key for key in details["properties"] if key.startswith("delta.constraints"))
            for name in names
            if not name.startswith(("published_", "score_components"))
            for details in spark.sql(f"DESCRIBE DETAIL {schema}.{name}").collect()
        }
        views = {
            name: spark.table(f"{schema}.{name}").drop("run_id").count()
            for name in names
            if name not in constraints
        }
        return {"names": names, "constraints": constraints, "views": views}

    schemas = ["undisturbed"]
    try:
        with failing_definitions(monkeypatch, None) as made:
            assert run("undisturbed") == 0
        assert any(re.match("CREATE OR REPLACE VIEW", text) for text in made)
        for number in range(len(made)):
            schemas.append(f"failing_{number}")
            with failing_definitions(monkeypatch, number):
                assert run(schemas[-1]) == 1, made[number]
            assert run(schemas[-1]) == 0, made[number]
            assert found(schemas[-1]) == found("undisturbed"), made[number]
    finally:
        for schema in schemas:
            spark.sql(f"DROP SCHEMA IF EXISTS {schema} CASCADE")
