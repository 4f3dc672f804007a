"""One date of a run, before any model: sources and features are checked, `runs` is told."""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from types import TracebackType
from typing import Self

from pyspark.sql import DataFrame
from pyspark.sql import functions as F  # noqa: N812

from jobs.core.config.model import ScoringModel
from jobs.core.config.rules import Check, refuse
from jobs.core.delta.written import WrittenTable
from jobs.core.publish.feature_checks import key_checks, usage_checks
from jobs.core.publish.output import LABELS, SHARED, Output
from jobs.core.publish.runs import Status
from jobs.core.publish.shared_features import SharedFeatures
from jobs.core.publish.snapshot import Snapshot
from jobs.core.quality import sums
from jobs.core.quality.checked_source import CheckedSource
from jobs.core.quality.source_checks import source_checks
from jobs.core.runtime.errors import BadDataError, RunAgainError
from jobs.core.runtime.progress import say


class DateRun:
    """One date of a run: tells `runs` how it starts and, unless it is published, how it ends.

    Attributes:
        snapshot: what is known of it so far, whatever the model.
        written: customer_features, when they are.
    """

    def __init__(self, output: Output, snapshot: Snapshot) -> None:
        self._output = output
        self.snapshot = snapshot
        self.written = WrittenTable(0, 0, "", snapshot.run_id)
        self._checks: list[tuple[str, Check]] = []

    def __enter__(self) -> Self:
        self.snapshot = replace(self.snapshot, started=time.monotonic())
        try:
            self._output.log.tell("started", self._output.models, self.snapshot)
            self.snapshot = replace(self.snapshot, is_new=self._output.log.is_new(self.snapshot))
        except Exception as error:
            self._tell_of(error)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            self._tell_of(error)

    @contextmanager
    def part_of(self, model: ScoringModel) -> Iterator[None]:
        """The part of one model: if it fails, that is told of this model, and others may go on."""
        try:
            yield
        except Exception as error:
            self._tell_of(error, [model])
            raise

    def _tell_of(self, error: BaseException, models: Sequence[ScoringModel] | None = None) -> None:
        """Keeps what was checked, and tells `runs` why the run ended, for models or for all of them."""
        status: Status = "refused" if isinstance(error, BadDataError) else "failed"
        try:
            self._keep_checks()
            self._output.log.tell(status, models or self._output.models, self.snapshot, str(error))
        except Exception as second:  # what went wrong first is what matters
            error.add_note(f"and runs could not be told of it: {second}")

    def check(self, checks: Sequence[Check], model: str = SHARED) -> None:
        """Notes what was checked, and tells the person who waits what is wrong.

        Raises:
            BadDataError: a check failed.
        """
        self._checks += [(model, check) for check in checks]
        for check in checks:
            if check.verdict in {"warned", "quarantined"}:
                say(f"  {check.verdict}: {check}")
        refuse(checks, self.snapshot.as_of, self._output.where_to_look(self.snapshot))

    def _keep_checks(self) -> None:
        # In one write, late: each costs a second.
        checks, self._checks = self._checks, []
        self._output.keep_checks(self.snapshot, checks)

    def record_published(self, model: ScoringModel, snapshot: Snapshot) -> None:
        """Tells `runs` that a model's snapshot is published: from here on readers see it.

        Raises:
            RunAgainError: files that were read are others now, or another run of the date has begun.
        """
        changed = self.snapshot.source_versions.changed()
        if changed:
            raise RunAgainError(
                f"{self.snapshot.as_of}: the files of {', '.join(changed)} changed while they were read, and "
                "nothing is published: run again"
            )
        if snapshot.is_new and not self._output.log.is_new(snapshot):
            # What was appended may stand among the other run's rows; what it writes from now on does not.
            raise RunAgainError(
                f"{self.snapshot.as_of}: another run began to publish the date meanwhile, and this one "
                "publishes nothing: run again if it should"
            )
        self._keep_checks()
        self._output.log.tell("published", model, snapshot)

    def features(self, shared: SharedFeatures) -> DataFrame:
        """Checks the sources, sets bad rows aside, and checks the customers' features.

        Args:
            shared: the features of this date and of others.

        Returns:
            customer_features of the date, as written.

        Raises:
            BadDataError: a rule refuses to publish.
        """
        checked = self.check_sources(shared)
        self._set_aside(checked)
        features = self.write_features(shared)
        rules = self._output.rules
        used = usage_checks(rules, checked["fct_revenues"], self.written)
        keys = key_checks(rules, features, self.written)
        self.check([*used, *keys, *sums.checks(rules, features, self.written)])
        return features

    def check_sources(self, shared: SharedFeatures) -> dict[str, CheckedSource]:
        """The sources with what the rules about rows found."""
        checked = shared.checked(self.snapshot.as_of)
        rows_read = {name: source.totals["rows"] for name, source in checked.items()}
        self.snapshot = replace(self.snapshot, source_rows=rows_read)
        return checked

    def write_features(self, shared: SharedFeatures) -> DataFrame:
        """customer_features of the date, as written."""
        as_of = self.snapshot.as_of
        self.written = shared.written(as_of)
        return self._output.root.read_written("customer_features", as_of, self.written).drop(*LABELS)

    def _set_aside(self, checked: Mapping[str, CheckedSource]) -> None:
        """Appends bad rows to quarantine, and checks the sources."""
        out, snapshot = self._output, self.snapshot
        before = out.log.latest_source_rows()
        for name, source in checked.items():
            if source.totals["quarantined"]:
                version = (
                    F.lit(snapshot.source_versions.tables.get(name)).cast("bigint").alias("source_version")
                )
                out.append(f"quarantine_{name}", snapshot, source.quarantined().select(version, "*"))
        found = [
            check
            for name, source in checked.items()
            for check in source_checks(out.rules, out.settings, source, snapshot.as_of, before.get(name))
        ]
        self.check([*found, *sums.in_all(out.rules, checked["fct_revenues"].totals)])

    def to_be_scored(self, model: ScoringModel) -> int:
        """How many customers a model doesn't exclude; known when the features are written."""
        return int(self.written.totals[f"{model.name}_scored"] or 0)
