"""Publishes one model's snapshots: writes their tables, and tells `runs` which versions belong together."""

from collections.abc import Collection, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from decimal import Decimal
from functools import reduce

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F  # noqa: N812

from jobs.core import pipeline, readers, segments
from jobs.core.date_run import DateRun
from jobs.core.decisions import TABLE as DECISIONS
from jobs.core.decisions import judged
from jobs.core.errors import BadDataError
from jobs.core.model import TOTAL, ScoringModel
from jobs.core.output import Output
from jobs.core.rules import Check, refuse
from jobs.core.runs import Snapshot
from jobs.core.sources import Pins
from jobs.core.steps import Steps, say
from jobs.core.tables import Total

_MOST_ROUNDS = 20  # of comparing anew while other runs publish
SEGMENTS = "customer_segments"


class Publisher:
    """Publishes one model's snapshots to one location.

    Attributes:
        model: what it scores with.
        tables: the model's tables.
    """

    def __init__(self, output: Output, model: ScoringModel, dates: Collection[date] = ()) -> None:
        """Publishes for a command that publishes these dates."""
        self.model = model
        self._dates = dates
        self.tables = output.tables_of(model)
        self._output = output
        self._spark = output.root.spark
        self._settings = output.settings
        self._rules = output.rules
        self._decisions_version: int | None = None  # read by all of a command's dates
        self._too_old: set[date] = set()  # the days that were found to be of another version of the model

    def publish(self, run: DateRun, features: DataFrame, allow_empty: bool) -> None:
        """Publishes the snapshot of one date, and what changed since the one before.

        A later snapshot that is already there is compared anew, with this one; where segments have memory,
        all later ones are, up to the next date that the command publishes itself.

        Args:
            run: the date, and the run it is published by.
            features: customer_features of that date, as written.
            allow_empty: publish even if there is nobody to score.

        Raises:
            BadDataError: there is nobody to score, or something doesn't add up.
        """
        snapshot = self._write_snapshot(run, features, allow_empty)
        self._too_old.discard(snapshot.as_of)
        published = self._output.log.published(self.model.name)
        compared, checks = self._compare(snapshot, _previous(published, snapshot.as_of))
        run.check(checks, self.model.name)
        run.published(self.model, compared)
        if self.model.segments is not None:
            for day in sorted(published):
                if snapshot.as_of < day < self._until(snapshot.as_of):
                    self._compare_again(self._output.log.published(self.model.name), day)
        self._settle(snapshot.as_of)
        readers.create_views(self.tables, self._output.log, self.model)

    def snapshot_frames(self, steps: Steps, run: DateRun, features: DataFrame) -> dict[str, DataFrame]:
        """The tables of one snapshot by itself; reads assessed_customers, and features for another score."""
        as_of, health, fallback_score = run.snapshot.as_of, self.model.health, None
        if health is not None:
            fallback = self._output.fallbacks[health.fallback_model]
            fallback_score = pipeline.other_score(
                features, fallback, health.fallback_score, as_of, self._size(run, fallback)
            )
        size = self._size(run, self.model)
        return {
            "customer_tiers": pipeline.customer_tiers(steps, self.model, as_of, size, fallback_score),
            "excluded_customers": steps.sql("tiers", "excluded_customers"),
            "model_components": pipeline.model_components(self._spark, self.model),
        }

    def _size(self, run: DateRun, model: ScoringModel) -> pipeline.Size:
        return pipeline.Size(run.to_be_scored(model), self._settings.ranking.plain_up_to)

    def _write_snapshot(self, run: DateRun, features: DataFrame, allow_empty: bool) -> Snapshot:
        as_of = run.snapshot.as_of
        with Steps(self._spark, as_of=as_of) as steps:
            pipeline.assessed_customers(steps, features, self.model, as_of)
            if not allow_empty and not run.to_be_scored(self.model):
                raise BadDataError(
                    f"{as_of}: no customer can be scored ({run.written.rows:,} seen, all excluded). "
                    "Nothing was published for it. Check as_of and the sources, or publish an empty "
                    "snapshot with --allow-empty"
                )
            frames = self.snapshot_frames(steps, run, features)
            snapshot = self._write_all(run.snapshot, frames, {"customer_tiers": self._score_totals()})
        tiers, excluded = (snapshot.written[name] for name in ("customer_tiers", "excluded_customers"))
        snapshot = replace(snapshot, revenue=tiers.totals["revenue"] or 0)
        checks = [
            self._rules.conserved(
                "customers_conserved",
                "customer_features",
                seen=run.written.rows,
                scored=tiers.rows,
                excluded=excluded.rows,
            ),
            *(
                self._rules.conserved(rule, "customer_tiers", breaking=tiers.totals[rule] or 0, allowed=0)
                for rule in ("points_sum_to_scores", "scores_in_range")
            ),
        ]
        run.check(checks, self.model.name)
        return snapshot

    def _score_totals(self) -> dict[str, Total]:
        scores = self.model.scores
        none = F.lit(Decimal(0))
        points = {
            score: [F.col(f"{c.metric}_points") for c in self.model.components_of(score)] for score in scores
        }
        columns = [F.col(f"{score}_score") for score in scores]
        # A score of which nothing was measured is NULL, as are all of its points.
        sums = [reduce(Column.__add__, [F.coalesce(p, none) for p in points[score]]) for score in scores]
        differ = [F.coalesce(column, none) != total for column, total in zip(columns, sums, strict=True)]
        outside = [~F.coalesce(column, none).between(0, 100) for column in columns]
        return {
            "revenue": Total(F.col("total_revenue")),
            "points_sum_to_scores": Total(reduce(Column.__or__, differ).cast("int")),
            "scores_in_range": Total(reduce(Column.__or__, outside).cast("int")),
        }

    def _settle(self, as_of: date) -> None:
        """Compares this snapshot and the next one anew while the one before either is another than it was.

        A snapshot in the past has its follower compared with it, and of two runs at once the later sees the
        other.
        """
        rounds = 0
        while True:
            published = self._output.log.published(self.model.name)
            if self.model.segments is None:
                around = sorted(day for day in published if day >= as_of)[:2]
            else:
                # States are remembered from day to day: what any run left stale is found by the next.
                around = [day for day in sorted(published) if day < self._until(as_of)]
            stale = [
                day
                for day in around
                if day not in self._too_old and _is_stale(published[day], _previous(published, day))
            ]
            if not stale:
                return
            rounds += 1
            if rounds > _MOST_ROUNDS + len(published):
                raise RuntimeError(
                    f"{stale[0]}: other runs publish all the time, so that it could not be compared with the "
                    "day before it; run again"
                )
            # One after the other: the next may be stale only because of this one.
            self._compare_again(published, stale[0])

    def _until(self, as_of: date) -> date:
        """The next date that the command publishes, from which on the rest is left to it."""
        return min((day for day in self._dates if day > as_of), default=date.max)

    def _compare_again(self, published: Mapping[date, Snapshot], day: date) -> None:
        previous = _previous(published, day)
        say(f"{day} again: what changed since {previous.as_of if previous else 'the beginning'}")
        current = published[day]
        if self.model.segments is not None and not self._output.log.is_of(self.model, current):
            say(
                "  left as it was: it was published with another version of the model. Publish it again; the "
                "days after it follow"
            )
            self._too_old.add(day)
            return
        self._output.log.tell("started", self.model, current)
        sources = {name: v for name, v in current.pins.versions.items() if name != DECISIONS}
        current = replace(current, pins=Pins(sources, current.pins.files))
        compared, checks = self._compare(current, previous)
        self._output.keep_checks(compared, [(self.model.name, check) for check in checks])
        refuse(checks, day, self._output.where_to_look(compared))
        # Another run may have published the day meanwhile: its snapshot is compared in the next round.
        if self._output.log.published(self.model.name)[day].run_id == current.run_id:
            self._output.log.tell("published", self.model, compared)

    def _compare(self, current: Snapshot, previous: Snapshot | None) -> tuple[Snapshot, list[Check]]:
        """Writes the tables that follow from a snapshot and the previous one, and checks them."""
        checks = []
        if self.model.segments is not None:
            current = self._segment(current, previous)
            checks = self._decision_checks(current)
        with self.comparison(current, previous) as frames:
            parts = F.col("movement") != TOTAL
            sides = {side: Total(F.when(parts, F.col(side))) for side in ("revenue_before", "revenue_after")}
            compared = self._write_all(current, frames, {"tier_migration_summary": sides})
        if previous is None:
            return replace(compared, previous_run_id=None), checks
        checks += self._movement_checks(compared, previous)
        return replace(compared, previous_run_id=previous.run_id), checks

    def _segment(self, current: Snapshot, previous: Snapshot | None) -> Snapshot:
        """Writes the segments of a snapshot, which remember the previous one's."""
        if DECISIONS not in current.pins.versions:
            if self._decisions_version is None:
                self._decisions_version = self.tables.version(DECISIONS)
            versions = {**current.pins.versions, DECISIONS: self._decisions_version}
            current = replace(current, pins=Pins(versions, current.pins.files))
        with self.segmentation(current, previous) as frames:
            current = self._write_all(current, frames, {})
        remembered = previous.written.get(SEGMENTS) if previous else None
        return replace(current, previous_segments_hash=remembered.content_hash if remembered else None)

    @contextmanager
    def segmentation(self, current: Snapshot, previous: Snapshot | None) -> Iterator[dict[str, DataFrame]]:
        """The tables of the segments of a snapshot, as long as the context lasts."""
        values = segments.bound(self.model.segmentation)
        with Steps(self._spark, as_of=current.as_of, **values) as steps:
            steps.view("current_excluded", self._read("excluded_customers", current))
            self._judged_decisions(steps, current)
            remembered = self._read(SEGMENTS, previous) if previous and SEGMENTS in previous.written else None
            tiers = self._read("customer_tiers", current)
            yield segments.customer_segments(steps, tiers, remembered, self.model, current.as_of)

    def _judged_decisions(self, steps: Steps, current: Snapshot) -> DataFrame:
        recorded = self.tables.read_at(DECISIONS, current.pins.versions[DECISIONS])
        return judged(steps, recorded, self.model)

    def _decision_checks(self, current: Snapshot) -> list[Check]:
        with Steps(self._spark) as steps:
            without = ~F.col("counts")
            found = self._judged_decisions(steps, current).agg(
                F.count("*").alias("checked"),
                F.count_if(without).alias("failed"),
                F.min(F.when(without, F.col("customer_key"))).alias("example"),
            )
            counted = found.collect()[0].asDict()
        return self._rules.about_total("decision_without_effect", DECISIONS, **counted)

    def _scored(self, snapshot: Snapshot) -> DataFrame:
        """The scored customers of a snapshot with their tiers, as assigned where the model has segments."""
        if self.model.segments is None or SEGMENTS not in snapshot.written:
            return self._read("customer_tiers", snapshot)
        scored = self._read(SEGMENTS, snapshot).where("is_scored")
        return scored.withColumnRenamed("first_seen_date", "first_event_date")

    @contextmanager
    def comparison(self, current: Snapshot, previous: Snapshot | None) -> Iterator[dict[str, DataFrame]]:
        """The tables that compare a snapshot with the previous one, as long as the context lasts."""
        tiers = self._scored(current)
        with Steps(
            self._spark,
            as_of=current.as_of,
            previous_as_of=previous.as_of if previous else None,
            list_unchanged=self._settings.migration.list_unchanged,
        ) as steps:
            excluded = self._read("excluded_customers", current)
            before = self._scored(previous) if previous else tiers.limit(0)
            frames = pipeline.migration(steps, tiers, excluded, before, self.model)
            if self.model.segments is not None:
                measured, assigned = (self._read(name, current) for name in ("customer_tiers", SEGMENTS))
                frames |= segments.standing(steps, measured, assigned, self.model, current.as_of)
            yield frames

    def _movement_checks(self, current: Snapshot, previous: Snapshot) -> list[Check]:
        moved = current.written["tier_migration_summary"].totals
        sides = (("revenue_after", current), ("revenue_before", previous))
        fell = current.revenue < self._settings.quality.limits.revenue_kept * previous.revenue
        customers = current.written["customer_tiers"].rows
        return [
            *(
                self._rules.conserved(
                    "movements_tie_to_snapshots",
                    "tier_migration_summary",
                    moved=moved[side] or 0,
                    snapshot=snapshot.revenue,
                )
                for side, snapshot in sides
            ),
            *self._rules.about_total(
                "revenue_fell",
                "customer_tiers",
                checked=customers,
                failed=customers if fell else 0,
                figures=f"{current.revenue:,} after {previous.revenue:,} on {previous.as_of}",
            ),
        ]

    def _read(self, table: str, snapshot: Snapshot) -> DataFrame:
        return self.tables.read_written(table, snapshot.as_of, snapshot.written[table])

    def _write_all(
        self, snapshot: Snapshot, frames: dict[str, DataFrame], totals: Mapping[str, Mapping[str, Total]]
    ) -> Snapshot:
        # At once: most of them are small, and wait for Delta's log rather than for a processor.
        with ThreadPoolExecutor() as pool:
            writing = {
                table: pool.submit(
                    self._output.write, table, snapshot, frame, model=self.model, totals=totals.get(table)
                )
                for table, frame in frames.items()
            }
        written = {table: future.result() for table, future in writing.items()}
        return replace(snapshot, written={**snapshot.written, **written})


def _is_stale(current: Snapshot, previous: Snapshot | None) -> bool:
    """Whether a snapshot was compared with another one than the previous, or remembers other segments."""
    if previous is None:
        return current.previous_run_id is not None
    if current.previous_run_id != previous.run_id:
        return True
    remembered = previous.written.get(SEGMENTS) if SEGMENTS in current.written else None
    return current.previous_segments_hash != (remembered.content_hash if remembered else None)


def _previous(published: Mapping[date, Snapshot], as_of: date) -> Snapshot | None:
    """The latest published snapshot of an earlier date."""
    earlier = [day for day in published if day < as_of]
    return published[max(earlier)] if earlier else None
