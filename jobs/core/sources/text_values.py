"""Reads dates and numbers from text: whole values only, in the form in which a source writes them."""

from dataclasses import dataclass

from pyspark.sql import Column
from pyspark.sql import functions as F  # noqa: N812

_DAY = r"\d{4}-\d{1,2}-\d{1,2}"
_TIME = r"(?:[01]?\d|2[0-3]):[0-5]?\d(?::[0-5]?\d)?"
_FRACTION = r"(?:[.,]\d*)?"
_OFFSET = r"(?:Z|UTC|GMT|[+-](?:0?\d|1[0-8])(?::?[0-5]\d)?)"
_PLAIN = rf"^{_DAY}\z"
_LOCAL = rf"^ *({_DAY})(?:[ T]+{_TIME}{_FRACTION})? *\z"
_INSTANT = rf"^ *({_DAY})[ T]+({_TIME}){_FRACTION} ?({_OFFSET}) *\z"
# What Spark needs to read an offset: Z or +09:00.
_SPELLINGS = ((r"^(?:UTC|GMT)$", "Z"), (r"^([+-])(\d)(?=:|$)", "$10$2"), (r"^([+-]\d{2})(\d{2})$", "$1:$2"))


@dataclass(frozen=True)
class TextForm:
    """How a source writes values as text.

    Attributes:
        decimal: the sign before decimals.
        date_format: a Java pattern; None for year-month-day, alone or with a time behind it.
    """

    decimal: str = "."
    date_format: str | None = None

    def date(self, text: Column) -> Column:
        """The day that a text names; NULL if it isn't a date and nothing else.

        A time with an offset is an instant, which is on the day that the session's time zone has then, as a
        TIMESTAMP is.
        """
        if self.date_format is not None:
            return F.try_to_date(F.trim(text), self.date_format)
        day, time, offset = (F.regexp_extract(text, _INSTANT, group) for group in (1, 2, 3))
        for spelling, known in _SPELLINGS:
            offset = F.regexp_replace(offset, spelling, known)
        with_seconds = F.regexp_replace(time, r"^(\d+:\d+)$", "$1:00")
        instant = F.concat(day, F.lit(" "), with_seconds, offset)
        return (
            F.when(text.rlike(_PLAIN), text.try_cast("date"))  # nearly all, and soon told
            .when(text.rlike(_LOCAL), F.regexp_extract(text, _LOCAL, 1).try_cast("date"))
            .when(text.rlike(_INSTANT), instant.try_cast("timestamp").cast("date"))
        )

    def number(self, text: Column) -> Column:
        """The text of a number with a point before its decimals; NULL where it has another one."""
        if self.decimal == ".":
            return text
        return F.when(~text.contains("."), F.translate(text, self.decimal, "."))


DEFAULT_FORM = TextForm()
