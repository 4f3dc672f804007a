"""A run that publishes nothing: its output takes what it is given, counts it, and writes nowhere."""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, NoReturn

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F  # noqa: N812
from pyspark.sql.types import StructField

from jobs.core.config.model import ScoringModel
from jobs.core.config.published_tables import TableDefinition
from jobs.core.config.settings import Settings
from jobs.core.delta.identifiers import Location
from jobs.core.delta.tables import OutputTables
from jobs.core.delta.written import Tally, Total, WrittenTable
from jobs.core.publish.output import Output
from jobs.core.publish.runs import RunLog
from jobs.core.publish.snapshot import Snapshot


class Rehearsal(Output):
    """The output of a rehearsal; what was published there before is read as a run reads it."""

    def __init__(
        self,
        spark: SparkSession,
        settings: Settings,
        models: list[ScoringModel],
        set_aside: Callable[[str, DataFrame], None],
    ) -> None:
        """Passes the rows that a run would append to a table of quarantine on to `set_aside`."""
        super().__init__(spark, settings, models)
        self.root = _Unwritten(spark, self.root.location)
        self.log = _UnwrittenLog(self.root, settings, self.fallbacks)
        self._set_aside = set_aside

    def append(self, table: str, snapshot: Snapshot, frame: DataFrame) -> None:  # noqa: ARG002
        """Shows what goes to quarantine; what else is appended tells of a run, and this is none."""
        if table.startswith("quarantine_"):
            self._set_aside(table, frame)

    def where_to_look(self, snapshot: Snapshot) -> str:
        """Where a person finds what was found."""
        return f"what is told above of the sources of {snapshot.as_of}"


class _Unwritten(OutputTables):
    """Tables that stay as they are."""

    def __init__(self, spark: SparkSession, location: Location) -> None:
        super().__init__(spark, location)
        self._frames: dict[str, DataFrame] = {}

    def create(
        self,
        table: str,
        fields: list[StructField],
        definition: TableDefinition,
        properties: Mapping[str, str] | None = None,
    ) -> None:
        """Creates nothing."""

    def append(self, table: str, frame: DataFrame) -> NoReturn:  # noqa: ARG002
        """Nothing may be appended."""
        raise AssertionError(f"a rehearsal appends nothing, and would to {table}")

    def replace(
        self,
        table: str,
        run_ids: Mapping[date, str],
        frame: DataFrame,
        totals: Mapping[str, Total] | None = None,
        *,
        are_new: bool = False,  # noqa: ARG002
    ) -> dict[date, WrittenTable]:
        """Computes the rows, every column of them, and counts them."""
        tally = Tally(frame, totals or {})
        found = tally.of(frame)
        self._frames[table] = frame
        return {as_of: tally.written(0, run_id, found.get(as_of)) for as_of, run_id in run_ids.items()}

    def read_written(self, table: str, as_of: date, written: WrittenTable) -> DataFrame:  # noqa: ARG002
        """The rows, computed again where they are read."""
        return self._frames[table].where(F.col("as_of") == F.lit(as_of))


class _UnwrittenLog(RunLog):
    """The runs of an output that may not be there yet, and are told of nothing."""

    def tell(self, *_: Any, **__: Any) -> None:  # noqa: ANN401
        """Tells nothing."""

    def is_new(self, _: Snapshot) -> bool:
        """Nothing is written, new or not."""
        return True

    def latest_source_rows(self) -> dict[str, int]:
        """Rows of each source at the last published run; none before the first."""
        return super().latest_source_rows() if self._tables.is_there("runs") else {}
