"""Segments with memory: every state and action of a history equals an independent reference."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
import yaml

from jobs import check_model, decide
from jobs.core.config.model import load_model
from jobs.core.config.table_registry import types_of
from jobs.core.delta.identifiers import Location
from jobs.core.delta.tables import OutputTables
from jobs.core.publish.decisions import FIELDS, prepare
from tests.conftest import CHECKOUT, Row, Workspace
from tests.end_to_end.test_against_reference import assert_same_rows
from tests.end_to_end.test_value_model import MODEL, WITH_PROFILES, without, write
from tests.generate_profiles import History, value_history
from tests.reference_value.conditions import Comparison
from tests.reference_value.model import MigrationRule, TierMemory
from tests.reference_value.segments import segments
from tests.reference_value.snapshots import snapshot
from tests.reference_value.standard import STANDARD, Parameters


def append_decisions(workspace: Workspace, decisions: Sequence[Row], output: str = "output") -> None:
    """As jobs/decide.py does."""
    tables = OutputTables(workspace.spark, Location(path=str(workspace.folder / output)))
    prepare(tables, load_model(MODEL))
    rows = [tuple(row[name] for name in types_of("tier_decisions")) for row in decisions]
    tables.append("tier_decisions", workspace.spark.createDataFrame(rows, FIELDS))


def write_model(workspace: Workspace, **changes: Any) -> str:
    """The shipped model with some entries of its keys changed; the name to configure."""
    content = yaml.safe_load((CHECKOUT / f"conf/models/{MODEL}.yaml").read_text())
    for key, value in changes.items():
        content[key] = {**content[key], **value}
    (workspace.folder / "value.yaml").write_text(yaml.safe_dump(content))
    return "value.yaml"


def assert_segments(
    workspace: Workspace,
    history: History,
    dates: Sequence[date],
    parameters: Parameters = STANDARD,
) -> list[Row]:
    """Every date's states and actions are those of the reference; returns the actions."""
    snapshots = [snapshot(history.facts, history.accounts, history.profiles, as_of) for as_of in dates]
    expected = segments(snapshots, history.decisions, parameters)
    for each in expected:
        published = workspace.rows("customer_segments", each.as_of)
        own = set(published[0]) - set(each.customer_segments[0])
        assert_same_rows(without(published, own), each.customer_segments, "customer_key")
        actions = workspace.rows("migration_actions", each.as_of)
        assert_same_rows(actions, each.migration_actions, "customer_key", "rule")
    return [action for each in expected for action in each.migration_actions]


@pytest.mark.long
def test_states_are_the_same_in_whatever_order_dates_are_published(workspace: Workspace) -> None:
    history = value_history(seed=2)
    first, second, third = history.dates[::4]
    write(workspace, history)
    append_decisions(workspace, history.decisions)

    for as_of in (third, first, second):
        assert workspace.run(as_of) == 0

    actions = assert_segments(workspace, history, (first, second, third))
    assert {action["status"] for action in actions} == {"done", "pending", "approved", "rejected"}

    for as_of in (second, third, first):
        assert workspace.run(as_of) == 0
    assert assert_segments(workspace, history, (first, second, third)) == actions


