"""The table `runs`: what happened to each run, and which table versions make each published snapshot."""

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Literal

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F  # noqa: N812

from jobs.core.configuration import Configuration
from jobs.core.errors import ConfigurationError
from jobs.core.layout import layout
from jobs.core.model import ScoringModel
from jobs.core.redaction import redacted
from jobs.core.settings import Settings
from jobs.core.sources import Pins
from jobs.core.steps import one_row
from jobs.core.tables import OutputTables, Written

Status = Literal["started", "published", "refused", "failed"]
_RUNS = {
    "as_of": "date",
    "model": "string",
    "run_id": "string",
    "status": "string",
    "happened_at": "timestamp",
    "message": "string",
    "previous_run_id": "string",
    "previous_segments_hash": "string",
    "source_versions": "map<string,bigint>",
    "source_files": "map<string,string>",
    "source_rows": "map<string,bigint>",
    "table_versions": "map<string,bigint>",
    "row_counts": "map<string,bigint>",
    "content_hashes": "map<string,string>",
    "revenue": "decimal(28,2)",
    "seconds": "double",
    "configuration_hash": "string",
    "configuration": "string",
    "model_hash": "string",
    "code_version": "string",
}
_HOLDS = "customer_tiers.holds"  # table property of runs: whose snapshots it tells of


@dataclass(frozen=True)
class Snapshot:
    """One date of one model as its run makes it, and `runs` records it.

    Attributes:
        as_of: the date.
        run_id: of the run that made it.
        pins: what the run read.
        source_rows: rows of each source, used or not.
        written: the tables.
        revenue: of the scored customers.
        previous_run_id: whose snapshot it was compared with; None for the first of a model.
        previous_segments_hash: of the segments that it remembered; None without.
        configuration: that it was made with, as recorded; None while it is made.
        started: `time.monotonic()` when the run began.
    """

    as_of: date
    run_id: str
    pins: Pins
    source_rows: Mapping[str, int] = field(default_factory=dict)
    written: Mapping[str, Written] = field(default_factory=dict)
    revenue: Any = None
    previous_run_id: str | None = None
    previous_segments_hash: str | None = None
    configuration: Configuration | None = None
    started: float = field(default_factory=time.monotonic)


def _code_version() -> str:
    try:
        return version("customer-tiers")
    except PackageNotFoundError:  # run from the zip, which carries no metadata
        return "unpackaged"


def _map(entries: Mapping[str, Any]) -> Column:
    return F.create_map(*(F.lit(each) for entry in entries.items() for each in entry))


