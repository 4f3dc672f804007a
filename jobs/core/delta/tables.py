"""All reading and writing of Delta tables."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from pyspark.errors import AnalysisException
from pyspark.sql import DataFrame, Observation, SparkSession
from pyspark.sql import functions as F  # noqa: N812
from pyspark.sql.types import StructField, StructType

from jobs.core.config.published_tables import TableDefinition
from jobs.core.delta.commits import MARK, Commit, made_commit, retried, write_once
from jobs.core.delta.identifiers import Location, literal, quoted
from jobs.core.delta.making import (
    EARLIER_LAYOUT,
    HISTORY,
    LAYOUT,
    LAYOUT_VERSION,
    PROPERTIES,
    check_expression,
    column_definition,
    lacks_history,
    stale_comments,
)
from jobs.core.delta.versions import latest_version, read_version
from jobs.core.delta.written import Tally, Total, WrittenTable, content_hash, fitted, rows_of
from jobs.core.runtime.errors import ConfigurationError


def _types(fields: Iterable[StructField]) -> dict[str, str]:
    """SQL type by column."""
    return {field.name: field.dataType.simpleString() for field in fields}


class OutputTables:
    """The tables of one location.

    Attributes:
        spark: the session.
        location: where they lie.
        are_as_defined: the tables that are there are as this version defines them: `create` makes those that
            are missing, adds columns that are missing, and doesn't look at the rest.
    """

    def __init__(self, spark: SparkSession, location: Location) -> None:
        self.spark = spark
        self.location = location
        self.are_as_defined = False
        self._properties: dict[str, dict[str, str]] = {}  # as they were read, or made, last
        self._created: set[tuple[str, tuple[tuple[str, str], ...]]] = set()

    def read(self, table: str) -> DataFrame:
        """The table as it is now."""
        return self.spark.read.table(self.location.identifier(table))

    def read_at(self, table: str, version: int) -> DataFrame:
        """The table as it was at a version."""
        return read_version(self.spark, self.location.identifier(table), version)

    def version(self, table: str) -> int:
        """The version that a table has now."""
        found = latest_version(self.spark, self.location.identifier(table))
        if found is None:
            raise ConfigurationError(f"{self.location}: must hold a Delta table {table}, which is missing")
        return found

    def read_written(self, table: str, as_of: date, written: WrittenTable) -> DataFrame:
        """A snapshot's rows as a run wrote them, whatever other runs have done, before or since."""
        return self.read_at(table, written.version).where(rows_of({as_of: written.run_id}))

    def is_there(self, table: str) -> bool:
        """Whether there is such a table."""
        return self._schema(table) is not None

    def _schema(self, table: str) -> StructType | None:
        try:
            return self.read(table).schema
        except AnalysisException:
            return None

    def properties(self, table: str) -> dict[str, str] | None:
        """The table's properties, read once and known from then on; None if it isn't there."""
        if table not in self._properties:
            try:
                # Not DESCRIBE DETAIL, which counts the table's files: 4 s of a run's beginning.
                found = self.spark.sql(f"SHOW TBLPROPERTIES {self.location.identifier(table)}").collect()
            except AnalysisException:
                return None
            self._properties[table] = {row["key"]: row["value"] for row in found}
        return self._properties[table]

    def create(
        self,
        table: str,
        fields: list[StructField],
        definition: TableDefinition,
        properties: Mapping[str, str] | None = None,
    ) -> None:
        """Creates the table unless it is there; adds the columns that it lacks, and describes all as we do.

        Raises:
            ConfigurationError: it is there with another type for one of the columns, or with a layout that
                is not ours.
        """
        identifier = self.location.identifier(table)
        signature = (table, tuple(_types(fields).items()))
        if signature in self._created:
            return
        if self.are_as_defined and self._has(table, fields):
            self._created.add(signature)
            return
        if self.location.schema is not None:
            self.spark.sql(f"CREATE SCHEMA IF NOT EXISTS {quoted(self.location.schema)}")
        checks = {
            f"delta.constraints.{name}": check_expression(check) for name, check in definition.checks.items()
        }
        history = HISTORY if definition.keeps_history else {}
        settings = {**PROPERTIES, **history, LAYOUT: LAYOUT_VERSION, **checks, **(properties or {})}
        columns = ", ".join(
            column_definition(field, definition, not_null=field.name in definition.not_null)
            for field in fields
        )
        create = (
            f"CREATE TABLE IF NOT EXISTS {identifier} ({columns}) USING delta "
            f"{'PARTITIONED BY (as_of) ' if definition.by_date else ''}"
            f"COMMENT {literal(definition.comment)} "
            f"TBLPROPERTIES ({', '.join(f'{literal(k)} = {literal(v)}' for k, v in settings.items())})"
        )
        there = self.properties(table)
        if there is None:
            retried(lambda: self.spark.sql(create))
            there = settings
        elif there.get(LAYOUT) not in {EARLIER_LAYOUT, LAYOUT_VERSION}:
            raise ConfigurationError(
                f"output: must hold tables of layout {LAYOUT_VERSION}, which this version writes, "
                f"got {table} of layout {there.get(LAYOUT)} in {self.location}; publish to another output"
            )
        # Another run may have made it a moment ago, of other columns.
        self._widen(table, fields, definition)
        if definition.keeps_history:
            self.keep_history(table, there)
        # Some are missing where a run was killed between two changes of the table.
        for name, check in checks.items():
            if name not in there:
                constraint = quoted(name.removeprefix("delta.constraints."))
                self.spark.sql(f"ALTER TABLE {identifier} ADD CONSTRAINT {constraint} CHECK ({check})")
        self._created.add(signature)
        self._properties.pop(table, None)

    def _has(self, table: str, fields: list[StructField]) -> bool:
        return _types(fields).items() <= _types(self._schema(table) or ()).items()

    def keep_history(self, table: str, properties: Mapping[str, str] | None) -> None:
        """Has a table, with these properties now, keep its log and the files of all its versions."""
        if lacks_history(properties):
            settings = ", ".join(f"{literal(name)} = {literal(value)}" for name, value in HISTORY.items())
            identifier = self.location.identifier(table)
            retried(lambda: self.spark.sql(f"ALTER TABLE {identifier} SET TBLPROPERTIES ({settings})"))
            self._properties.pop(table, None)

    def _widen(self, table: str, fields: list[StructField], definition: TableDefinition) -> None:
        there = _types(self.read(table).schema)
        changed = [
            f"{table}.{name}: must stay {there[name].upper()}, the type it was published in, "
            f"got {kind.upper()}; publish to another output"
            for name, kind in _types(fields).items()
            if there.get(name, kind) != kind
        ]
        if changed:
            raise ConfigurationError(*changed)
        alter = f"ALTER TABLE {self.location.identifier(table)}"
        added = [field for field in fields if field.name not in there]
        if added:
            # Nullable, whatever its definition says: earlier snapshots don't have them.
            columns = ", ".join(column_definition(field, definition, not_null=False) for field in added)
            self.spark.sql(f"{alter} ADD COLUMNS ({columns})")
        for name, comment in stale_comments(self.read(table).schema, definition).items():
            self.spark.sql(f"{alter} ALTER COLUMN {quoted(name)} COMMENT {literal(comment)}")

    def replace(
        self,
        table: str,
        run_ids: Mapping[date, str],
        frame: DataFrame,
        totals: Mapping[str, Total] | None = None,
        *,
        are_new: bool = False,
    ) -> dict[date, WrittenTable]:
        """Replaces the rows of some dates in one atomic commit, counted and hashed on their way to the files.

        Args:
            table: to write; it exists.
            run_ids: by date the run that the rows bear; their as_of is one of the dates.
            frame: the rows; columns that the table has and they lack become NULL.
            totals: to be added up too; of several dates, which can't be told apart on their way, the rows are
                read again for it, as they were written.
            are_new: of one date that no run has written rows of. They are appended: what Delta reads and
                computes of its log to find what it replaces takes three times as long.

        Returns:
            The table as it was written, by date.
        """
        identifier = self.location.identifier(table)
        rows = fitted(self.read(table), frame)
        tally = Tally(rows, totals or {})
        dates, own = list(run_ids), rows_of(run_ids)
        seen: dict[date, Mapping[str, Any]] = {}

        def write(options: Mapping[str, str]) -> None:
            written, observation = rows, None
            if len(dates) == 1:
                observation = Observation()
                strays = F.count_if(~own).alias("strays")
                written = rows.select("*", *tally.values).observe(observation, *tally.sums, strays)
            to = written.select(*rows.columns).writeTo(identifier)
            if are_new:
                # Without Delta's own mark of what is made once, for which it would read its log too.
                to.option(MARK, options[MARK]).append()
            else:
                to.options(**options).overwrite(F.col("as_of").isin(dates))
            if observation is not None:
                seen[dates[0]] = observation.get

        mark, answered = write_once(self.spark, identifier, write)
        if are_new and answered and not seen[dates[0]]["rows"]:
            commit = Commit(self.version(table), 0, answered=True)  # Delta commits nothing of nothing
        else:
            commit = made_commit(self.spark, identifier, mark, answered=answered)
        if any(found["strays"] for found in seen.values()):
            raise RuntimeError(f"{identifier}: rows of other dates or runs than {run_ids} were written")
        if not seen or not commit.answered or seen[dates[0]]["rows"] != commit.rows:
            # The answer failed, or a stage ran twice, of which an observation adds up both (SPARK-58183).
            seen = tally.of(self.read_at(table, commit.version).where(own))
        return {
            as_of: tally.written(commit.version, run_id, seen.get(as_of)) for as_of, run_id in run_ids.items()
        }

    def hash_of(self, table: str, frame: DataFrame, version: int) -> str:
        """The content hash that the rows would have in the table as it was at a version."""
        rows = fitted(self.read_at(table, version), frame)
        return str(rows.agg(content_hash(rows).in_one()).collect()[0][0])

    def append(self, table: str, frame: DataFrame) -> None:
        """Appends rows in one atomic commit."""
        rows, identifier = fitted(self.read(table), frame), self.location.identifier(table)
        write_once(
            self.spark, identifier, lambda options: rows.writeTo(identifier).options(**options).append()
        )
