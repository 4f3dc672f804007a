"""Publishes one model's snapshots: writes their tables, and tells `runs` which versions belong together."""

from collections.abc import Collection
from contextlib import suppress
from dataclasses import replace
from datetime import date
from decimal import Decimal
from functools import reduce

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F  # noqa: N812

from jobs.core.config.model import ScoringModel
from jobs.core.config.rules import refuse
from jobs.core.delta.written import Total
from jobs.core.pipeline import pipeline
from jobs.core.pipeline.steps import Steps, say
from jobs.core.publish import readers
from jobs.core.publish.comparison import Comparison
from jobs.core.publish.counting import Event
from jobs.core.publish.date_run import DateRun
from jobs.core.publish.output import Output
from jobs.core.publish.runs import Snapshot, snapshots_of
from jobs.core.publish.staleness import previous_of, stale_days
from jobs.core.runtime.errors import BadDataError, RunAgainError

_MOST_ROUNDS = 20  # of comparing anew while other runs publish


class Publisher:
    """Publishes one model's snapshots to one location.

    Attributes:
        model: what it scores with.
        tables: the model's tables.
        comparison: of its snapshots with the ones before them.
        published: the dates that this command has published.
    """

    def __init__(self, output: Output, model: ScoringModel, dates: Collection[date] = ()) -> None:
        """Publishes for a command that publishes these dates."""
        self.model = model
        self.tables = output.tables_of(model)
        self.comparison = Comparison(output, model)
        self.published: set[date] = set()
        self._pending = set(dates)
        self._output = output
        self._spark = output.root.spark
        self._settings = output.settings
        self._rules = output.rules
        # The days that this command can't compare anew: of another version of the model, or refused.
        self._left: set[date] = set()

    def publish(self, run: DateRun, features: DataFrame, allow_empty: bool) -> None:
        """Publishes the snapshot of one date, and what changed since the one before.

        Args:
            run: the date, and the run it is published by.
            features: customer_features of that date, as written.
            allow_empty: publish even if there is nobody to score.

        Raises:
            BadDataError: there is nobody to score, or something doesn't add up.
            RunAgainError: what was read has changed, or another run published the date after this one.
        """
        snapshot = self._write_snapshot(run, features, allow_empty)
        published = self._output.log.published(self.model.name)
        compared, checks = self.comparison.compare(snapshot, previous_of(published, snapshot.as_of))
        run.check(checks, self.model.name)
        run.published(self.model, compared)
        self._left.discard(snapshot.as_of)
        self.published.add(snapshot.as_of)
        counts = self._output.log.published(self.model.name).get(snapshot.as_of)
        if counts is None or counts.run_id != snapshot.run_id:
            by = "it was withdrawn" if counts is None else f"run {counts.run_id} published it"
            raise RunAgainError(
                f"{snapshot.as_of}: this run's snapshot doesn't count, for {by} meanwhile: run again if it "
                "should"
            )

    def settle(self, as_of: date) -> None:
        """Compares anew the published days that were compared with another one than the previous.

        A snapshot in the past has its follower compared with it; what a killed run left stale is found by
        the next; of two runs at once the later sees the other. What begins with a date that the command still
        publishes itself is left until then. Then the views are made.

        Args:
            as_of: a date that the command is done with, published or not.
        """
        self._pending.discard(as_of)
        try:
            self._compare_stale_days()
        finally:
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
            snapshot = self._output.write_all(
                run.snapshot, frames, self.model, {"customer_tiers": self._score_totals()}
            )
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

    def _compare_stale_days(self) -> None:
        until = min(self._pending, default=date.max)
        rounds = 0
        while True:
            events = self._output.log.events(self.model.name)
            published = snapshots_of(events)
            stale = [day for day in stale_days(published) if day < until and day not in self._left]
            if not stale:
                return
            rounds += 1
            if rounds > _MOST_ROUNDS + len(published):
                raise RunAgainError(
                    f"{stale[0]}: other runs publish all the time, so that it could not be compared with the "
                    "day before it: run again"
                )
            # One after the other: the next may be stale only because of this one.
            self._compare_again(published[stale[0]], previous_of(published, stale[0]), events[-1])

    def _compare_again(self, current: Snapshot, previous: Snapshot | None, seen: Event) -> None:
        """Compares a published day anew, by what `runs` told until an event, and tells how that ended."""
        day, log = current.as_of, self._output.log
        say(f"{day} again: what changed since {previous.as_of if previous else 'the beginning'}")
        if self.model.segments is not None and not log.is_of(self.model, current):
            say(
                "  left as it was: it was published with another version of the model. Publish it again; the "
                "days after it follow"
            )
            self._left.add(day)
            return
        log.tell("started", self.model, current)
        try:
            compared, checks = self.comparison.compare(current, previous)
            self._output.keep_checks(compared, [(self.model.name, check) for check in checks])
            refuse(checks, day, self._output.where_to_look(compared))
        except BadDataError as error:
            # It was not asked for, and keeps what it was compared with; each later run tries again.
            say(f"  refused, and left as it was: {error}")
            self._left.add(day)
            log.tell("comparison_refused", self.model, current, str(error))
        except Exception as error:
            with suppress(Exception):  # what went wrong first is what matters
                log.tell("comparison_failed", self.model, current, str(error))
            raise
        else:
            # Nothing is told if the day was published or withdrawn meanwhile: the next round sees that.
            log.tell("published", self.model, compared, unless_told_since=seen["happened_at"])
