"""Publishes one model's snapshots: writes their tables, and tells `runs` which versions belong together."""

from collections.abc import Collection
from contextlib import suppress
from datetime import date

from pyspark.sql import DataFrame

from jobs.core.config.model import ScoringModel
from jobs.core.config.rules import refuse
from jobs.core.publish import readers
from jobs.core.publish.comparison import Comparison
from jobs.core.publish.counting import Event
from jobs.core.publish.date_run import DateRun
from jobs.core.publish.output import Output
from jobs.core.publish.snapshot import Snapshot, snapshots_of
from jobs.core.publish.snapshot_tables import write_snapshot
from jobs.core.publish.staleness import previous_of, stale_days
from jobs.core.runtime.errors import BadDataError, RunAgainError
from jobs.core.runtime.progress import say

_MOST_ROUNDS = 20  # of comparing anew while other runs publish


class Publisher:
    """Publishes one model's snapshots to one location.

    Attributes:
        model: what it scores with.
        tables: the model's tables.
        comparison: of its snapshots with the ones before them.
        published_runs: by date, the run by which this command has published it.
        snapshots: those that count, as `runs` told of them last.
    """

    def __init__(self, output: Output, model: ScoringModel, dates: Collection[date] = ()) -> None:
        """Publishes for a command that publishes these dates."""
        self.model = model
        self.tables = output.tables_of(model)
        self.comparison = Comparison(output, model)
        self.published_runs: dict[date, str] = {}
        self.snapshots: dict[date, Snapshot] = {}
        self._pending = set(dates)
        self._has_views = True  # of all that it has published
        self._output = output
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
            RunAgainError: what was read has changed.
        """
        snapshot = write_snapshot(self._output, self.model, run, features, allow_empty=allow_empty)
        # What others publish meanwhile is seen by compare_stale_days.
        published = self._output.log.known_snapshots(self.model.name)
        compared, checks = self.comparison.compare(snapshot, previous_of(published, snapshot.as_of))
        run.check(checks, self.model.name)
        self._has_views = False
        run.record_published(self.model, compared)
        self._left.discard(snapshot.as_of)
        self.published_runs[snapshot.as_of] = snapshot.run_id

    def compare_stale_days(self, as_of: date) -> None:
        """Compares anew the published days that were compared with another one than the previous.

        A snapshot in the past has its follower compared with it; what a killed run left stale is found by
        the next; of two runs at once the later sees the other. What begins with a date that the command still
        publishes itself is left until then. Then the views are made.

        Args:
            as_of: a date that the command is done with, published or not.

        Raises:
            RunAgainError: another run published the date after this one.
        """
        self._pending.discard(as_of)
        self._has_views = False  # those that others published may show more now
        try:
            self._compare_stale_days()
        except BaseException as error:
            self.leave(error)
            raise
        self._create_views()
        run_id, counts = self.published_runs.get(as_of), self.snapshots.get(as_of)
        if run_id is not None and (counts is None or counts.run_id != run_id):
            by = "it was withdrawn" if counts is None else f"run {counts.run_id} published it"
            raise RunAgainError(
                f"{as_of}: this run's snapshot doesn't count, for {by} meanwhile: run again if it should"
            )

    def leave(self, error: BaseException) -> None:
        """Makes the views that are missing of what was published when an error ends the command."""
        if not self._has_views:
            try:
                self._create_views()
            except Exception as second:  # what went wrong first is what matters
                error.add_note(f"and views could not be made: {second}")

    def _create_views(self) -> None:
        readers.create_views(self.tables, self._output.root, self.model.name)
        self._has_views = True

    def _compare_stale_days(self) -> None:
        until = min(self._pending, default=date.max)
        rounds = 0
        while True:
            events = self._output.log.events(self.model.name)
            published = self.snapshots = snapshots_of(events)
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
        try:
            log.tell("started", self.model, current)
            compared, checks = self.comparison.compare(current, previous)
            self._output.keep_checks(compared, [(self.model.name, check) for check in checks])
            refuse(checks, day, self._output.where_to_look(compared))
        except BadDataError as error:
            # It was not asked for, and keeps what it was compared with; each later run tries again.
            say(f"  refused, and left as it was: {error}")
            self._left.add(day)
            log.tell("comparison_refused", self.model, current, str(error))
        except BaseException as error:
            with suppress(Exception):  # what went wrong first is what matters
                log.tell("comparison_failed", self.model, current, str(error))
            raise
        else:
            # Nothing is told if the day was published or withdrawn meanwhile: the next round sees that.
            log.tell("published", self.model, compared, unless_told_since=seen["happened_at"])
