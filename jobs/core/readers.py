"""How what is published is read: at the versions that `runs` records, never rows of a half-done run."""

from collections.abc import Mapping
from datetime import date

from pyspark.sql import DataFrame, SparkSession

from jobs.core import explanation
from jobs.core.errors import ConfigurationError
from jobs.core.model import ScoringModel
from jobs.core.runs import RunLog, Snapshot
from jobs.core.tables import Location, OutputTables, quoted_column

PUBLISHED = (
    "customer_tiers",
    "excluded_customers",
    "model_components",
    "customer_segments",
    "migration_actions",
    "segment_summary",
    "value_health_matrix",
    "capacity_plan",
    "engagement_models",
    "tier_alerts",
    "tier_migration",
    "tier_migration_summary",
    "tier_summary",
)
_BRANCH = "SELECT {columns} FROM {table} VERSION AS OF {version} WHERE as_of IN ({dates})"


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
        ConfigurationError: nothing is published for that date.
    """
    root = OutputTables(spark, Location(path=path))
    found = RunLog.snapshots(root, model).get(as_of)
    if found is None or table not in found.written:
        raise ConfigurationError(
            f"{path}: holds no published {table} of {as_of}" + (f" of {model}" if model else "")
        )
    tables = root if model is None else OutputTables(spark, root.location.of_model(model))
    return tables.read_written(table, as_of, found.written[table])


def create_views(tables: OutputTables, log: RunLog, model: ScoringModel) -> None:
    """Creates the views that catalogs' users read, where there is a catalog to hold them.

    `published_<table>` shows every published snapshot; `score_components` explains each score.
    """
    if tables.location.schema is None:
        return
    snapshots = log.published(model.name)
    disturbed = log.disturbed(model.name, snapshots)
    for table in PUBLISHED:
        holding = {day: snapshot for day, snapshot in snapshots.items() if table in snapshot.written}
        if holding:
            view = tables.location.identifier(f"published_{table}")
            query = _query(tables, table, holding, disturbed)
            tables.spark.sql(f"CREATE OR REPLACE VIEW {view} AS\n{query}")
    view = tables.location.identifier("score_components")
    tables.spark.sql(f"CREATE OR REPLACE VIEW {view} AS\n{explanation.score_components(tables)}")


def _query(tables: OutputTables, table: str, snapshots: Mapping[date, Snapshot], disturbed: set[date]) -> str:
    """All published dates of a table; those that no other run touched at the latest published version."""
    newest = max(snapshot.written[table].version for snapshot in snapshots.values())
    dates: dict[int, list[date]] = {}
    for day, snapshot in snapshots.items():
        dates.setdefault(snapshot.written[table].version if day in disturbed else newest, []).append(day)
    columns = tables.read(table).columns
    branches = []
    for version, days in sorted(dates.items()):
        there = set(tables.read_at(table, version).columns)
        selected = ", ".join(
            quoted_column(name) if name in there else f"NULL AS {quoted_column(name)}" for name in columns
        )
        listed = ", ".join(f"DATE '{day.isoformat()}'" for day in sorted(days))
        place = tables.location.identifier(table)
        branches.append(_BRANCH.format(columns=selected, table=place, version=version, dates=listed))
    return "\nUNION ALL\n".join(branches)
