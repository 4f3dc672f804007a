"""What CSV means, character by character: independent of how the job reads it, and slow."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class Record:
    """One record of a file.

    Attributes:
        fields: without quotes.
        text: as it is written, without its line end.
        lines: of the file that it takes.
        is_loose: a quoted field goes on behind its closing quote.
        is_open: the file ends within quotes.
    """

    fields: list[str]
    text: str = ""
    lines: int = 1
    is_loose: bool = False
    is_open: bool = False


class _Reader:
    def __init__(self, text: str, delimiter: str, quote: str) -> None:
        self.text, self.at = text, 0
        self.delimiter, self.quote = delimiter, quote

    def more(self) -> bool:
        return self.at < len(self.text)

    def take(self) -> str:
        self.at += 1
        return self.text[self.at - 1]

    def peek(self) -> str:
        return self.text[self.at] if self.more() else ""

    def line_end(self) -> str:
        end = self.take()
        if end == "\r" and self.peek() == "\n":
            end += self.take()
        return end

    def plain(self) -> str:
        found = ""
        while self.more() and self.peek() not in {self.delimiter, "\r", "\n"}:
            found += self.take()
        return found

    def quoted(self, record: Record) -> str:
        self.take()
        found = ""
        while self.more():
            if self.peek() in {"\r", "\n"}:
                found += self.line_end()
                record.lines += 1
            elif self.peek() != self.quote:
                found += self.take()
            else:
                self.take()
                if self.peek() != self.quote:
                    break
                found += self.take()
        else:
            record.is_open = True
        while self.peek() in {" ", "\t"} - {self.delimiter}:
            self.take()
        record.is_loose |= bool(self.plain())
        return found

    def record(self) -> Record:
        record, start = Record([]), self.at
        while True:
            record.fields.append(self.quoted(record) if self.peek() == self.quote != "" else self.plain())
            if self.peek() != self.delimiter:
                break
            self.take()
        record.text = self.text[start : self.at]
        if self.more():
            self.line_end()
        return record


def records(text: str, delimiter: str = ",", quote: str = '"') -> list[Record]:
    """All records of a file but blank lines, the header being the first."""
    reader = _Reader(text, delimiter, quote)
    found = []
    while reader.more():
        found.append(reader.record())
    return [record for record in found if record.text.strip(" ")]
