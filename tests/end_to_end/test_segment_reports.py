"""What follows from segments: every table of two snapshots equals an independent reference."""

from datetime import date

import pytest

from jobs.core.config.model import load_model
from jobs.core.config.table_registry import table_registry
from tests.conftest import Row, Workspace
from tests.end_to_end.test_against_reference import assert_same_rows
from tests.end_to_end.test_determinism import LAYOUTS, hashes, in_any_order
from tests.end_to_end.test_segments import append_decisions
from tests.end_to_end.test_value_model import without, write
from tests.generate_profiles import History, value_history
from tests.reference.moves import Migration
from tests.reference.snapshots import Snapshot
from tests.reference_value.decisions import can_have_an_effect
from tests.reference_value.moves import migration, tier_summary
from tests.reference_value.segments import Segments, segments
from tests.reference_value.snapshots import snapshot
from tests.reference_value.standing import action_flags, flagged_tiers, full_segments
from tests.reference_value.summaries import (
    capacity_plan,
    engagement_models,
    model_components,
    segment_summary,
    tier_alerts,
    value_health_matrix,
)
from tests.registered import assert_as_registered

Pair = tuple[Snapshot, Segments]

LEAST_TABLES = 17  # of a model with segments, and those of every run


def expected_tables(current: Pair, previous: Pair | None) -> dict[str, list[Row]]:
    """The rows of each table at the current snapshot."""
    moved = Migration([], [])
    if previous is not None:
        flags = [action_flags(each) for each, _ in (previous, current)]
        moved = migration(previous, current, *flags)
    return {
        "model_components": model_components(current[0].as_of),
        "customer_tiers": flagged_tiers(current[0]),
        "excluded_customers": current[0].excluded_customers,
        "customer_segments": full_segments(*current),
        "migration_actions": current[1].migration_actions,
        "segment_summary": segment_summary(*current),
        "value_health_matrix": value_health_matrix(*current),
        "capacity_plan": capacity_plan(*current),
        "engagement_models": engagement_models(current[0].as_of),
        "tier_alerts": tier_alerts(*current),
        "tier_migration": moved.tier_migration,
        "tier_migration_summary": moved.tier_migration_summary,
        "tier_summary": tier_summary(current, previous),
    }


def expected_pairs(history: History, *dates: date) -> list[Pair]:
    snapshots = [snapshot(history.facts, history.accounts, history.profiles, as_of) for as_of in dates]
    return list(zip(snapshots, segments(snapshots, history.decisions), strict=True))


def assert_tables(workspace: Workspace, history: History, *dates: date, output: str = "output") -> None:
    """Every table of every date holds the rows of the reference."""
    previous = None
    for current in expected_pairs(history, *dates):
        for table, expected in expected_tables(current, previous).items():
            published = workspace.rows(table, current[0].as_of, output)
            # The flag stands beside the segments too: customer_tiers is asserted with all flags.
            again = {"action_flag"} if table == "customer_segments" else set()
            assert_same_rows(without(published, again), expected, *table_registry().tables[table].key)
        previous = current


def test_what_follows_from_the_segments_is_that_of_the_reference_in_an_odd_layout(
    workspace: Workspace,
) -> None:
    history = value_history(seed=2)
    dates = history.dates[3:6:2]
    write(workspace, history)

    # Many partitions and files, and ranks that are counted. (The first model is compared as usual.)
    assert hashes(workspace, LAYOUTS[1], in_any_order(workspace, history), *dates)

    model, output = load_model("value_potential_strategic"), f"output-{LAYOUTS[1][0]}"
    assert len(assert_as_registered(workspace.folder / output, model)) >= LEAST_TABLES
    assert_tables(workspace, history, *dates, output=output)
    without = [not can_have_an_effect(decision) for decision in history.decisions]
    told = [
        (row["as_of"], row["checked"], row["failed"])
        for row in workspace.rows("data_quality", output=output)
        if row["rule"] == "decision_without_effect"
    ]
    tied = [
        row for row in workspace.rows("data_quality", output=output) if row["rule"] == "arr_ties_to_snapshot"
    ]
    arr = sum(row["arr"] or 0 for row in workspace.rows("customer_tiers", dates[1], output))
    assert [(row["as_of"], row["verdict"], row["example"]) for row in tied] == [
        (dates[1], "passed", f"moved {arr:,}, snapshot {arr:,}")
    ]
    assert sorted(told) == [(as_of, len(without), sum(without)) for as_of in dates]
    assert any(without)


@pytest.mark.long
def test_decisions_that_arrive_late_change_a_dozen_snapshots(workspace: Workspace) -> None:
    history = value_history(seed=3)
    write(workspace, history)
    append_decisions(workspace, history.decisions[::2])
    assert workspace.run(*history.dates) == 0

    append_decisions(workspace, history.decisions[1::2])
    assert workspace.run(history.dates[0]) == 0

    assert len(history.dates) == 12
    assert_tables(workspace, history, *history.dates)
    statuses = {row["status"] for row in workspace.rows("migration_actions")}
    assert statuses >= {"done", "pending", "approved"}
