"""Numbers of both references: exact fractions, rounded half up only where a value is published."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from fractions import Fraction
from math import floor
from typing import Any

Row = dict[str, Any]

ZERO = Decimal("0.00")


def amount(given: Decimal) -> Fraction:
    """An amount as it is read: half up to 6 decimals."""
    return Fraction(_half_up(Fraction(given) * 10**6), 10**6)


def cents(events: Iterable[Row], column: str) -> int:
    """A sum of money in cents, rounded once."""
    return _half_up(100 * sum((amount(event[column]) for event in events), start=Fraction(0)))


def rounded(value: Fraction, places: int) -> Decimal:
    """A fraction as a decimal of that many places."""
    return fixed(_half_up(value * 10**places), places)


def _half_up(value: Fraction) -> int:
    """The nearest integer, halves away from zero."""
    nearest = floor(abs(value) + Fraction(1, 2))
    return -nearest if value < 0 else nearest


def fixed(units: int, places: int) -> Decimal:
    """So many units of the last decimal place, exactly and whatever the decimal context."""
    return Decimal(f"{units}E-{places}")


def quotient(dividend: Decimal | int, divisor: Decimal | int) -> Decimal | None:
    """The exact quotient to 6 decimals, None where there is nothing to divide by."""
    return rounded(Fraction(dividend) / Fraction(divisor), 6) if divisor else None


def total(rows: Iterable[Row], column: str) -> Decimal:
    """The sum of a decimal column, 0.00 over no rows."""
    return sum((row[column] for row in rows), start=ZERO)


def mean_known(rows: Iterable[Row], column: str) -> Decimal | None:
    """The mean of those that are known."""
    known = [row[column] for row in rows if row.get(column) is not None]
    return quotient(sum(known, start=ZERO), len(known))


def json_object(row: Row, columns: Iterable[str]) -> str:
    """Some columns as Spark's to_json writes them, NULLs kept, in the order given."""
    return "{" + ",".join(f"{_json(column)}:{_json(row[column])}" for column in columns) + "}"


def _json(value: str | int | Decimal | date | None) -> str:
    """One JSON value: text and dates quoted and unescaped as far as JSON allows, numbers bare."""
    if isinstance(value, Decimal):
        return f"{value:f}"
    return json.dumps(value.isoformat() if isinstance(value, date) else value, ensure_ascii=False)
