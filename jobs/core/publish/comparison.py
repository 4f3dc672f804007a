"""Compares a snapshot with the previous one: segments with memory, movements, retention, and their checks."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from pyspark.sql import DataFrame
from pyspark.sql import functions as F  # noqa: N812

from jobs.core.config.model import TOTAL, ScoringModel
from jobs.core.config.rules import Check
from jobs.core.config.table_registry import tables_of_stage
from jobs.core.delta.written import Total
from jobs.core.pipeline.engine import Engine
from jobs.core.pipeline.migration import assigned_tiers
from jobs.core.publish.decisions import TABLE as DECISIONS
from jobs.core.publish.output import Output
from jobs.core.publish.snapshot import Snapshot
from jobs.core.publish.staleness import SEGMENTS
from jobs.core.sources.source_versions import SourceVersions


class Comparison:
    """What of one model's snapshots follows from the ones before them.

    Attributes:
        model: whose snapshots they are.
        tables: the model's tables.
    """

    def __init__(self, output: Output, model: ScoringModel) -> None:
        self.model = model
        self.tables = output.tables_of(model)
        self._output = output
        self._spark = output.root.spark
        self._rules = output.rules
        self._decisions_version: int | None = None  # read by all of a command's dates

    def compare(self, current: Snapshot, previous: Snapshot | None) -> tuple[Snapshot, list[Check]]:
        """Writes the tables that follow from a snapshot and the previous one, and checks them."""
        checks = []
        if self.model.segments is not None:
            current = self._segment(current, previous)
            checks = self._decision_checks(current)
        with self.comparison(current, previous) as frames:
            parts = F.col("movement") != TOTAL
            told = ("revenue_before", "revenue_after", "arr_after")
            sides = {side: Total(F.when(parts, F.col(side))) for side in told}
            compared = self._output.write_all(current, frames, self.model, {"tier_migration_summary": sides})
        if previous is None:
            return replace(compared, previous_run_id=None), checks
        checks += self._movement_checks(compared, previous)
        return replace(compared, previous_run_id=previous.run_id), checks

    def _segment(self, current: Snapshot, previous: Snapshot | None) -> Snapshot:
        """Writes the segments of a snapshot, which remember the previous one's."""
        current = self.with_decisions(current)
        with self.segmentation(current, previous) as frames:
            current = self._output.write_all(current, frames, self.model)
        remembered = previous.written.get(SEGMENTS) if previous else None
        return replace(current, previous_segments_hash=remembered.content_hash if remembered else None)

    def with_decisions(self, current: Snapshot) -> Snapshot:
        """A snapshot with the version of the decisions that it is to be compared with."""
        if self._decisions_version is None:
            self._decisions_version = self.tables.version(DECISIONS)
        # Another command may have recorded one, and compared this day with it, since this one looked.
        latest = max(self._decisions_version, current.source_versions.tables.get(DECISIONS, 0))
        return replace(
            current,
            source_versions=SourceVersions(
                {**current.source_versions.tables, DECISIONS: latest}, current.source_versions.files
            ),
        )

    @contextmanager
    def segmentation(self, current: Snapshot, previous: Snapshot | None) -> Iterator[dict[str, DataFrame]]:
        """The tables of the segments of a snapshot, as long as the context lasts."""
        given = {name: self._read(name, current) for name in ("customer_tiers", "excluded_customers")}
        if previous and SEGMENTS in previous.written:
            given["previous_segments"] = self._read(SEGMENTS, previous)
        decided = self._decisions(current)
        with Engine(
            self._spark, as_of=current.as_of, model=self.model, tier_decisions=decided, **given
        ) as engine:
            yield engine.tables(tables_of_stage("segments"))

    def _decisions(self, current: Snapshot) -> DataFrame:
        return self.tables.read_at(DECISIONS, current.source_versions.tables[DECISIONS])

    def _decision_checks(self, current: Snapshot) -> list[Check]:
        with Engine(self._spark, model=self.model, tier_decisions=self._decisions(current)) as engine:
            without = ~F.col("counts")
            found = engine.table("judged_decisions").agg(
                F.count("*").alias("checked"),
                F.count_if(without).alias("failed"),
                F.min(F.when(without, F.col("customer_key"))).alias("example"),
            )
            counted = found.collect()[0].asDict()
        return self._rules.about_total("decision_without_effect", DECISIONS, **counted)

    @contextmanager
    def comparison(self, current: Snapshot, previous: Snapshot | None) -> Iterator[dict[str, DataFrame]]:
        """The tables that compare a snapshot with the previous one, as long as the context lasts."""
        of_current = ["customer_tiers", "excluded_customers"]
        if self.model.segments is not None:
            of_current.append(SEGMENTS)
        given = {name: self._read(name, current) for name in of_current}
        if previous is not None:
            given["previous_tiers"] = self._assigned_tiers(previous)
        with Engine(
            self._spark,
            as_of=current.as_of,
            model=self.model,
            previous_as_of=previous.as_of if previous else None,
            list_unchanged=self._output.settings.migration.list_unchanged,
            **given,
        ) as engine:
            yield engine.tables(tables_of_stage("comparison"))

    def _assigned_tiers(self, snapshot: Snapshot) -> DataFrame:
        """The scored customers of a snapshot with their tiers, as assigned where it has segments."""
        if self.model.segments is None or SEGMENTS not in snapshot.written:
            return self._read("customer_tiers", snapshot)
        return assigned_tiers(self._read(SEGMENTS, snapshot))

    def _movement_checks(self, current: Snapshot, previous: Snapshot) -> list[Check]:
        moved = current.written["tier_migration_summary"].totals
        sides = (("revenue_after", current), ("revenue_before", previous))
        fell = current.revenue < self._output.settings.quality.limits.revenue_kept * previous.revenue
        tiers = current.written["customer_tiers"]
        # Of a snapshot that is compared anew the sum isn't known, nor are ARRs compared with a side without.
        arr = {"moved": moved["arr_after"], "snapshot": tiers.totals.get("arr")}
        ties = [] if None in arr.values() else [("arr_ties_to_snapshot", arr)]
        ties += [
            ("movements_tie_to_snapshots", {"moved": moved[side] or 0, "snapshot": snapshot.revenue})
            for side, snapshot in sides
        ]
        return [
            *(self._rules.conserved(rule, "tier_migration_summary", **figures) for rule, figures in ties),
            *self._rules.about_total(
                "revenue_fell",
                "customer_tiers",
                checked=tiers.rows,
                failed=tiers.rows if fell else 0,
                figures=f"{current.revenue:,} after {previous.revenue:,} on {previous.as_of}",
            ),
        ]

    def _read(self, table: str, snapshot: Snapshot) -> DataFrame:
        return self.tables.read_written(table, snapshot.as_of, snapshot.written[table])