class RunLog:
    """The runs of one output location."""

    def __init__(
        self, tables: OutputTables, settings: Settings, fallbacks: Mapping[str, ScoringModel]
    ) -> None:
        self._tables = tables
        self._settings = settings
        self._fallbacks = fallbacks
        self.location = tables.location

    def prepare(self, model: ScoringModel) -> None:
        """Creates `runs`, or refuses a location that belongs to another model.

        Raises:
            ConfigurationError: it does.
        """
        holds = "several models" if self._settings.models else f"model {model.name}"
        held = (self._tables.properties("runs") or {}).get(_HOLDS)
        if held not in {None, holds}:
            raise ConfigurationError(
                f"output: must be a place for {holds}, got {self.location}, "
                f"which holds {held}; choose another output"
            )
        empty = one_row(self._tables.spark).select(
            *(F.lit(None).cast(kind).alias(name) for name, kind in _RUNS.items())
        )
        self._tables.create("runs", empty.schema.fields, layout("runs", model), {_HOLDS: holds})

    def tell(
        self, status: Status, model: ScoringModel, snapshot: Snapshot, message: str | None = None
    ) -> None:
        """Appends an event of a run."""
        written = snapshot.written
        configuration = snapshot.configuration or Configuration.of(self._settings, model, self._fallbacks)
        values = {
            "as_of": snapshot.as_of,
            "model": model.name,
            "run_id": snapshot.run_id,
            "status": status,
            "happened_at": datetime.now(UTC),
            "message": None if message is None else redacted(message),
            "previous_run_id": snapshot.previous_run_id,
            "previous_segments_hash": snapshot.previous_segments_hash,
            "source_versions": _map(snapshot.pins.versions),
            "source_files": _map(snapshot.pins.files),
            "source_rows": _map(snapshot.source_rows),
            "table_versions": _map({table: each.version for table, each in written.items()}),
            "row_counts": _map({table: each.rows for table, each in written.items()}),
            "content_hashes": _map({table: each.content_hash for table, each in written.items()}),
            "revenue": snapshot.revenue,
            "seconds": time.monotonic() - snapshot.started,
            "configuration_hash": configuration.hash,
            "configuration": configuration.text,
            "model_hash": configuration.model_hash,
            "code_version": _code_version(),
        }
        columns = [
            (value if isinstance(value, Column) else F.lit(value)).cast(_RUNS[name]).alias(name)
            for name, value in values.items()
        ]
        self._tables.append("runs", one_row(self._tables.spark).select(*columns))

    def is_of(self, model: ScoringModel, snapshot: Snapshot) -> bool:
        """Whether a snapshot was made with the model, and the one that it falls back to, as they are now."""
        recorded, now = snapshot.configuration, Configuration.of(self._settings, model, self._fallbacks)
        return recorded is not None and recorded.same_models(now)

    def published(self, model_name: str) -> dict[date, Snapshot]:
        """The latest published run of each date of a model."""
        return self.snapshots(self._tables, model_name)

    @staticmethod
    def snapshots(tables: OutputTables, model_name: str | None) -> dict[date, Snapshot]:
        """The latest published run of each date. One row a run: it does not grow with customers.

        Args:
            tables: with `runs`.
            model_name: whose runs; None where there is one model only.
        """
        events = tables.read("runs").where("status = 'published'")
        if model_name is not None:
            events = events.where(F.col("model") == model_name)
        return {run["as_of"]: snapshot_of(run.asDict()) for run in _in_order(events)}

    def disturbed(self, model_name: str, published: Mapping[date, Snapshot]) -> set[date]:
        """The published dates to which another run may have written after the one that is published."""
        events = list(_in_order(self._tables.read("runs").where(F.col("model") == model_name)))
        begun = {run["run_id"]: run for run in reversed(events) if run["status"] == "started"}
        latest = {run["run_id"]: run["status"] for run in events}
        ended = {run["run_id"]: run["happened_at"] for run in events if run["status"] != "started"}
        others = [
            (run, published[run["as_of"]].run_id)
            for run in begun.values()
            if run["as_of"] in published and run["run_id"] != published[run["as_of"]].run_id
        ]
        by_others = {
            run["as_of"]
            for run, ours in others
            if latest[run["run_id"]] == "started" or ended[run["run_id"]] >= begun[ours]["happened_at"]
        }
        # A day that was begun to be compared anew.
        return by_others | {
            day for day, snapshot in published.items() if latest[snapshot.run_id] == "started"
        }

    def latest_source_rows(self) -> dict[str, int]:
        """Rows of each source at the last published run; none before the first."""
        events = self._tables.read("runs").where("status = 'published'")
        # A day that is compared anew is told again, with what it read long ago.
        first = events.groupBy("run_id").agg(
            F.min("happened_at").alias("happened_at"),
            F.min_by("source_rows", "happened_at").alias("source_rows"),
        )
        latest = first.agg(F.max_by("source_rows", F.struct("happened_at", "run_id"))).collect()[0][0]
        return dict(latest or {})

    def find(self, run_id: str) -> dict[str, dict[str, Any]]:
        """The latest published event of a run by model; none if it was never published."""
        events = self._tables.read("runs").where(F.col("run_id") == run_id).where("status = 'published'")
        return {run["model"]: run.asDict() for run in _in_order(events)}


def _in_order(events: DataFrame) -> Iterable[Any]:
    return sorted(events.collect(), key=lambda run: (run["happened_at"], run["run_id"]))


def snapshot_of(run: Mapping[str, Any]) -> Snapshot:
    """The snapshot that a published event of a run tells of."""
    return Snapshot(
        run["as_of"],
        run["run_id"],
        Pins(run["source_versions"], run["source_files"]),
        run["source_rows"],
        {
            table: Written(table_version, run["row_counts"][table], run["content_hashes"][table])
            for table, table_version in run["table_versions"].items()
        },
        run["revenue"],
        run["previous_run_id"],
        run.get("previous_segments_hash"),
        Configuration(run["configuration"], run["configuration_hash"], run.get("model_hash")),
    )
