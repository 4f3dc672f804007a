"""How what is published is read: at the versions that `runs` records, never rows of a half-done run."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from pyspark.sql import DataFrame, SparkSession

from jobs.core.config.table_registry import tables_with_views
from jobs.core.delta.identifiers import Location, literal, quoted_column
from jobs.core.delta.tables import OutputTables
from jobs.core.publish import explanation
from jobs.core.publish.counting import disturbed
from jobs.core.publish.events import events_of
from jobs.core.publish.runs import RunLog
from jobs.core.publish.snapshot import Snapshot, snapshots_of
from jobs.core.runtime.errors import ConfigurationError, RunAgainError
from jobs.core.runtime.nearest import one_of

PUBLISHED = tables_with_views()
_MOST_ROUNDS = 20  # of making views while other runs publish
_NONE = "SELECT * FROM {table} WHERE FALSE"
_BRANCH = (
    "SELECT {columns} FROM {table} VERSION AS OF {version} WHERE as_of IN ({dates}) AND run_id IN ({runs})"
)


def published(
    spark: SparkSession, table: str, as_of: date, *, path: str, model: str | None = None
) -> DataFrame:
    """The published rows of one table and date, whatever runs are under way or have failed since.

    Args:
        spark: the session.
        table: one of `PUBLISHED`.
        as_of: the date of the snapshot.
        path: the output folder, as in the configuration.
        model: whose snapshot, where the folder holds several models'.

    Raises:
        ConfigurationError: nothing is published for that date, or there is no such table.
    """
    if table not in PUBLISHED:
        raise ConfigurationError(f"table: {one_of(PUBLISHED, table)}")
    root = OutputTables(spark, Location(path=path))
    found = RunLog.snapshots(root, model).get(as_of)
    if found is None or table not in found.written:
        raise ConfigurationError(
            f"{path}: holds no published {table} of {as_of}" + (f" of {model}" if model else "")
        )
    tables = root if model is None else OutputTables(spark, root.location.of_model(model))
    return tables.read_written(table, as_of, found.written[table])


def create_views(tables: OutputTables, root: OutputTables, model_name: str) -> None:
    """Creates the views that catalogs' users read, where there is a catalog to hold them.

    `published_<table>` shows every published snapshot; `score_components` explains each score. They are made
    until `runs` tells the same after it as before.

    Args:
        tables: of the model.
        root: with `runs`.
        model_name: whose views they are.
    """
    if tables.location.schema is None:
        return
    for _ in range(_MOST_ROUNDS):
        events = events_of(root, model_name)
        _create_views(tables, events)
        if events_of(root, model_name) == events:
            return
    raise RunAgainError(
        f"{tables.location}: other runs publish all the time, so that the views could not be made to agree "
        "with runs: run again"
    )


def _create_views(tables: OutputTables, events: list[dict[str, Any]]) -> None:
    snapshots, touched = snapshots_of(events), disturbed(events)
    for table in PUBLISHED:
        holding = {day: snapshot for day, snapshot in snapshots.items() if table in snapshot.written}
        # One of which all dates were withdrawn shows none.
        if holding or tables.spark.catalog.tableExists(f"{tables.location.schema}.published_{table}"):
            view = tables.location.identifier(f"published_{table}")
            query = _query(tables, table, holding, touched)
            tables.spark.sql(f"CREATE OR REPLACE VIEW {view} AS\n{query}")
    if not snapshots:
        return
    view = tables.location.identifier("score_components")
    tables.spark.sql(f"CREATE OR REPLACE VIEW {view} AS\n{explanation.score_components_view(tables)}")


def _query(tables: OutputTables, table: str, snapshots: Mapping[date, Snapshot], touched: set[date]) -> str:
    """All published dates of a table; those that no other run touched at the latest published version."""
    identifier = tables.location.identifier(table)
    if not snapshots:
        return _NONE.format(table=identifier)
    newest = max(snapshot.written[table].version for snapshot in snapshots.values())
    dates: dict[int, list[date]] = {}
    for day, snapshot in snapshots.items():
        dates.setdefault(snapshot.written[table].version if day in touched else newest, []).append(day)
    columns = tables.read(table).columns
    branches = []
    for version, days in sorted(dates.items()):
        there = set(tables.read_at(table, version).columns)
        selected = ", ".join(
            quoted_column(name) if name in there else f"NULL AS {quoted_column(name)}" for name in columns
        )
        listed = ", ".join(f"DATE '{day.isoformat()}'" for day in sorted(days))
        runs = ", ".join(literal(snapshots[day].run_id) for day in sorted(days))
        branches.append(
            _BRANCH.format(columns=selected, table=identifier, version=version, dates=listed, runs=runs)
        )
    return "\nUNION ALL\n".join(branches)
