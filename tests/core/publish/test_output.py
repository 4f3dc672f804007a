"""Tables that an earlier version made keep the history that `runs` promises. Starts no Spark."""

from collections.abc import Mapping
from typing import Any, cast

import pytest

from jobs.core.config.model import load_model
from jobs.core.config.table_registry import tables_with_history
from jobs.core.delta.identifiers import Location
from jobs.core.delta.making import HISTORY, lacks_history
from jobs.core.publish import output as outputs
from jobs.core.publish.output import Output
from jobs.core.publish.runs import RunLog
from tests.conftest import plain_settings

MODEL = load_model("profitability_adherence")
NO_SESSION = cast("Any", None)


class Tables:
    """The tables of a place, all there and without history at first."""

    altered: list[tuple[str, str]]  # places and tables, as they were
    by_location: dict[Location, dict[str, dict[str, str]]]

    def __init__(self, _: Any, location: Location) -> None:
        self.spark, self.location = None, location
        self._there = self.by_location.setdefault(location, {table: {} for table in tables_with_history()})

    def properties(self, table: str) -> dict[str, str] | None:
        return self._there[table]

    def keep_history(self, table: str, properties: Mapping[str, str] | None) -> None:
        if lacks_history(properties):
            self._there[table] = dict(HISTORY)
            self.altered.append((str(self.location), table))


@pytest.fixture
def altered(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    Tables.altered, Tables.by_location = [], {}
    monkeypatch.setattr(outputs, "OutputTables", Tables)
    monkeypatch.setattr(RunLog, "model_names", lambda _: ["a", "b"])
    return Tables.altered


def test_tables_of_every_model_that_runs_names_are_altered_before_runs(
    altered: list[tuple[str, str]],
) -> None:
    settings = plain_settings(output={"path": "out"}, model=None, models=["b.yaml"])
    output = Output(NO_SESSION, settings, [MODEL.model_copy(update={"name": "b"})])

    output.keep_history()

    tables = [table for table in tables_with_history() if table != "runs"]
    expected = [(place, table) for place in ("out", "out/a", "out/b") for table in tables]
    assert sorted(altered) == sorted(expected)
    # `runs` itself is altered by `prepare`: what was killed before is found by the next run.
    altered.clear()
    Tables.by_location[Location(path="out/a")]["customer_tiers"] = {}
    output.keep_history()
    assert altered == [("out/a", "customer_tiers")]


def test_nothing_is_looked_at_once_runs_keeps_its_history(altered: list[tuple[str, str]]) -> None:
    output = Output(NO_SESSION, plain_settings(output={"path": "out"}), [MODEL])
    Tables.by_location[Location(path="out")]["runs"] = dict(HISTORY)
    output.keep_history()
    assert altered == []


def test_tables_of_an_output_of_one_model_are_altered_where_they_are(altered: list[tuple[str, str]]) -> None:
    Output(NO_SESSION, plain_settings(output={"schema": "main.tiers"}), [MODEL]).keep_history()
    assert {place for place, _ in altered} == {"schema main.tiers"}
