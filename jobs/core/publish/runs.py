"""The table `runs`: what happened to each run, and which table versions make each published snapshot."""

import time
from collections.abc import Mapping, Sequence
from datetime import date
from functools import reduce
from typing import Any, Literal

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F  # noqa: N812

from jobs.core.config.configuration import Configuration
from jobs.core.config.model import ScoringModel
from jobs.core.config.published_tables import table_definition
from jobs.core.config.settings import Settings
from jobs.core.config.table_registry import types_of
from jobs.core.delta.stamps import later_than_all
from jobs.core.delta.tables import OutputTables
from jobs.core.publish.events import collected, events_of
from jobs.core.publish.provenance import SEMANTICS, code_version, definitions, is_one_version
from jobs.core.publish.snapshot import Snapshot, snapshots_of
from jobs.core.runtime.errors import ConfigurationError
from jobs.core.runtime.literals import one_row
from jobs.core.runtime.redaction import redacted

Status = Literal[
    "started",
    "published",
    "refused",
    "failed",
    "withdrawn",  # the date has no published snapshot, until it is published again
    # How the comparison of a published day with another previous one ended, if it isn't published.
    "comparison_refused",
    "comparison_failed",
]
_WITHOUT_SNAPSHOT: tuple[Status, ...] = ("refused", "failed")  # how a run ends that publishes nothing
HOLDS = "customer_tiers.holds"  # table property of runs: whose snapshots it tells of
SEVERAL_MODELS = "several models"  # holder where each model's tables have a place of their own


def _map(entries: Mapping[str, Any]) -> Column:
    return F.create_map(*(F.lit(each) for entry in entries.items() for each in entry))


def _as_columns(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _map(value) if isinstance(value, Mapping) else value for name, value in values.items()}


