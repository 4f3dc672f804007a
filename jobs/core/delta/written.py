"""What is known of a table as a run wrote it, and what is added up over its rows on their way."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
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
