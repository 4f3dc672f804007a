"""All reading and writing of Delta tables."""

import re
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, TypeVar

from pyspark.errors import AnalysisException
from pyspark.sql import Column, DataFrame, Observation, SparkSession
from pyspark.sql import functions as F  # noqa: N812
from pyspark.sql.types import StructField

from jobs.core.errors import ConfigurationError
from jobs.core.layout import Layout

# What every reader can open: no feature that raises the reader protocol above 1. Some platforms switch
# these on by themselves.
_PROPERTIES = {
    "delta.enableDeletionVectors": "false",
    "delta.columnMapping.mode": "none",
    "delta.checkpointPolicy": "classic",
    "delta.enableTypeWidening": "false",
    # No bounds of columns: files are in no order but that of dates, so bounds would spare no reader a file,
    # and to gather them was a fifth of the writing.
    "delta.dataSkippingNumIndexedCols": "0",
    # Published snapshots are read at the versions that `runs` records, however old; a log is small.
    "delta.logRetentionDuration": "interval 3650 days",
}
_LAYOUT = "customer_tiers.layout"  # table property: by which rules the table is written
_LAYOUT_VERSION = "2"
_Result = TypeVar("_Result")
_ATTEMPTS = 3  # of a write that conflicts with another run's
_CONFLICT = re.compile(r"DELTA_(CONCURRENT|METADATA_CHANGED|PROTOCOL_CHANGED)|Concurrent\w*Exception")


def is_conflict(error: BaseException) -> bool:
    """Whether Delta refused a commit because of another run's."""
    return _CONFLICT.search(str(error)) is not None


def _retried(write: Callable[[], _Result]) -> _Result:
    """Writes again, a few times, if another run wrote to the same table at the same time."""
    for _ in range(_ATTEMPTS - 1):
        try:
            return write()
        except Exception as error:
            if not is_conflict(error):
                raise
    return write()


def quoted_column(name: str) -> str:
    """A column's name, dots and all, as a quoted identifier."""
    return f"`{name.replace('`', '``')}`"


def quoted(name: str) -> str:
    """A dotted name as a quoted identifier."""
    return ".".join(quoted_column(part) for part in name.split("."))


def path_identifier(path: str) -> str:
    """The identifier of the Delta table at a path."""
    return f"delta.`{path.replace('`', '``')}`"


