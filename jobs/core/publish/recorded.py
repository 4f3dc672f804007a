"""A published snapshot, found in `runs` and read at the versions that they record."""

from dataclasses import dataclass
from datetime import date

from pyspark.sql import DataFrame
from pyspark.sql import functions as F  # noqa: N812

from jobs.core.config.model import ScoringModel
from jobs.core.delta.tables import OutputTables
from jobs.core.publish.explanation import score_components_query
from jobs.core.publish.output import Output
from jobs.core.publish.snapshot import Snapshot
from jobs.core.runtime.errors import ConfigurationError

_MOST_DATES = 5  # in a message
_AT_VERSION = "{table} VERSION AS OF {version}"


@dataclass(frozen=True)
class RecordedSnapshot:
    """The tables of one published date, whatever other runs have written since.

    Attributes:
        tables: of its model.
        snapshot: as `runs` records it.
    """

    tables: OutputTables
    snapshot: Snapshot

    @property
    def as_of(self) -> date:
        """Its date."""
        return self.snapshot.as_of

    def has(self, table: str) -> bool:
        """Whether a table belongs to it."""
        return table in self.snapshot.written

    def read(self, table: str) -> DataFrame:
        """The rows of one of its tables.

        Raises:
            ConfigurationError: it was published without the table.
        """
        if not self.has(table):
            raise ConfigurationError(
                f"{self.tables.location}: must hold a snapshot of {self.as_of} with {table}, got one "
                "without; publish the date again"
            )
        return self.tables.read_written(table, self.as_of, self.snapshot.written[table])

    def score_components(self) -> DataFrame:
        """The view that explains each score, of this snapshot: see explanation.score_components_query."""
        query = score_components_query(
            self.read("customer_tiers").columns,
            self._at_version("customer_tiers"),
            self._at_version("model_components"),
        )
        of_date, run_id = f"as_of = DATE '{self.as_of.isoformat()}'", self.snapshot.run_id
        return self.tables.spark.sql(query).where(of_date).where(F.col("run_id") == run_id)

    def _at_version(self, table: str) -> str:
        version = self.snapshot.written[table].version
        return _AT_VERSION.format(table=self.tables.location.identifier(table), version=version)


def find_snapshot(output: Output, model: ScoringModel, as_of: date | None = None) -> RecordedSnapshot | None:
    """The published snapshot of a date, or the latest one; None if there is none."""
    if not output.root.is_there("runs"):
        return None
    published = output.log.published_snapshots(model.name)
    snapshot = published.get(as_of or max(published, default=date.min))
    return RecordedSnapshot(output.tables_of(model), snapshot) if snapshot else None


def the_snapshot(output: Output, model: ScoringModel, as_of: date | None = None) -> RecordedSnapshot:
    """The same, where there must be one.

    Raises:
        ConfigurationError: there is none; it tells which dates there are.
    """
    found = find_snapshot(output, model, as_of)
    if found is None:
        there = as_of and find_snapshot(output, model) and sorted(output.log.published_snapshots(model.name))
        listed = f"there are {', '.join(map(str, there[-_MOST_DATES:]))}" if there else "there is none"
        raise ConfigurationError(
            f"{output.root.location}: must hold a published snapshot{f' of {as_of}' if as_of else ''} of "
            f"{model.name}; {listed}"
        )
    return found


def snapshots_until(output: Output, model: ScoringModel, as_of: date | None = None) -> list[RecordedSnapshot]:
    """The published snapshot of a date, or the latest one, and all before it, oldest first.

    Raises:
        ConfigurationError: there is none, or another version of the model published it.
    """
    last = the_snapshot(output, model, as_of)
    if not output.log.is_of(model, last.snapshot):
        raise ConfigurationError(
            f"{output.root.location}: must hold a snapshot of {last.as_of} of {model.name} as it is now, got "
            "one of before a change; publish the date again, or name the model of then in the configuration"
        )
    published = output.log.published_snapshots(model.name)
    return [RecordedSnapshot(last.tables, published[day]) for day in sorted(published) if day <= last.as_of]
