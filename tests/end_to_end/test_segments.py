"""Segments with memory: every state and action of a history equals an independent reference."""

from collections.abc import Sequence
from datetime import date

import pytest

from jobs.core.decisions import FIELDS, prepare
from jobs.core.model import load_model
from jobs.core.tables import Location, OutputTables
from tests import reference_value
from tests.conftest import Row, Workspace
from tests.end_to_end.test_against_reference import assert_same_rows
from tests.end_to_end.test_value_model import MODEL, without, write
from tests.generate_profiles import History, value_history


def append_decisions(workspace: Workspace, decisions: Sequence[Row]) -> None:
    """As jobs/decide.py does."""
    tables = OutputTables(workspace.spark, Location(path=str(workspace.folder / "output")))
    prepare(tables, load_model(MODEL))
    rows = [tuple(row[name] for name in FIELDS.names) for row in decisions]
    tables.append("tier_decisions", workspace.spark.createDataFrame(rows, FIELDS))


def assert_segments(workspace: Workspace, history: History, dates: Sequence[date]) -> list[Row]:
    """Every date's states and actions are those of the reference; returns the actions."""
    snapshots = [
        reference_value.snapshot(history.facts, history.accounts, history.profiles, as_of) for as_of in dates
    ]
    expected = reference_value.segments(snapshots, history.decisions)
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


@pytest.mark.long
def test_decisions_that_arrive_late_change_a_dozen_snapshots(workspace: Workspace) -> None:
    history = value_history(seed=3)
    write(workspace, history)
    append_decisions(workspace, history.decisions[::2])
    assert workspace.run(*history.dates) == 0

    append_decisions(workspace, history.decisions[1::2])
    assert workspace.run(history.dates[0]) == 0

    actions = assert_segments(workspace, history, history.dates)
    assert {action["status"] for action in actions} >= {"done", "pending", "approved"}
