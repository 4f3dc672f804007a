"""Makes the tables of the plan that are asked for, and what they need, under one set of values."""

import inspect
import logging
import threading
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Self

from pyspark.sql import DataFrame, SparkSession

from jobs.core.pipeline.plan import STEPS
from jobs.core.pipeline.relations import as_run, reads
from jobs.core.pipeline.step import Step
from jobs.core.runtime.functions import with_functions
from jobs.core.runtime.names import drop_views, make_view


class Engine:
    """The tables of the plan under given inputs; leaving the context drops the views.

    What is given wins over the step that would make it, so that a table that was written is read, and one
    that is not wanted is replaced. May be asked from several threads.
    """

    def __init__(self, spark: SparkSession, **given: Any) -> None:  # noqa: ANN401
        """Takes the inputs, and what else is given, by their names in the plan."""
        self._spark = spark
        self._given: dict[str, Any] = {"spark": spark, **given}
        self._made = dict(self._given)
        self._can_be_made: dict[str, bool] = {}
        self._views: dict[str, str] = {}
        self._lock = threading.RLock()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._lock:
            drop_views(self._spark, self._views.values())
            self._views = {}

    def table(self, name: str) -> DataFrame:
        """The rows of a table or view of the plan, lazily: they can be read until the context is left.

        Only lists that don't grow with customers (texts, sums of movements) are read for it at once.

        Raises:
            LookupError: under these values there is no such table.
        """
        table: DataFrame = self.value(name)
        return table

    def tables(self, names: Collection[str]) -> dict[str, DataFrame]:
        """Those of some tables that are made under these values."""
        return {name: self.table(name) for name in names if self.makes(name)}

    def value(self, name: str) -> Any:  # noqa: ANN401
        """A table, or another thing that the plan makes, such as a marker's value."""
        with self._lock:
            if name not in self._made:
                self._made[name] = self._make(name)
            return self._made[name]

    def makes(self, name: str) -> bool:
        """Whether something is given, or a step makes it and what that reads."""
        if name in self._given:
            return True
        if name not in self._can_be_made:
            step = STEPS.get(name)
            self._can_be_made[name] = (
                step is not None and all(map(self.makes, step.reads)) and self._is_wanted(step)
            )
        return self._can_be_made[name]

    def _lacking(self, name: str) -> set[str]:
        """The inputs for want of which something can't be made."""
        if self.makes(name):
            return set()
        if name not in STEPS:
            return {name}
        return {lacking for read in STEPS[name].reads for lacking in self._lacking(read)}

    def _is_wanted(self, step: Step) -> bool:
        if step.only_if is None:
            return True
        asked = inspect.signature(step.only_if).parameters
        return step.only_if(**{name: self._given.get(name) for name in asked})

    def _make(self, name: str) -> Any:  # noqa: ANN401
        step = STEPS.get(name)
        if step is None or not self.makes(name):
            lacking = ", ".join(sorted(self._lacking(name)))
            why = f"must be given: {lacking}" if lacking else "these values rule it out"
            raise LookupError(f"{name}: can't be made: {why}")
        with _named_if_it_fails(step):
            if step.makes is None:
                return self._selected(step)
            known = [*step.reads, *(read for read in step.reads_if_made if self.makes(read))]
            return step.makes(**{read: self.value(read) for read in known})

    def _selected(self, step: Step) -> DataFrame:
        text = with_functions(step.text)
        read = reads(text)
        views = {relation: self._view(relation) for relation in read.names}
        values = {marker: self.value(marker) for marker in read.markers}
        query = as_run(text, views, values)
        try:
            return self._spark.sql(query)
        except Exception:
            logging.getLogger("customer_tiers").error("%s failed:\n%s", step.name, query)  # noqa: TRY400
            raise

    def _view(self, name: str) -> str:
        if name not in self._views:
            self._views[name] = make_view(self.table(name), name)
        return self._views[name]


@contextmanager
def _named_if_it_fails(step: Step) -> Iterator[None]:
    try:
        yield
    except Exception as error:
        # Of steps within steps the innermost failed.
        if not hasattr(error, "__notes__"):
            where = f"sql/{'/'.join(step.file)}" if step.file else f"step {step.name}"
            error.add_note(f"in {where}")
        raise
