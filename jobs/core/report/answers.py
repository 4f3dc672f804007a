"""What a command answers on standard output: tables for people, or the same rows as JSON for programs."""

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import TracebackType
from typing import Any, Self

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F  # noqa: N812
from pyspark.sql.types import StructType
from rich.console import Console

from jobs.core.report.tables import add_row, standard_output, text_table
from jobs.core.runtime.visible import visible_lines

_UNSEEN = re.compile(r"[^\x20-\x7e]")
_MOST_ROWS = 50  # of a frame, for people

Format = Callable[[Any], str]


class Answers:
    """The answers of one command.

    As JSON they are one array of objects, each with the labels and the columns of a row; what can't be seen
    and what is not ASCII is escaped. After an error the array ends as well; without a row there is none then.
    """

    def __init__(self, *, as_json: bool = False, console: Console | None = None) -> None:
        self.as_json = as_json
        self.console = console or standard_output()
        self._rows = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.as_json and (self._rows or error is None):
            self._write("\n]\n" if self._rows else "[]\n")

    def text(self, text: str) -> None:
        """Says something to people, of which programs have no use; data in it is visible already."""
        if not self.as_json:
            self.console.print(visible_lines(text), soft_wrap=True, highlight=False, markup=False)

    def rows(
        self,
        title: str,
        rows: Sequence[Mapping[str, Any]],
        formats: Mapping[str, Format] | None = None,
        **labels: str,
    ) -> None:
        """Shows rows of the same columns, at least one.

        Args:
            title: for people.
            rows: texts and whole numbers by column.
            formats: how people see some columns.
            labels: for programs, which get rows of several kinds in one array.
        """
        if self.as_json:
            self._dump(json.dumps({**labels, **row}) for row in rows)
            return
        table = text_table(title, [_heading(name) for name in rows[0]])
        for row in rows:
            add_row(table, *((formats or {}).get(name, _seen)(value) for name, value in row.items()))
        self.console.print(table)

    def frame(self, title: str, rows: DataFrame, **labels: str) -> None:
        """Shows the rows of a frame: to people the first ones, to programs all of them."""
        if self.as_json:
            given = [F.lit(value).alias(name) for name, value in labels.items()]
            text = F.to_json(F.struct(*given, *rows.columns), {"ignoreNullFields": "false"})
            self._dump(row[0] for row in rows.select(text).toLocalIterator())
            return
        total = rows.count()
        first = f", the first {_MOST_ROWS}" if total > _MOST_ROWS else ""
        table = text_table(f"{total:,} {title}{first}", [_heading(name) for name in rows.columns])
        for row in rows.select(*_as_text(rows)).limit(_MOST_ROWS).collect():
            add_row(table, *row)
        self.console.print(table)

    def _dump(self, objects: Iterable[str]) -> None:
        for text in objects:
            self._write(",\n" if self._rows else "[\n")
            self._write(_UNSEEN.sub(_escaped, text))
            self._rows += 1

    def _write(self, text: str) -> None:
        self.console.file.write(text)  # Rich would break long lines


def _escaped(found: re.Match[str]) -> str:
    pairs = found[0].encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{pairs[at : at + 2].hex()}" for at in range(0, len(pairs), 2))


def _heading(column: str) -> str:
    return column.replace("_", " ")


def _seen(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return "" if value is None else f"{value:,}" if isinstance(value, int) else str(value)


def _as_text(frame: DataFrame) -> list[Column]:
    """Each column as text: dates and times in the session's time zone, the fields of a struct in a row."""
    return [
        F.concat_ws(" ", *(F.col(field.name)[inner].cast("string") for inner in field.dataType.names))
        if isinstance(field.dataType, StructType)
        else F.col(field.name).cast("string")
        for field in frame.schema
    ]
