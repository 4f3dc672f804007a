"""Settings of one stored table: where it lies, and how its files are read."""

import codecs
import re
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from jobs.core.config.documents import Document

_NAME_PART = re.compile(r"[^`.\s;'\"(){}\[\]\\/]+")
# What a CSV file alone has.
_OF_TEXT = ("encoding", "delimiter", "quote", "decimal", "date_format", "max_field_characters")
_ASCII = bytes(range(128))
WIDE = {"utf-16", "utf-16-le", "utf-16-be"}  # encodings whose line ends are no single bytes
# Of Java's date patterns those that read a whole date in one way: no names of eras, weeks or quarters.
_DATE_FORMAT = re.compile(
    r"(?:y{4}|y{2}|M{1,4}|d{1,2}|H{1,2}|h{1,2}|m{1,2}|s{1,2}|S{1,9}|a|X{1,3}|'[^']*'|[^A-Za-z'])+"
)
_OUTSIDE_WORDS = re.compile(r"'[^']*'")


def _table_name(value: str, most_parts: int) -> str:
    parts = value.split(".")
    if len(parts) > most_parts or not all(_NAME_PART.fullmatch(part) for part in parts):
        expected = ".".join(["catalog", "schema", "table"][:most_parts])
        raise ValueError(f"must be a plain name like {expected}, got {value!r}")
    return value


def _path(value: str) -> str:
    if not value.strip() or value.startswith("~") or set(value) & set("`\n\0"):
        raise ValueError(f"must be a path without backquotes and line breaks, got {value!r}")
    return value


def _encoding(value: str) -> str:
    """The name that Python has for an encoding that can be read."""
    try:
        name = codecs.lookup(value).name.removesuffix("-sig")
        known = name in {"utf-8", *WIDE} or (
            # Line ends are found before the text is decoded.
            _ASCII.decode(name) == _ASCII.decode("ascii") and _is_of_single_bytes(name)
        )
    except (LookupError, UnicodeError, ValueError):
        known = False
    if not known:
        raise ValueError(
            "must be utf-8, utf-16, or an encoding of single bytes such as windows-1252 or iso-8859-1, "
            f"got {value!r}"
        )
    return name


def _is_of_single_bytes(name: str) -> bool:
    pairs = bytes(byte for high in range(128, 256) for byte in (high, 65))
    return len(pairs.decode(name, errors="replace")) == len(pairs)


def _mark(value: str) -> str:
    if len(value) != 1 or value in "\r\n\0":
        raise ValueError(f"must be one character, and no line break, got {value!r}")
    return value


def _quote(value: str) -> str:
    return _mark(value) if value else value


def _date_format(value: str) -> str:
    letters = set(_OUTSIDE_WORDS.sub("", value))
    if not _DATE_FORMAT.fullmatch(value) or not {"y", "M", "d"} <= letters:
        raise ValueError(f"must be a pattern of year, month and day such as dd.MM.yyyy, got {value!r}")
    return value


TableName = Annotated[str, AfterValidator(lambda value: _table_name(value, 3))]
SchemaName = Annotated[str, AfterValidator(lambda value: _table_name(value, 2))]
PathText = Annotated[str, AfterValidator(_path)]


class Input(Document):
    """One stored table: a path with its format, or a table of a catalog.

    Attributes:
        path: a name; a pattern only beside `glob`.
        table: of a catalog.
        format: of the path.
        glob: the path is a pattern of several files or folders.
        encoding: of a CSV file, as Python calls it.
        delimiter: between its fields.
        quote: around a field that holds delimiters or line breaks; empty if nothing is quoted.
        decimal: the sign before decimals in its numbers.
        date_format: of its dates, as a Java pattern; None for year-month-day with or without a time.
        max_field_characters: a longer field is taken for a quote that was never closed.
    """

    path: PathText | None = None
    table: TableName | None = None
    format: Literal["delta", "parquet", "csv"] = "delta"
    glob: bool = False
    encoding: Annotated[str, AfterValidator(_encoding)] = "utf-8"
    delimiter: Annotated[str, AfterValidator(_mark)] = ","
    quote: Annotated[str, AfterValidator(_quote)] = '"'
    decimal: Literal[".", ","] = "."
    date_format: Annotated[str, AfterValidator(_date_format)] | None = None
    max_field_characters: Annotated[int, Field(ge=1, le=100_000_000)] = 1_000_000

    @model_validator(mode="after")
    def _check_place(self) -> Self:
        self.check_one_place()
        return self

    def check_one_place(self) -> None:
        """Raises ValueError unless there is one place, and only settings that fit it."""
        if (self.path is None) == (self.table is None):
            raise ValueError("must have either path or table")
        if self.table is not None and "format" in self.model_fields_set:
            raise ValueError("must have format only beside path: a catalog knows its tables' formats")
        misplaced = [name for name in _OF_TEXT if name in self.model_fields_set]
        if self.format != "csv" and misplaced:
            raise ValueError(f"must have {' and '.join(misplaced)} only beside format: csv")
        if self.delimiter == self.quote:
            raise ValueError(f"must have a quote that is not the delimiter, got {self.quote!r} for both")
        if self.glob and (self.path is None or self.format == "delta"):
            raise ValueError("must have glob only beside the path of files in format: csv or parquet")
        if self.glob and ".." in (self.path or ""):
            raise ValueError(f"must have no '..' in a path with glob, got {self.path!r}")