def _literal(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def latest_version(spark: SparkSession, identifier: str) -> int | None:
    """The version that a Delta table has now; None if it is no Delta table, or there is none."""
    try:
        history = spark.sql(f"DESCRIBE HISTORY {identifier} LIMIT 1").collect()
    except AnalysisException:
        return None
    return int(history[0]["version"])


def read_version(spark: SparkSession, identifier: str, version: int) -> DataFrame:
    """A Delta table as it was at a version."""
    return spark.read.option("versionAsOf", version).table(identifier)


@dataclass(frozen=True)
class Location:
    """Where a set of output tables lies: a folder, or a schema of a catalog."""

    path: str | None = None
    schema: str | None = None

    def of_model(self, model: str) -> "Location":
        """The place of one model's tables where several models are published."""
        if self.path is not None:
            return Location(path=f"{self.path}/{model}")
        return Location(schema=f"{self.schema}_{model}")

    def identifier(self, table: str) -> str:
        """The quoted identifier of one table."""
        return (
            path_identifier(f"{self.path}/{table}")
            if self.path is not None
            else quoted(f"{self.schema}.{table}")
        )

    def __str__(self) -> str:
        return self.path if self.path is not None else f"schema {self.schema}"


@dataclass(frozen=True)
class Total:
    """What is added up over rows on their way to the files: an aggregate of a value that each row has."""

    of: Column
    by: Callable[[Column], Column] = F.sum

    def in_one(self) -> Column:
        """The aggregate over rows, where both steps can be one."""
        return self.by(self.of)


@dataclass(frozen=True)
class Written:
    """One table as a run wrote it: its Delta version, and the snapshot's rows and their hash.

    Attributes:
        totals: what else was added up over the rows on their way.
    """

    version: int
    rows: int
    content_hash: str
    totals: Mapping[str, Any] = field(default_factory=dict)


def content_hash(frame: DataFrame) -> Total:
    """An order-independent hash of rows over every column but run_id, as text.

    The sum of the rows' 64-bit hashes; a row's hash also covers which of its values are NULL, which
    xxhash64 alone skips. Maps are not hashable; no snapshot table has one.
    """
    hashed = [f"`{name}`" for name in frame.columns if name != "run_id"]
    row_hash = F.xxhash64(*hashed, *(F.isnull(name) for name in hashed))
    return Total(
        row_hash.cast("decimal(38,0)"), lambda hashes: F.coalesce(F.sum(hashes), F.lit(0)).cast("string")
    )


class OutputTables:
    """The tables of one location.

    Attributes:
        spark: the session.
        location: where they lie.
    """

    def __init__(self, spark: SparkSession, location: Location) -> None:
        self.spark = spark
        self.location = location
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

    def read_written(self, table: str, as_of: date, written: Written) -> DataFrame:
        """A snapshot's rows as a run wrote them, whatever other runs have done since."""
        return self.read_at(table, written.version).where(F.col("as_of") == F.lit(as_of))

    def properties(self, table: str) -> dict[str, str] | None:
        """The table's properties; None if it isn't there."""
        try:
            detail = self.spark.sql(f"DESCRIBE DETAIL {self.location.identifier(table)}").collect()
        except AnalysisException:
            return None
        return dict(detail[0]["properties"])

    def create(
        self,
        table: str,
        fields: list[StructField],
        layout: Layout,
        properties: Mapping[str, str] | None = None,
    ) -> None:
        """Creates the table unless it is there, and adds the columns that it lacks.

        Raises:
            ConfigurationError: it is there with another type for one of the columns, or with a layout that
                is not ours.
        """
        identifier = self.location.identifier(table)
        signature = (table, tuple((field.name, field.dataType.simpleString()) for field in fields))
        if signature in self._created:
            return
        if self.location.schema is not None:
            self.spark.sql(f"CREATE SCHEMA IF NOT EXISTS {quoted(self.location.schema)}")
        checks = {f"delta.constraints.{name}": _check(check) for name, check in layout.checks.items()}
        settings = {**_PROPERTIES, _LAYOUT: _LAYOUT_VERSION, **checks, **(properties or {})}
        columns = ", ".join(
            _column(field, layout, not_null=field.name in layout.not_null) for field in fields
        )
        create = (
            f"CREATE TABLE IF NOT EXISTS {identifier} ({columns}) USING delta "
            f"{'PARTITIONED BY (as_of) ' if layout.by_date else ''}"
            f"COMMENT {_literal(layout.comment)} "
            f"TBLPROPERTIES ({', '.join(f'{_literal(k)} = {_literal(v)}' for k, v in settings.items())})"
        )
        there = self.properties(table)
        if there is None:
            _retried(lambda: self.spark.sql(create))
            there = settings
        elif there.get(_LAYOUT) != _LAYOUT_VERSION:
            raise ConfigurationError(
                f"output: must hold tables of layout {_LAYOUT_VERSION}, which this version writes, "
                f"got {table} of layout {there.get(_LAYOUT)} in {self.location}; publish to another output"
            )
        # Another run may have made it a moment ago, of other columns.
        self._widen(table, fields, layout, there)
        self._created.add(signature)

    def _widen(
        self, table: str, fields: list[StructField], layout: Layout, properties: Mapping[str, str]
    ) -> None:
        there = {field.name: field.dataType.simpleString() for field in self.read(table).schema}
        changed = [
            f"{table}.{field.name}: must stay {there[field.name].upper()}, the type it was published in, "
            f"got {field.dataType.simpleString().upper()}; publish to another output"
            for field in fields
            if there.get(field.name, field.dataType.simpleString()) != field.dataType.simpleString()
        ]
        if changed:
            raise ConfigurationError(*changed)
        added = [field for field in fields if field.name not in there]
        if added:
            # Nullable, whatever the layout says: earlier snapshots don't have them.
            columns = ", ".join(_column(field, layout, not_null=False) for field in added)
            identifier = self.location.identifier(table)
            self.spark.sql(f"ALTER TABLE {identifier} ADD COLUMNS ({columns})")
            for name, check in layout.checks.items():
                if f"delta.constraints.{name}" not in properties:
                    self.spark.sql(
                        f"ALTER TABLE {identifier} ADD CONSTRAINT {quoted(name)} CHECK ({_check(check)})"
                    )

    def replace(
        self, table: str, as_of: date, frame: DataFrame, totals: Mapping[str, Total] | None = None
    ) -> Written:
        """Replaces a snapshot's rows in one atomic commit, counted and hashed on their way to the files.

        Args:
            table: to write; it exists.
            as_of: all rows have it.
            frame: the rows; columns that the table has and they lack become NULL.
            totals: to be added up on their way too.
        """
        return _retried(lambda: self._replace(table, as_of, frame, totals or {}))

    def _replace(self, table: str, as_of: date, frame: DataFrame, totals: Mapping[str, Total]) -> Written:
        identifier = self.location.identifier(table)
        # By its own mark the commit is found again among those of other runs.
        mark = str(uuid.uuid4())
        seen = Observation()
        rows = self._fitted(table, frame)
        added = {"content_hash": content_hash(rows), **totals}
        # Computed in a step before: an observation evaluates what its aggregates are of three times.
        valued = rows.select("*", *(total.of.alias(f"_{name}") for name, total in added.items()))
        valued = valued.observe(
            seen,
            F.count(F.lit(1)).alias("rows"),
            *(total.by(F.col(f"_{name}")).alias(name) for name, total in added.items()),
        )
        valued.select(*rows.columns).writeTo(identifier).option("userMetadata", mark).overwrite(
            F.col("as_of") == F.lit(as_of)
        )
        history = self.spark.sql(f"DESCRIBE HISTORY {identifier}").select(
            "version", "userMetadata", "operationMetrics"
        )
        ours = F.when(F.col("userMetadata") == mark, F.col("version"))
        newest = F.max_by(F.col("operationMetrics")["numOutputRows"], ours)
        version, last, in_files = history.agg(F.max(ours), F.max("version"), newest).collect()[0]
        counted = int(seen.get["rows"])
        # Delta commits nothing when no row comes and none goes: then the newest version has it right.
        if version is not None and in_files is not None and int(in_files) != counted:
            raise RuntimeError(
                f"{table}: {counted:,} rows were written, and {int(in_files):,} are in the files"
            )
        return Written(
            int(last if version is None else version),
            counted,
            str(seen.get["content_hash"]),
            {name: seen.get[name] for name in totals},
        )

    def hash_of(self, table: str, frame: DataFrame) -> str:
        """The content hash that the rows would have in the table."""
        fitted = self._fitted(table, frame)
        return str(fitted.agg(content_hash(fitted).in_one()).collect()[0][0])

    def append(self, table: str, frame: DataFrame) -> None:
        """Appends rows in one atomic commit."""
        fitted = self._fitted(table, frame)
        _retried(lambda: fitted.writeTo(self.location.identifier(table)).append())

    def _fitted(self, table: str, frame: DataFrame) -> DataFrame:
        given = set(frame.columns)
        return frame.select(
            *(
                F.col(field.name)
                if field.name in given
                else F.lit(None).cast(field.dataType).alias(field.name)
                for field in self.read(table).schema
            )
        )


def _check(expression: str) -> str:
    """A CHECK that holds where it is NULL, as in standard SQL; Delta by itself takes that for a violation."""
    return f"({expression}) IS NOT FALSE"


def _column(field: StructField, layout: Layout, *, not_null: bool) -> str:
    nullability = " NOT NULL" if not_null else ""
    comment = layout.columns.get(field.name, "A measure of sql/features/customer_features.sql")
    return f"{quoted(field.name)} {field.dataType.simpleString()}{nullability} COMMENT {_literal(comment)}"
