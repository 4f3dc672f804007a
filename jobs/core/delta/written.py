"""What is known of a table as a run wrote it, and what is added up over its rows."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F  # noqa: N812


@dataclass(frozen=True)
class Total:
    """What is added up over rows on their way to the files: an aggregate of a value that each row has."""

    of: Column
    by: Callable[[Column], Column] = F.sum

    def in_one(self) -> Column:
        """The aggregate over rows, where both steps can be one."""
        return self.by(self.of)


@dataclass(frozen=True)
class WrittenTable:
    """One table as a run wrote it: its Delta version, and the snapshot's rows and their hash.

    Attributes:
        run_id: of the run, which the rows bear.
        totals: what else was added up over the rows on their way.
    """

    version: int
    rows: int
    content_hash: str
    run_id: str
    totals: Mapping[str, Any] = field(default_factory=dict)


NOTHING_HASHED = "0"  # the content hash of no rows


class Tally:
    """Counts and adds up rows that are written: how many they are, their content hash, and further totals."""

    def __init__(self, rows: DataFrame, totals: Mapping[str, Total]) -> None:
        self._names = list(totals)
        added = {"content_hash": content_hash(rows), **totals}
        # Computed in a step before: an observation evaluates what its aggregates are of three times.
        self.values = [total.of.alias(f"_{name}") for name, total in added.items()]
        self.sums = [F.count(F.lit(1)).alias("rows")]
        self.sums += [total.by(F.col(f"_{name}")).alias(name) for name, total in added.items()]

    def of(self, rows: DataFrame) -> dict[Any, Mapping[str, Any]]:
        """The sums of rows by their as_of; dates without rows aren't there."""
        found = rows.select("*", *self.values).groupBy("as_of").agg(*self.sums).collect()
        return {row["as_of"]: row.asDict() for row in found}

    def written(self, version: int, run_id: str, sums: Mapping[str, Any] | None) -> WrittenTable:
        """A table as it was written, of the sums over its rows; None where there were none."""
        if sums is None:
            return WrittenTable(version, 0, NOTHING_HASHED, run_id, dict.fromkeys(self._names))
        totals = {name: sums[name] for name in self._names}
        return WrittenTable(version, int(sums["rows"]), str(sums["content_hash"]), run_id, totals)


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


def rows_of(run_ids: Mapping[date, str]) -> Column:
    """Whether a row is of one of these dates, written by its run (each of which writes one date)."""
    return F.col("as_of").isin(list(run_ids)) & F.col("run_id").isin(list(run_ids.values()))


def fitted(table: DataFrame, frame: DataFrame) -> DataFrame:
    """The rows with the columns of a table; NULL in those that they lack."""
    given = set(frame.columns)
    return frame.select(
        *(
            F.col(field.name) if field.name in given else F.lit(None).cast(field.dataType).alias(field.name)
            for field in table.schema
        )
    )