@pytest.mark.long
def test_a_tier_with_memory_is_left_below_its_exit_and_after_two_snapshots(workspace: Workspace) -> None:
    history = value_history(seed=4)
    dates = history.dates[::2]
    exits = {"Enterprise": 70, "Growth": 50, "Scale": 30}
    rules = [
        {"axis": "tier", "from": tier, "to": "any", "mode": "automatic"}
        | {"rule": f"{tier}_to_any".lower(), "trigger": "Exit", "action": "Review"}
        for tier in exits
    ]
    write(workspace, history)
    stays = {t: {"metric": "total_score", "operator": ">=", "value": score} for t, score in exits.items()}
    tier_memory = {"snapshots": 2, "stays_while": stays}
    model = write_model(workspace, segments={"tier_memory": tier_memory, "migration_rules": rules})
    workspace.configure(sources=WITH_PROFILES, model=model)
    append_decisions(workspace, history.decisions)

    assert workspace.run(*dates) == 0

    memory = TierMemory({tier: Comparison("total_score", ">=", score) for tier, score in exits.items()}, 2)
    parameters = replace(
        STANDARD,
        tier_memory=memory,
        migration_rules=tuple(
            MigrationRule("tier", rule["rule"], rule["from"], "any", "automatic", "Exit", "Review")
            for rule in rules
        ),
    )
    assert assert_segments(workspace, history, dates, parameters)
    held = [row for day in dates for row in workspace.rows("customer_segments", day) if row["is_scored"]]
    assert any(row["held_tier"] != row["computed_tier"] for row in held)
    assert any(row["tier"] != row["held_tier"] for row in held)


@pytest.mark.long
def test_a_day_that_another_version_of_the_model_published_is_left_as_it_was(
    workspace: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    history = value_history(seed=5)
    first, second = history.dates[3:6:2]
    write(workspace, history)
    assert workspace.run(first, second) == 0
    before = workspace.as_readers_see(second)
    late = {"metric": "days_since_last_event", "operator": ">", "value": 30}
    asleep = {"metric": "signs_of_sleep", "operator": ">", "value": 0}
    risk = [{"level": "high", "when": asleep}, {"level": "low"}]
    model = write_model(workspace, counts={"signs_of_sleep": [late]}, segments={"risk": risk})
    workspace.configure(sources=WITH_PROFILES, model=model)
    capsys.readouterr()

    assert workspace.run(first) == 0

    assert "published with another version of the model. Publish it again" in capsys.readouterr().err
    assert workspace.as_readers_see(second) == before
    assert workspace.run(second) == 0
    assert workspace.run(first) == 0
    assert "another version" not in capsys.readouterr().err
    assert workspace.published()[-1]["as_of"] == second


@pytest.mark.long
def test_both_models_in_a_catalog_are_read_decided_on_and_checked(
    workspace: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    history, spark = value_history(seed=6), workspace.spark
    as_of = history.dates[7]
    write(workspace, history)
    workspace.configure(
        sources=WITH_PROFILES,
        output={"schema": "spark_catalog.standing"},
        model=None,
        models=["profitability_adherence", MODEL],
    )
    options = ["--config", str(workspace.config), "--log-file", str(workspace.folder / "job.log")]
    override = {
        "customer": "Torn opinions",
        "axis": "value_segment",
        "decision": "override",
        "value": "Enterprise",
        "by": "Eve",
        "reason": "Pilot",
        "valid-from": as_of.isoformat(),
        "expires": "2030-01-01",
    }
    try:
        assert workspace.run(as_of) == 0
        assert decide.run([*options, "list"]) == 0
        told = [part for name, value in override.items() for part in (f"--{name}", value)]
        assert decide.run([*options, "record", *told]) == 0, capsys.readouterr().err
        assert workspace.run(as_of) == 0
        assert check_model.run(options) == 0

        found = spark.table(f"standing_{MODEL}.published_customer_segments").where(
            "customer_key = 'Torn opinions'"
        )
        assert [row["value_segment"] for row in found.collect()] == ["Enterprise"]
        for table in ("segment_summary", "capacity_plan", "engagement_models", "tier_alerts"):
            assert spark.table(f"standing_{MODEL}.published_{table}").count() > 0
        assert not spark.catalog.tableExists("standing_profitability_adherence.published_customer_segments")
        assert spark.table(f"standing_{MODEL}.tier_decisions").count() == 1
    finally:
        for schema in ("standing", f"standing_{MODEL}", "standing_profitability_adherence"):
            spark.sql(f"DROP SCHEMA IF EXISTS {schema} CASCADE")
