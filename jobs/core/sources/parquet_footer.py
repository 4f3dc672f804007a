"""Which columns of a Parquet file Spark has no type for, from the file's own description of itself."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pyspark.sql import SparkSession
from pyspark.sql import functions as F  # noqa: N812

_TAIL = 8  # bytes at a file's end: how long its description is, and PAR1
_MOST_DIGITS = 38
# Of the description's fields (parquet.thrift) those that are needed.
_SCHEMA = 2
_NAME, _CHILDREN, _CONVERTED, _PRECISION, _LOGICAL = 4, 5, 6, 8, 10
_LOGICAL_TIME, _IS_UTC, _UNIT = 7, 1, 2
_READ = "microseconds"
_UNITS = {1: "milliseconds", 2: _READ, 3: "nanoseconds"}
_OTHERS = {14: "UUID", 15: "FLOAT16"}  # logical types
_OLD_TIMES, _OLD_INTERVAL = {7, 8}, 21
# Thrift's types.
_TRUE, _BYTE, _BINARY, _LIST = 1, 3, 8, 9
_BOOLEANS, _INTEGERS = {1, 2}, {4, 5, 6}
_LONG = 15  # a list's size stands behind its head

_Element = dict[int, Any]


def unreadable_columns(spark: SparkSession, path: str) -> list[str]:
    """The columns of the first of some files that Spark has no type for, each with its type.

    Args:
        spark: the session.
        path: of the files, as Spark takes it. The first is read whole.
    """
    files = spark.read.format("binaryFile").load(path)
    first = files.agg(F.min("_metadata.file_path")).collect()[0][0]
    content = files.where(F.col("_metadata.file_path") == F.lit(first))

    def end(size: int, skipped: int = 0) -> bytes:
        return bytes(content.select(F.substring("content", -size - skipped, size)).collect()[0][0])

    size = int.from_bytes(end(_TAIL)[:4], "little")
    _, *elements = _Thrift(end(size, _TAIL)).struct(_SCHEMA)[_SCHEMA]
    return [
        f"{column[0][_NAME].decode(errors='replace')} ({kind})"
        for column in _columns(elements)
        for kind in {kind: None for kind in map(_without_a_type, column) if kind}
    ]


def _columns(elements: list[_Element]) -> Iterator[list[_Element]]:
    """The elements of each column, itself first and then those nested in it."""
    column: list[_Element] = []
    missing = 1
    for element in elements:
        column.append(element)
        missing += element.get(_CHILDREN, 0) - 1
        if not missing:
            yield column
            column, missing = [], 1


def _without_a_type(element: _Element) -> str | None:
    """The type of an element, if Spark has none for it."""
    logical = element.get(_LOGICAL, {})
    if _LOGICAL_TIME in logical:
        time = logical[_LOGICAL_TIME]
        unit = next(_UNITS[number] for number in time[_UNIT])
        return "TIME in UTC" if time[_IS_UTC] else None if unit == _READ else f"TIME in {unit}"
    if element.get(_PRECISION, 0) > _MOST_DIGITS:
        return f"DECIMAL of {element[_PRECISION]} digits"
    if element.get(_CONVERTED) in _OLD_TIMES:
        return "TIME in UTC"
    if element.get(_CONVERTED) == _OLD_INTERVAL:
        return "INTERVAL"
    return next((name for number, name in _OTHERS.items() if number in logical), None)


@dataclass
class _Thrift:
    """Reads Thrift's compact form, as far as a schema needs it: structs as mappings from field numbers."""

    data: bytes
    at: int = 0

    def struct(self, last: int | None = None) -> dict[int, Any]:
        """The struct that begins here; up to a field, if one is given."""
        found: dict[int, Any] = {}
        number = 0
        while number != last and (head := self._byte()):
            number = number + (head >> 4) if head >> 4 else self._integer()
            found[number] = self._value(head & 15)
        return found

    def _value(self, kind: int) -> Any:  # noqa: ANN401  (any of these types)
        if kind in _BOOLEANS:
            return kind == _TRUE
        if kind == _BYTE:
            return self._byte()
        if kind in _INTEGERS:
            return self._integer()
        if kind == _BINARY:
            size = self._varint()
            self.at += size
            return self.data[self.at - size : self.at]
        if kind == _LIST:
            head = self._byte()
            size = self._varint() if head >> 4 == _LONG else head >> 4
            return [self._value(head & 15) for _ in range(size)]
        return self.struct()

    def _byte(self) -> int:
        self.at += 1
        return self.data[self.at - 1]

    def _varint(self) -> int:
        value = shift = 0
        while (byte := self._byte()) & 128:
            value |= (byte & 127) << shift
            shift += 7
        return value | byte << shift

    def _integer(self) -> int:
        value = self._varint()
        return (value >> 1) ^ -(value & 1)