class RunLog:
    """The runs of one output location."""

    def __init__(
        self, tables: OutputTables, settings: Settings, fallbacks: Mapping[str, ScoringModel]
    ) -> None:
        self._tables = tables
        self._settings = settings
        self._fallbacks = fallbacks
        self._known: list[dict[str, Any]] | None = None
        self.location = tables.location

    def prepare(self, model: ScoringModel) -> None:
        """Creates `runs`, or refuses a location that belongs to another model.

        Raises:
            ConfigurationError: it does.
        """
        holds = SEVERAL_MODELS if self._settings.models else f"model {model.name}"
        holder = (self._tables.properties("runs") or {}).get(HOLDS)
        if holder not in {None, holds}:
            raise ConfigurationError(
                f"output: must be a place for {holds}, got {self.location}, "
                f"which holds {holder}; choose another output"
            )
        create_runs(self._tables, model, holds)

    def tell(
        self,
        status: Status,
        models: ScoringModel | Sequence[ScoringModel],
        snapshot: Snapshot,
        message: str | None = None,
        *,
        unless_told_since: int | None = None,
    ) -> None:
        """Appends events of a run, later than all that the log holds, whatever this machine's clock says.

        How a run ended is told once of a model: an error that follows the commit of that event changes
        nothing of what readers see.

        Args:
            status: what happened.
            models: whose snapshot it is; of several, all are told in one commit.
            snapshot: as far as it is made.
            message: of what went wrong.
            unless_told_since: appends nothing if the date was published or withdrawn after that moment, in
                microseconds as `events` have it.
        """
        told = [models] if isinstance(models, ScoringModel) else list(models)
        one = one_row(self._tables.spark)
        rows = [
            one.select(F.lit(position).alias("position"), *self._event(status, model, snapshot, message))
            for position, model in enumerate(told)
        ]
        of_date = (F.col("as_of") == F.lit(snapshot.as_of)) & F.col("model").isin([m.name for m in told])
        since = of_date & F.col("status").isin("published", "withdrawn")
        since &= F.unix_micros("happened_at") > F.lit(unless_told_since)
        ended = (F.col("run_id") == snapshot.run_id) & F.col("status").isin("published", *_WITHOUT_SNAPSHOT)
        log = self._tables.read("runs").agg(
            later_than_all("happened_at").alias("now"),
            F.count_if(since).alias("told_since"),
            F.collect_set(F.when(ended, F.col("model"))).alias("ended_models"),
        )
        happened_at = F.expr("now + make_dt_interval(0, 0, 0, position * 0.000001BD)").alias("happened_at")
        events = reduce(DataFrame.union, rows).crossJoin(log).where("told_since = 0")
        if status in _WITHOUT_SNAPSHOT:
            events = events.where("NOT array_contains(ended_models, model)")
        beside = ("position", "now", "told_since", "ended_models")
        self._tables.append("runs", events.select("*", happened_at).drop(*beside))

    def _event(
        self, status: Status, model: ScoringModel, snapshot: Snapshot, message: str | None
    ) -> list[Column]:
        written = snapshot.written
        configuration = snapshot.configuration or Configuration.of(self._settings, model, self._fallbacks)
        values = {
            "as_of": snapshot.as_of,
            "model": model.name,
            "run_id": snapshot.run_id,
            "status": status,
            "message": None if message is None else redacted(message),
            "previous_run_id": snapshot.previous_run_id,
            "previous_segments_hash": snapshot.previous_segments_hash,
            "source_versions": _map(snapshot.source_versions.tables),
            "source_files": _map(snapshot.source_versions.files),
            "source_rows": _map(snapshot.source_rows),
            "table_versions": _map({table: each.version for table, each in written.items()}),
            "row_counts": _map({table: each.rows for table, each in written.items()}),
            "content_hashes": _map({table: each.content_hash for table, each in written.items()}),
            "revenue": snapshot.revenue,
            "seconds": time.monotonic() - snapshot.started,
            "configuration_hash": configuration.hash,
            "configuration": configuration.text,
            "model_hash": configuration.model_hash,
            **_as_columns(snapshot.made_with or self._made_with()),
        }
        types = types_of("runs")
        return [
            (value if isinstance(value, Column) else F.lit(value)).cast(types[name]).alias(name)
            for name, value in values.items()
        ]

    def _made_with(self) -> dict[str, Any]:
        return {
            "code_version": code_version(),
            "semantics": SEMANTICS,
            "definitions": definitions(self._settings),
        }

    def is_of(self, model: ScoringModel, snapshot: Snapshot) -> bool:
        """Whether a snapshot was made with the model, and the one that it falls back to, as they are now."""
        recorded, now = snapshot.configuration, Configuration.of(self._settings, model, self._fallbacks)
        return recorded is not None and recorded.same_models(now)

    def events(self, model_name: str) -> list[dict[str, Any]]:
        """All events of a model, as they happened. A few a run: they don't grow with customers."""
        self._known = None
        return self._of_model(model_name)

    def _of_model(self, model_name: str) -> list[dict[str, Any]]:
        return [event for event in self.known_events() if event["model"] == model_name]

    def known_events(self) -> list[dict[str, Any]]:
        """All events of all models, as they were read last."""
        if self._known is None:
            self._known = events_of(self._tables, None)
        return self._known

    def known_snapshots(self, model_name: str) -> dict[date, Snapshot]:
        """The published run that counts of each date of a model, by the events that were read last."""
        return snapshots_of(self._of_model(model_name))

    def model_names(self) -> list[str]:
        """The models that it tells of, whichever command published them."""
        return sorted(row["model"] for row in self._tables.read("runs").select("model").distinct().collect())

    def published_snapshots(self, model_name: str) -> dict[date, Snapshot]:
        """The published run that counts of each date of a model."""
        return self.snapshots(self._tables, model_name)

    @staticmethod
    def snapshots(tables: OutputTables, model_name: str | None) -> dict[date, Snapshot]:
        """The published run that counts of each date.

        Args:
            tables: with `runs`.
            model_name: whose runs; None where there is one model only.
        """
        return snapshots_of(events_of(tables, model_name))

    def is_new(self, snapshot: Snapshot) -> bool:
        """Whether no other run has told of a snapshot's date.

        Asked when its own run has told that it starts, so that of two that begin at once the later sees the
        other, and before it publishes: a run that began later has written nothing that this one reads.
        """
        self._known = None
        return all(
            event["run_id"] == snapshot.run_id
            for event in self.known_events()
            if event["as_of"] == snapshot.as_of
        )

    def latest_source_rows(self) -> dict[str, int]:
        """Rows of each source at the last published run that is known; none before the first."""
        # A day that is compared anew is told again, with what it read long ago.
        first: dict[str, dict[str, int]] = {}
        for event in self.known_events():
            if event["status"] == "published":
                first.setdefault(event["run_id"], event["source_rows"])
        return dict(next(reversed(first.values()), {}))

    def has_published_alike(self, model: ScoringModel) -> bool:
        """Whether a run of the same configuration, definitions and code has published the model."""
        configuration, made_with = Configuration.of(self._settings, model, self._fallbacks), self._made_with()
        alike = {"status": "published", "configuration_hash": configuration.hash, **made_with}
        return is_one_version(made_with["code_version"]) and any(
            all(event[name] == value for name, value in alike.items()) for event in self.events(model.name)
        )

    def find(self, run_id: str) -> dict[str, list[dict[str, Any]]]:
        """The published events of a run by model, as they happened; none if it was never published."""
        events = self._tables.read("runs").where(F.col("run_id") == run_id).where("status = 'published'")
        found: dict[str, list[dict[str, Any]]] = {}
        for event in collected(events):
            found.setdefault(event["model"], []).append(event)
        return found


def create_runs(tables: OutputTables, model: ScoringModel, holds: str) -> None:
    """Creates `runs` unless it is there.

    Args:
        tables: of the output.
        model: any of those that it holds.
        holds: the words for them.
    """
    nothing = (F.lit(None).cast(kind).alias(name) for name, kind in types_of("runs").items())
    empty = one_row(tables.spark).select(*nothing)
    tables.create("runs", empty.schema.fields, table_definition("runs", model), {HOLDS: holds})
