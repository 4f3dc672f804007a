"""What the dates of a command share: sources are checked once, and features are written together."""

from collections.abc import Mapping, Sequence
from datetime import date

from pyspark.sql import DataFrame

from jobs.core.delta.written import WrittenTable
from jobs.core.pipeline.engine import Engine
from jobs.core.publish.feature_checks import feature_totals
from jobs.core.publish.output import Output
from jobs.core.publish.snapshot import Snapshot
from jobs.core.quality.checked_source import CheckedSource, checked_source
from jobs.core.runtime.errors import first_line
from jobs.core.runtime.progress import say, timed
from jobs.core.sources.opening import key_is_name
from jobs.core.sources.read_errors import read_errors_told

# Dates whose features are written together. Each multiplies the groups of an aggregation, and is a file that
# a task has open: spark.sql.maxConcurrentOutputFileWriters in conf/spark allows one more.
MOST_DATES = 12


class SharedFeatures:
    """The sources and the features of some dates.

    A source whose check fails for one date is checked again for the next. Features that can't be written
    together are written a date at a time.
    """

    def __init__(
        self, output: Output, sources: Mapping[str, DataFrame], snapshots: Sequence[Snapshot]
    ) -> None:
        """Takes the dates as they begin.

        Args:
            output: where the features are written.
            sources: the sources' rows as sources.open_sources gives them.
            snapshots: of the dates, ascending.
        """
        self._output = output
        self._sources = sources
        self._snapshots = {snapshot.as_of: snapshot for snapshot in snapshots}
        self._checked: dict[str, dict[date, CheckedSource]] = {}
        self._written: dict[date, WrittenTable] = {}
        self._most_dates = MOST_DATES

    def checked(self, as_of: date) -> dict[str, CheckedSource]:
        """The sources with what the rules about rows found."""
        for name, incoming in self._sources.items():
            if name not in self._checked:
                with timed(f"{name}, checked") as rows, read_errors_told(f"sources.{name}"):
                    self._checked[name] = checked_source(
                        name,
                        incoming,
                        self._output.rules.rows[name],
                        self._output.settings.sources.configured()[name].unique_key,
                        list(self._snapshots),
                    )
                    rows.append(self._checked[name][as_of].totals["rows"])
        return {name: found[as_of] for name, found in self._checked.items()}

    def written(self, as_of: date) -> WrittenTable:
        """customer_features of a date, which are written with those of the dates after it."""
        if as_of not in self._written:
            days = [day for day in self._snapshots if day >= as_of][: self._most_dates]
            try:
                self._written |= self._write([self._snapshots[day] for day in days])
            except Exception as error:
                if len(days) == 1:
                    raise
                # One of the other dates, or their number, may be what this machine can't do.
                say(f"  {len(days)} dates together failed, and go on one by one: {first_line(error)}")
                self._most_dates = 1
                self._written |= self._write([self._snapshots[as_of]])
        return self._written[as_of]

    def _write(self, snapshots: Sequence[Snapshot]) -> dict[date, WrittenTable]:
        # Written because scores and exclusions both need them, and a plan that runs twice costs twice.
        out, dates = self._output, [snapshot.as_of for snapshot in snapshots]
        checked = self.checked(dates[0])
        units = checked["fct_revenues"].totals["units"]
        columns_of = out.settings.sources.columns_of
        sources = {name: source.usable(columns_of(name)) for name, source in checked.items()}
        sources["fct_revenues"] = units.counted(sources["fct_revenues"])
        with Engine(
            out.root.spark,
            as_of_dates=dates,
            window_months=out.models[0].window_months,
            key_is_name=key_is_name(out.settings),
            money_unit=units.unit,
            **sources,
        ) as engine:
            totals = feature_totals([*out.models, *out.fallbacks.values()], units)
            return out.write_dates("customer_features", snapshots, engine.table("customer_features"), totals)
