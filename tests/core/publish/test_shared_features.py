"""Sources that are checked once and features that are written together, for all dates of a command."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import pytest
from pyspark.sql import DataFrame

from jobs.core.config.model import load_model
from jobs.core.config.settings import load_settings
from jobs.core.delta.written import WrittenTable
from jobs.core.pipeline.codes import PRODUCT_BITS
from jobs.core.pipeline.features import ROW_ID
from jobs.core.publish import shared_features
from jobs.core.publish.output import Output
from jobs.core.publish.shared_features import SharedFeatures
from jobs.core.publish.snapshot import Snapshot, begun
from jobs.core.sources.opening import open_sources
from jobs.core.sources.source_versions import SourceVersions
from tests.conftest import PROFILES, Row, Workspace
from tests.generate import hostile_inputs
from tests.generate_profiles import profile

# Their windows overlap.
DATES = (date(2023, 11, 30), date(2024, 2, 29), date(2024, 12, 31))

YEAR = timedelta(days=366)


def written(workspace: Workspace, *dates: date) -> dict[date, tuple[list[Row], Any, Any]]:
    """By date the rows of customer_features, what was added up of them, and of the facts as read."""
    settings, versions = load_settings(workspace.config, []), SourceVersions()
    sources = open_sources(workspace.spark, settings, versions)
    output = Output(workspace.spark, settings, [load_model("profitability_adherence")])
    snapshots = [begun(day, versions) for day in dates]
    shared = SharedFeatures(output, sources, snapshots)
    found = {}
    for snapshot in snapshots:
        day = snapshot.as_of
        table = shared.written(day)
        rows = output.root.read_written("customer_features", day, table).drop(ROW_ID).collect()
        by_key = sorted((row.asDict() for row in rows), key=lambda row: str(row["customer_key"]))
        assert {row.pop("run_id") for row in by_key} == {snapshot.run_id}
        found[day] = (by_key, (table.rows, table.totals), shared.checked(day)["fct_revenues"].totals)
    return found


def test_dates_together_have_the_rows_of_dates_alone(workspace: Workspace) -> None:
    facts, accounts = hostile_inputs(seed=11, as_of=date(2024, 5, 31), customers=10)
    # More products than have codes.
    facts = [{**row, "product": f"{number}"} for number, row in enumerate(facts)]
    together = [row for row in facts if DATES[0] - YEAR < row["event_date"] <= DATES[1]]
    assert len(together) > PRODUCT_BITS
    assert any(DATES[1] - YEAR < row["event_date"] <= DATES[0] for row in together)
    workspace.write_sources(facts, accounts)
    names = sorted({row["customer_id"] for row in facts if row["customer_id"]})
    profiles = [
        {**profile(name, known, arr=str(place)), "customer_id": name}
        for place, name in enumerate(names)
        for known in (None, DATES[1])[place % 2 :]
    ]
    workspace.write_source("dim_customers", profiles, PROFILES)
    sources = {name: {"path": name} for name in ("fct_revenues", "dim_accounts", "dim_customers")}
    # The name is an attribute, which has dates of its own.
    workspace.configure(sources=sources, customer_key="customer_id")

    two = DATES[:2]

    found = written(workspace, *two)

    assert found == {day: alone for each in two for day, alone in written(workspace, each).items()}
    assert len({len(rows) for rows, _, _ in found.values()}) > 1
    assert len({totals["later_rows"] for _, _, totals in found.values()}) > 1


def test_dates_that_fail_together_are_written_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    snapshots = [begun(day, SourceVersions()) for day in DATES]
    asked: list[list[date]] = []

    def write(_: SharedFeatures, some: Sequence[Snapshot]) -> dict[date, WrittenTable]:
        asked.append([snapshot.as_of for snapshot in some])
        if len(asked) == 1:
            raise RuntimeError("disk full")
        return {snapshot.as_of: WrittenTable(len(asked), 0, "", "run") for snapshot in some}

    monkeypatch.setattr(SharedFeatures, "_write", write)
    none: dict[str, DataFrame] = {}
    shared = SharedFeatures(None, none, snapshots)  # type: ignore[arg-type]
    assert [shared.written(day).version for day in DATES] == [2, 3, 4]
    assert asked == [list(DATES), *([day] for day in DATES)]


def test_what_fails_for_a_date_alone_fails_and_the_next_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    def write(_: SharedFeatures, some: Sequence[Snapshot]) -> dict[date, WrittenTable]:
        if some[0].as_of == DATES[0]:
            raise RuntimeError("disk full")
        return {snapshot.as_of: WrittenTable(1, 0, "", "run") for snapshot in some}

    monkeypatch.setattr(SharedFeatures, "_write", write)
    none: dict[str, DataFrame] = {}
    shared = SharedFeatures(None, none, [begun(day, SourceVersions()) for day in DATES])  # type: ignore[arg-type]
    with pytest.raises(RuntimeError, match="disk full"):
        shared.written(DATES[0])
    assert shared.written(DATES[1]).version == 1


def test_more_dates_than_are_written_together_are_written_in_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[list[date]] = []

    def write(_: SharedFeatures, some: Sequence[Snapshot]) -> dict[date, WrittenTable]:
        asked.append([snapshot.as_of for snapshot in some])
        return {snapshot.as_of: WrittenTable(len(asked), 0, "", "run") for snapshot in some}

    monkeypatch.setattr(shared_features, "MOST_DATES", 2)
    monkeypatch.setattr(SharedFeatures, "_write", write)
    none: dict[str, DataFrame] = {}
    shared = SharedFeatures(None, none, [begun(day, SourceVersions()) for day in DATES])  # type: ignore[arg-type]
    assert [shared.written(day).version for day in DATES] == [1, 1, 2]
    assert asked == [[*DATES[:2]], [DATES[2]]]
