"""The registry of the sources' columns, conf/sources.yaml: their types, and the rules about their values."""

from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from functools import cache
from typing import Literal, Self

from pydantic import model_validator

from jobs.core.config.documents import Document, read_yaml, validate
from jobs.core.config.quality import Severity
from jobs.core.runtime.resources import resource

ColumnType = Literal["text", "date", "amount", "money", "number", "count"]
Bound = Decimal | date


class SourceColumn(Document):
    """One column as the job reads it; conf/sources.yaml explains each part.

    Attributes:
        missing: the rule that tells of its missing values; likewise `unreadable`, `absurd`, `too_precise`.
    """

    type: ColumnType
    presence: Literal["required", "optional", "mapped"] = "required"
    required: bool = False
    least: Bound | None = None
    most: Bound | None = None
    missing: str | None = None
    unreadable: str | None = None
    absurd: str | None = None
    too_precise: str | None = None

    @model_validator(mode="after")
    def _told_of(self) -> Self:
        if self.required and self.missing is None:
            raise ValueError("must name the rule about missing values of what is required")
        if (self.absurd is None) != (self.least is None and self.most is None):
            raise ValueError("must have absurd beside least or most, and only there")
        if (self.too_precise is None) != (self.type != "amount"):
            raise ValueError("must have too_precise in an amount, and only there")
        return self

    def faults(self, name: str) -> Iterator[tuple[str, str]]:
        """Each rule about the values of the column of this name, with the SQL of when it is broken."""
        column, given = f"`{name}`", f"`{name}_given`"
        if self.missing is not None:
            yield self.missing, f"is_blank({column})" if self.type == "text" else f"NOT {given}"
        if self.unreadable is not None:
            yield self.unreadable, f"({given} AND {column} IS NULL)"
        if self.absurd is not None:
            bounds = [(self.least, "<"), (self.most, ">")]
            outside = [f"{column} {sign} {_literal(bound)}" for bound, sign in bounds if bound is not None]
            yield self.absurd, f"({' OR '.join(outside)})"
        if self.too_precise is not None:
            yield self.too_precise, f"`{name}_rounded`"


class ColumnRule(Document):
    """A rule about the values of one or several columns.

    Attributes:
        severity: what follows when it fires.
        means: what is wrong then, in words.
    """

    severity: Severity
    means: str


class SourceTable(Document):
    """What is known of one source.

    Attributes:
        key: the column that tells a row to people.
        columns: as the job reads them, in their order.
        rules: about their values, in the order in which they are told.
        unreadable: the rule about unreadable values of columns that name none.
    """

    key: str
    columns: dict[str, SourceColumn]
    rules: dict[str, ColumnRule]
    unreadable: str | None = None

    @model_validator(mode="after")
    def _rules_and_columns_fit(self) -> Self:
        silent = [
            name for name, column in self.columns.items() if column.type != "text" and not column.unreadable
        ]
        if silent and self.unreadable is None:
            raise ValueError(f"must have a rule about unreadable values of {', '.join(silent)}")
        named = {rule for name, column in self.read_columns().items() for rule, _ in column.faults(name)}
        if named != set(self.rules):
            unmatched = sorted(named ^ set(self.rules))
            raise ValueError(f"must have the rules that its columns name and no others, got {unmatched}")
        return self

    def read_columns(self, own: Mapping[str, ColumnType] | None = None) -> dict[str, SourceColumn]:
        """The columns with each one's rules, and behind them a company's own, given by their types."""
        further = {name: SourceColumn(type=kind) for name, kind in (own or {}).items()}
        return {
            name: column
            if column.type == "text" or column.unreadable
            else column.model_copy(update={"unreadable": self.unreadable})
            for name, column in {**self.columns, **further}.items()
        }


class _Registry(Document):
    fct_revenues: SourceTable
    dim_accounts: SourceTable
    dim_customers: SourceTable


def _literal(bound: Bound) -> str:
    return f"DATE '{bound}'" if isinstance(bound, date) else str(bound)


@cache
def source_tables() -> dict[str, SourceTable]:
    """The sources, by name."""
    name = "conf/sources.yaml"
    return dict(validate(_Registry, read_yaml(resource("conf", "sources.yaml"), name), name))
