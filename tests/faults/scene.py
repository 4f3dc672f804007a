"""Published snapshots, sources that have changed since, and copies in which a rerun is made to fail."""

import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from threading import Lock
from typing import Any

import pytest
from deltalake import DeltaTable
from pyspark.sql import DataFrameWriterV2, SparkSession

from jobs.core.delta.tables import OutputTables
from jobs.core.publish.counting import counting
from tests.conftest import PROFILES, Row, Workspace, active, fact
from tests.generate_profiles import profile

BEFORE, AS_OF, LATER = date(2024, 3, 31), date(2024, 6, 30), date(2024, 9, 30)
DAYS = (BEFORE, AS_OF, LATER)
NAMES = ("Ann", "Bob", "Cy", "Di")
PA, VPS = "profitability_adherence", "value_potential_strategic"
DEFINITIONS = ("CREATE TABLE", "ALTER TABLE", "CREATE OR REPLACE VIEW", "CREATE SCHEMA")
LENIENT = {"limits": {"quarantined_share": 1, "rows_kept": 0, "revenue_kept": 0}}

Point = tuple[str, str, str, int]  # operation, the model's folder or none, table, which of them
State = dict[str, list[Row]]


class InjectedError(Exception):
    """Thrown where a write has gone through."""


def good_facts(revenue: str) -> list[Row]:
    """Facts that no rule sets aside, of which one in the window of the last two dates has this revenue."""
    first = [fact(name, "2024-02-01", str(100 * n)) for n, name in enumerate(NAMES, 1)]
    changed = [fact("Ann", "2024-05-01", revenue), fact("Bob", "2024-08-01", "70")]
    return [*first, *changed, fact("Ed", "2022-01-01")]


@dataclass
class Scene:
    """Dates published, and other sources for one of them.

    Attributes:
        workspace: with sources and configuration.
        models: that it publishes.
        published: what readers saw of each model and date before.
        asked: the date that runs are asked for.
    """

    workspace: Workspace
    models: tuple[str, ...]
    published: dict[tuple[str, date], State] = field(default_factory=dict)
    asked: date = AS_OF

    @classmethod
    def made(cls, workspace: Workspace, *models: str, days: Sequence[date] = DAYS) -> "Scene":
        scene = cls(workspace, models)
        names = ["fct_revenues", "dim_accounts"] + (["dim_customers"] if VPS in models else [])
        sources = {name: {"path": name} for name in names}
        workspace.configure(sources=sources, model=None, models=list(models), quality=LENIENT)
        scene.write_sources("20")
        assert workspace.run(*days) == 0
        scene.published = scene.seen("output")
        scene.write_sources("900")
        return scene

    def write_sources(self, revenue: str) -> None:
        """Good facts and a bad one, accounts and profiles."""
        self.workspace.write_sources([*good_facts(revenue), fact(" ", "2024-05-01")], active(*NAMES))
        # Enough is known of each to be scored by the second model.
        known: Row = {"contract_years": "2", "on_time_payment_rate": "0.9", "health_score": "55"}
        ratings: Row = dict.fromkeys(("brand_rating", "reference_rating", "influence_rating"), "50")
        profiles = [profile(name, arr=str(30_000 * n), **known, **ratings) for n, name in enumerate(NAMES, 1)]
        self.workspace.write_source("dim_customers", profiles, PROFILES)

    def copy(self, name: str) -> str:
        shutil.copytree(self.workspace.folder / "output", self.workspace.folder / name)
        return name

    def run(self, output: str) -> int:
        place = self.workspace.folder / output
        return self.workspace.run(self.asked, options=["--set", f"output.path={place}"])

    def seen(self, output: str) -> dict[tuple[str, date], State]:
        """What a reader without Spark sees of each model and date, without the run that made it."""
        path = self.workspace.folder / output
        events = DeltaTable(str(path / "runs")).to_pyarrow_table().to_pylist()
        return {
            (model, day): {
                table: self._rows(path / model / table, version, day)
                for table, version in counts["table_versions"]
            }
            for model in self.models
            for day, counts in counting(event for event in events if event["model"] == model).items()
        }

    @staticmethod
    def _rows(place: Path, version: int, day: date) -> list[Row]:
        table = DeltaTable(str(place), version=version)
        found = table.to_pyarrow_table(filters=[("as_of", "=", day)]).drop_columns("run_id")
        return sorted(found.to_pylist(), key=str)

    def events(self, output: str) -> list[Row]:
        told = self.workspace.table("runs", output).orderBy("happened_at")
        return [row.asDict() for row in told.collect()]


@contextmanager
def failing_after(patch: pytest.MonkeyPatch, *points: Point) -> Iterator[list[Point]]:
    """Lets the job fail after some of its writes; yields the writes as they are made."""
    made: list[Point] = []
    numbers: Counter[tuple[str, str, str]] = Counter()
    lock = Lock()

    def failing(operation: str) -> Callable[..., Any]:
        write = getattr(OutputTables, operation)

        def written(tables: OutputTables, table: str, *given: Any, **named: Any) -> Any:
            result = write(tables, table, *given, **named)
            folder = Path(str(tables.location)).name
            place = (operation, folder if folder in {PA, VPS} else "", table)
            with lock:
                this = (*place, numbers[place])
                made.append(this)
                numbers[place] += 1
            if this in points:
                raise InjectedError(f"after {this}")
            return result

        return written

    with patch.context() as patched:
        for operation in ("append", "replace"):
            patched.setattr(OutputTables, operation, failing(operation))
        yield made


@contextmanager
def losing_answers(patch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Lets every commit go through and its answer fail; yields the commits."""
    lost: list[str] = []

    def losing(operation: str) -> Callable[..., None]:
        write = getattr(DataFrameWriterV2, operation)

        def written(writer: DataFrameWriterV2, *given: Any) -> None:
            write(writer, *given)
            lost.append(operation)
            raise InjectedError("the connection was reset")

        return written

    with patch.context() as patched:
        for operation in ("append", "overwrite"):
            patched.setattr(DataFrameWriterV2, operation, losing(operation))
        yield lost


@contextmanager
def failing_definitions(
    patch: pytest.MonkeyPatch, number: int | None, kinds: tuple[str, ...] = DEFINITIONS
) -> Iterator[list[str]]:
    """Lets the job fail after one of its statements of some kinds; yields these statements."""
    made: list[str] = []
    sql = SparkSession.sql

    def defined(spark: SparkSession, text: str, *given: Any, **named: Any) -> Any:
        result = sql(spark, text, *given, **named)
        if text.startswith(kinds):
            made.append(text)
            if len(made) - 1 == number:
                raise InjectedError(f"after {text:.60}")
        return result

    with patch.context() as patched:
        patched.setattr(SparkSession, "sql", defined)
        yield made
