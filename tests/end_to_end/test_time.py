"""Months between runs: what was published stays readable and is reproduced, whatever VACUUM removes."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest
from deltalake import DeltaTable
from pyspark.sql import functions as F  # noqa: N812

from tests.aging import age, vacuum
from tests.conftest import Row, Workspace, active, fact
from tests.readme import counting_runs

SCHEMA = "spark_catalog.months"
COLUMNS = ("customer_key", "tier", "total_revenue", "profitability_score", "run_id")
SOURCES = ("fct_revenues", "dim_accounts")
MONTH = 31  # days


@pytest.fixture
def in_catalog(workspace: Workspace) -> Iterator[Workspace]:
    workspace.spark.sql(f"CREATE SCHEMA {SCHEMA.partition('.')[2]} LOCATION '{workspace.folder / 'output'}'")
    workspace.configure(output={"schema": SCHEMA})
    yield workspace
    workspace.spark.sql(f"DROP SCHEMA {SCHEMA} CASCADE")


@dataclass
class Months:
    """A company's months: its facts, and what it published.

    Attributes:
        is_year: VACUUM comes after each month, to the sources too, which keep their history, and all runs are
            computed again; else it comes after the last, and the sources have Delta's defaults.
    """

    workspace: Workspace
    is_year: bool
    facts: list[Row] = field(default_factory=list)
    expected: dict[date, list[tuple[Any, ...]]] = field(default_factory=dict)

    @property
    def output(self) -> Path:
        return self.workspace.folder / "output"

    def book(self, *facts: Row) -> None:
        """Facts arrive, as a new version of the source."""
        self.facts += facts
        self.workspace.write_sources(self.facts, active("Ann", "Bob", "Cy"))

    def keep_history(self) -> None:
        """What the sources' owner does, so that runs can be computed again for years."""
        kept = ", ".join(
            f"'delta.{name}RetentionDuration' = 'interval 3650 days'" for name in ("log", "deletedFile")
        )
        for name in SOURCES:
            table = f"delta.`{self.workspace.folder / name}`"
            self.workspace.spark.sql(f"ALTER TABLE {table} SET TBLPROPERTIES ({kept})")

    def publish(self, as_of: date, status: int = 0) -> None:
        assert self.workspace.run(as_of) == status
        if status == 0:
            self.expected[as_of] = self.rows("customer_tiers", as_of)

    def rows(self, table: str, as_of: date) -> list[tuple[Any, ...]]:
        """As the table is now: right after a run what it published."""
        frame = self.workspace.spark.table(f"{SCHEMA}.{table}").where(F.col("as_of") == F.lit(as_of))
        return sorted(tuple(row) for row in frame.select(*COLUMNS).collect())

    def month_passes(self, *, is_last: bool = False) -> None:
        age(MONTH, self.output, *(self.workspace.folder / name for name in SOURCES))
        if self.is_year:
            vacuum(self.workspace.spark, self.output, self.workspace.folder)
        elif is_last:
            vacuum(self.workspace.spark, self.output)

    def assert_all_is_there(self) -> None:
        """Each date is as it was published: in the views, without Spark, and computed again."""
        runs = counting_runs(str(self.output))
        assert sorted(runs.index) == sorted(self.expected)
        for day, expected in self.expected.items():
            assert self.rows("published_customer_tiers", day) == expected, day
            version = dict(runs.loc[day].table_versions)["customer_tiers"]
            table = DeltaTable(str(self.output / "customer_tiers"), version=version)
            arrow = table.to_pyarrow_dataset()  # noqa: F841  (DuckDB finds it by its name)
            found = duckdb.sql(
                f"SELECT {', '.join(COLUMNS)} FROM arrow WHERE as_of = DATE '{day}'"  # noqa: S608
            )
            assert found is not None
            assert sorted(found.fetchall()) == expected, day
        for run in runs[:: 1 if self.is_year else 4].itertuples():
            assert self.workspace.reproduce(run.run_id) == 0, run.Index


def months(
    company: Months, ends: list[date], *, refused: int | None = None, corrected: int | None = None
) -> None:
    """Publishes month by month, then a date before all; one month is rerun and refused, one corrected."""
    company.book(*(fact(name, "2023-12-15", str(10 * n)) for n, name in enumerate(("Ann", "Bob", "Cy"), 1)))
    if company.is_year:
        company.keep_history()
    for number, end in enumerate(ends):
        company.book(fact(("Ann", "Bob", "Cy")[number % 3], str(end.replace(day=10)), str(7 * number + 5)))
        company.publish(end)
        company.month_passes()
        if number == refused:
            good = list(company.facts)
            company.book(*(fact(" ", str(end.replace(day=11))) for _ in good))
            company.publish(end, status=3)
            company.month_passes()
            company.facts = good
        if number == corrected:
            company.facts[-1] = {**company.facts[-1], "total_revenue": company.facts[0]["total_revenue"]}
            company.book()
            company.publish(ends[number - 1])
            company.month_passes()
    company.publish(date(2023, 12, 31))
    company.month_passes(is_last=True)
    company.assert_all_is_there()


def test_three_months(in_catalog: Workspace) -> None:
    ends = [date(2024, 1, 31), date(2024, 2, 29), date(2024, 3, 31)]
    months(Months(in_catalog, is_year=False), ends)


@pytest.mark.year
def test_a_year(in_catalog: Workspace) -> None:
    ends = [date(2024, month, 28) for month in range(1, 13)]
    months(Months(in_catalog, is_year=True), ends, refused=4, corrected=7)
