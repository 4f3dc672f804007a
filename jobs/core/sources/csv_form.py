"""How the lines of a CSV file are decoded, told apart as records and split into fields."""

import csv
from typing import Literal

from pyspark.sql import Column
from pyspark.sql import functions as F  # noqa: N812

from jobs.core.config.inputs import WIDE, Input

BYTE_ORDER_MARK = "\ufeff"


def decoded(binary: Column, encoding: str) -> Column:
    """Bytes as text; what is no text in the encoding stays recognisable by `CsvForm.undecodable`."""
    if encoding == "utf-8":
        return binary.cast("string")
    if encoding in WIDE:
        return F.ltrim(
            F.decode(binary, encoding.upper().replace("-LE", "LE").replace("-BE", "BE")),
            F.lit(BYTE_ORDER_MARK),
        )
    known, _ = _high_characters(encoding)
    return F.translate(F.decode(binary, "ISO-8859-1"), "".join(known), "".join(known.values()))


def without_end(line: Column) -> Column:
    """A line or record without the line ends behind it; byte by byte where not all of it is text."""
    ends = F.lit("\r\n")
    bytewise = F.rtrim(F.decode(line.cast("binary"), "ISO-8859-1"), ends)
    return F.when(F.is_valid_utf8(line), F.rtrim(line, ends)).otherwise(
        F.encode(bytewise, "ISO-8859-1").cast("string")
    )


def _high_characters(encoding: str) -> tuple[dict[str, str], str]:
    """By character of ISO-8859-1 another one that its byte stands for, and the bytes that stand for none."""
    known, unknown = {}, ""
    for byte in range(128, 256):
        character = bytes([byte]).decode(encoding, errors="replace")
        if character == "\ufffd":
            unknown += chr(byte)
        elif character != chr(byte):
            known[chr(byte)] = character
    return known, unknown


class CsvForm:
    """How the records of one input are told apart and split."""

    def __init__(self, given: Input) -> None:
        self.encoding = given.encoding
        self.limit = given.max_field_characters
        self.delimiter, self.quote = given.delimiter, given.quote
        mark, quote = (f"\\x{{{ord(each):x}}}" if each else "" for each in (self.delimiter, self.quote))
        # `*+` gives nothing back: however long a field is, it is matched in one go.
        inner = f"{quote}[^{quote}]*+(?:{quote}{quote}[^{quote}]*+)*+"
        self._quoted = rf"{inner}{quote}[ \t&&[^{mark}]]*+"
        self._inside = rf"(?s)^{quote}(.*){quote}[ \t]*\z"
        self._field = rf"({self._quoted}|[^{mark}]*+){mark}"
        self._opens = rf"^(?:(?:{inner}{quote}[^{mark}]*+|[^{quote}{mark}][^{mark}]*+)?+{mark})*+{inner}\z"
        # Escaped like this it is looked for without a regular expression.
        self._split = self.delimiter if self.delimiter.isalnum() else f"\\{self.delimiter}"

    def header(self, line: str) -> list[str]:
        """The columns that a header names; those without a name of their own get a number.

        Raises:
            csv.Error: it is no whole record.
        """
        quoting: Literal[0, 3] = csv.QUOTE_MINIMAL if self.quote else csv.QUOTE_NONE
        reader = csv.reader(
            [line], delimiter=self.delimiter, quotechar=self.quote or None, quoting=quoting, strict=True
        )
        row = next(reader)
        folded = [name.lower() for name in row]
        return [
            f"{name or '_c'}{place}" if not name or folded.count(name.lower()) > 1 else name
            for place, name in enumerate(row)
        ]

    def opens(self, line: Column) -> Column:
        """Whether a line that begins outside quotes ends inside them."""
        return line.contains(self.quote) & line.rlike(self._opens) if self.quote else F.lit(False)

    def opens_again(self, line: Column) -> Column:
        """Whether a line that begins inside quotes ends inside them."""
        return F.concat(F.lit(self.quote), line).rlike(self._opens) if self.quote else F.lit(False)

    def is_odd(self, line: Column) -> Column:
        """Whether a line may be no record by itself."""
        lone_return = line.contains("\r") & line.rlike(r"\r[^\r]")
        return self.opens(line) | lone_return | (F.char_length(line) > self.limit)

    def raw_fields(self, record: Column) -> Column:
        """The fields as they are written, quotes and all."""
        plain = F.split(record, self._split, -1)
        if not self.quote:
            return plain
        with_end = F.concat(record, F.lit(self.delimiter))
        quoted = F.regexp_extract_all(with_end, F.lit(self._field), F.lit(1))
        return F.when(record.contains(self.quote), quoted).otherwise(plain)

    def shape(self, record: Column) -> Column:
        """How many fields a record has, and whether something else is wrong with it."""
        raw = self.raw_fields(record)
        is_bad = self.has_loose_quote(record, raw) | self.undecodable(record)
        return F.struct(F.size(raw).alias("fields"), is_bad.alias("is_bad"))

    def has_loose_quote(self, record: Column, raw: Column) -> Column:
        """Whether a quoted field goes on behind its closing quote."""
        if not self.quote:
            return F.lit(False)
        loose = F.exists(
            raw, lambda field: field.startswith(self.quote) & ~field.rlike(rf"^{self._quoted}\z")
        )
        return record.contains(self.quote) & loose

    def fields(self, record: Column, raw: Column) -> Column:
        """The fields without the quotes around and the doubled ones in them."""
        if not self.quote:
            return raw

        def unquoted(field: Column) -> Column:
            inside = F.regexp_extract(field, self._inside, 1)
            plain = F.replace(inside, F.lit(self.quote * 2), F.lit(self.quote))
            return F.when(field.startswith(self.quote), plain).otherwise(field)

        return F.when(record.contains(self.quote), F.transform(raw, unquoted)).otherwise(raw)

    def undecodable(self, record: Column) -> Column:
        """Whether some bytes are no text."""
        if self.encoding == "utf-8":
            return ~F.is_valid_utf8(record)
        unknown = "" if self.encoding in WIDE else _high_characters(self.encoding)[1]
        return record.rlike(f"[{unknown}]") if unknown else F.lit(False)

    def readable(self, record: Column) -> Column:
        """The record with U+FFFD for what is no text."""
        if self.encoding == "utf-8":
            return F.make_valid_utf8(record)
        unknown = "" if self.encoding in WIDE else _high_characters(self.encoding)[1]
        return F.translate(record, unknown, "\ufffd" * len(unknown)) if unknown else record

    def hexadecimal(self, record: Column) -> Column:
        """The bytes of a record that has some that are no text."""
        if self.encoding == "utf-8" or self.encoding in WIDE:
            return F.hex(record.cast("binary"))
        known, _ = _high_characters(self.encoding)
        return F.hex(F.encode(F.translate(record, "".join(known.values()), "".join(known)), "ISO-8859-1"))
