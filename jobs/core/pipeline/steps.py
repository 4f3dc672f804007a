"""Runs the SQL files: each becomes the view of its name, which the next ones read."""

import json
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from decimal import Decimal
from types import TracebackType
from typing import Any, Self

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F  # noqa: N812

from jobs.core.runtime.names import drop_views, function_name, make_view, over_views, with_functions
from jobs.core.runtime.pinned import undone
from jobs.core.runtime.resources import resource
from jobs.core.runtime.visible import visible_lines

Value = date | int | bool | str | Decimal | None


def define_functions(spark: SparkSession) -> list[str]:
    """Defines those SQL functions of sql/functions that the session lacks; what they are called there."""
    defined = []
    for file in sorted(resource("sql", "functions").iterdir(), key=lambda file: file.name):
        name = function_name(file.name.removesuffix(".sql"))
        if not spark.catalog.functionExists(name):
            spark.sql(with_functions(file.read_text(encoding="utf-8")))
            defined.append(name)
    return defined


@contextmanager
def functions(spark: SparkSession) -> Iterator[None]:
    """The SQL functions of sql/functions are there, and afterwards as before."""
    defined = define_functions(spark)

    def drop() -> None:
        for name in defined:
            spark.sql(f"DROP TEMPORARY FUNCTION {name}")

    with undone(drop):
        yield


class Steps:
    """The views of one pipeline run; leaving the context drops them."""

    def __init__(self, spark: SparkSession, **values: Value) -> None:
        """Binds the values of the `:markers` in all steps."""
        self._spark = spark
        self._values = values
        self._views: dict[str, str] = {}
        self._made: list[str] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        drop_views(self._spark, self._made)

    def bind(self, **values: Value) -> None:
        """Binds the values of further `:markers`, in the steps from here on."""
        self._values.update(values)

    def sql(self, stage: str, *names: str) -> DataFrame:
        """Runs `sql/<stage>/<name>.sql` for each name; the last one's rows (lazily)."""
        for name in names:
            text = with_functions(resource("sql", stage, f"{name}.sql").read_text(encoding="utf-8"))
            try:
                query = over_views(text, self._views)
                frame = self.view(name, self._spark.sql(query, args=dict(self._values)))
            except Exception as error:
                error.add_note(f"in sql/{stage}/{name}.sql")
                raise
        return frame

    def view(self, name: str, frame: DataFrame) -> DataFrame:
        """Names a step that is not SQL, or a table that a later step reads."""
        self._views[name] = make_view(frame, name)
        self._made.append(self._views[name])
        return frame


def literal_rows(spark: SparkSession, types: Mapping[str, str], rows: Sequence[tuple[Any, ...]]) -> DataFrame:
    """A few rows as literals of a plan; a frame made of Python objects would start Python workers.

    Args:
        spark: the session.
        types: SQL type by column.
        rows: few.
    """
    # One literal of all: made one by one they take a second for a few hundred.
    listed = json.dumps([dict(zip(types, row, strict=True)) for row in rows], default=str)
    fields = ", ".join(f"{name}: {kind}" for name, kind in types.items())
    return one_row(spark).select(F.inline(F.from_json(F.lit(listed), f"array<struct<{fields}>>")))


def one_row(spark: SparkSession) -> DataFrame:
    """One row, to make literals of."""
    return spark.sql("SELECT 1")


def say(text: str) -> None:
    """Tells the person who waits; the answers alone go to standard output.

    Nothing in it can act on a terminal. Its line breaks stay: data that may hold some is made `visible` where
    it is put into a text.
    """
    print(visible_lines(text), file=sys.stderr, flush=True)


@contextmanager
def timed(name: str) -> Iterator[list[int]]:
    """Times a step and tells its name, the rows put into the yielded list, and the seconds."""
    started = time.perf_counter()
    rows: list[int] = []
    yield rows
    counted = f"{sum(rows):>14,} rows" if rows else " " * 19
    say(f"  {name:<24}{counted}{time.perf_counter() - started:>9.1f} s")
