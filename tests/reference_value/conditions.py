"""Conditions on a customer's measures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from operator import eq, ge, gt, le, lt, ne
from typing import Protocol, TypeVar

from tests.reference.exact import Row

OPERATORS = {"=": eq, "!=": ne, "<": lt, "<=": le, ">": gt, ">=": ge}


@dataclass(frozen=True)
class Comparison:
    """A condition on one measure; a measure that is NULL fulfils no comparison."""

    metric: str
    operator: str
    value: Decimal | int | str | None = None

    def holds(self, row: Row) -> bool:
        measured = row[self.metric]
        if self.operator in {"missing", "present"}:
            return (measured is None) == (self.operator == "missing")
        if measured is None:
            return False
        if isinstance(self.value, str):
            return bool(OPERATORS[self.operator](measured, self.value))
        assert self.value is not None
        return bool(OPERATORS[self.operator](Fraction(measured), Fraction(self.value)))


@dataclass(frozen=True)
class Every:
    """Holds when all parts do."""

    parts: tuple[Condition, ...]

    def holds(self, row: Row) -> bool:
        return all(part.holds(row) for part in self.parts)


@dataclass(frozen=True)
class Some:
    """Holds when at least one part does."""

    parts: tuple[Condition, ...]

    def holds(self, row: Row) -> bool:
        return any(part.holds(row) for part in self.parts)


Condition = Comparison | Every | Some


class Conditional(Protocol):
    """What is chosen by a condition; the last of several has none."""

    @property
    def when(self) -> Condition | None: ...


Chosen = TypeVar("Chosen", bound=Conditional)


def first_that_holds(choices: Sequence[Chosen], row: Row) -> Chosen:
    """The first choice whose condition holds, else the last."""
    return next((choice for choice in choices if choice.when and choice.when.holds(row)), choices[-1])
