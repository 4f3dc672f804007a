"""What one SQL file of the project reads: the relations and the `:markers`, by parsing it."""

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache

import sqlglot
from sqlglot import expressions as sql

from jobs.core.delta.identifiers import literal
from jobs.core.runtime.splicing import spliced

Value = bool | int | Decimal | date | str | None


@dataclass(frozen=True)
class Relation:
    """One place where a text reads a relation.

    Attributes:
        name: as the text calls it.
        start: where the name begins in the text.
        has_alias: whether the text gives it another name.
    """

    name: str
    start: int
    has_alias: bool


@dataclass(frozen=True)
class Marker:
    """One place where a text has a value.

    Attributes:
        name: of the value.
        start: where its colon stands in the text.
    """

    name: str
    start: int


@dataclass(frozen=True)
class Reads:
    """What a text reads.

    Attributes:
        relations: each place where it reads one that is no common table expression of its own, in order.
        marked: each place where it has a value, in order.
    """

    relations: tuple[Relation, ...]
    marked: tuple[Marker, ...]

    @property
    def markers(self) -> frozenset[str]:
        """The names of its values."""
        return frozenset(marker.name for marker in self.marked)

    @property
    def names(self) -> tuple[str, ...]:
        """The relations' names, each once, in the order in which the text has them."""
        return tuple(dict.fromkeys(relation.name for relation in self.relations))


@cache
def reads(text: str) -> Reads:
    """What a SELECT of the project reads."""
    tree = sqlglot.parse_one(text, dialect="spark")
    relations = [
        Relation(table.name, table.this.meta["start"], bool(table.alias))
        for table in tree.find_all(sql.Table)
        if not _is_own(table) and table.find_ancestor(sql.Hint) is None
    ]
    marked = [
        Marker(name.text, colon.start)
        for colon, name in itertools.pairwise(sqlglot.tokenize(text, read="spark"))
        if colon.token_type == sqlglot.TokenType.COLON
    ]
    return Reads(tuple(sorted(relations, key=lambda relation: relation.start)), tuple(marked))


def _is_own(table: sql.Table) -> bool:
    """Whether a name means a common table expression where it stands."""
    inside: sql.Expr = table
    while inside.parent is not None:
        if table.name in _defined_around(inside):
            return True
        inside = inside.parent
    return False


def _defined_around(inside: sql.Expr) -> set[str]:
    """The common table expressions that a part of a query sees of those right around it.

    The query sees all of its WITH, and each expression of the WITH those before it.
    """
    around, defined = inside.parent, []
    if isinstance(around, sql.With):
        defined = around.expressions[: around.expressions.index(inside)]
    elif isinstance(around, sql.Query) and not isinstance(inside, sql.With):
        defined = around.ctes
    return {each.alias for each in defined}


def as_run(text: str, views: Mapping[str, str], values: Mapping[str, Value]) -> str:
    """The text with each relation as it is called in the session, and each value as a literal.

    A relation is called AS the text calls it. (As common table expressions, like inputs, views on views took
    Spark twice as long to analyse.) Values are not bound by Spark: with Delta's parser a server of Spark
    Connect loses them (delta-io/delta#7640).

    Args:
        text: one SELECT.
        views: what each relation is called in the session, by its name in the text.
        values: by the names of their markers.
    """
    read = reads(text)
    put = [
        (
            relation.start,
            relation.name,
            views[relation.name] + ("" if relation.has_alias else f" AS {relation.name}"),
        )
        for relation in read.relations
    ]
    put += [(marker.start, f":{marker.name}", _as_literal(values[marker.name])) for marker in read.marked]
    return spliced(text, put)


def _as_literal(value: Value) -> str:
    """A value as a literal of the type that Spark gives it where it is bound."""
    match value:
        case None:
            return "NULL"
        case bool():
            return str(value).upper()
        case int():
            return f"({value})"  # a minus before a negative one would begin a comment
        case Decimal():
            return f"({value:f}BD)"
        case date():
            return f"DATE {literal(value.isoformat())}"
        case str():
            return literal(value)
        case _:
            raise TypeError(f"no literal is known for {value!r}")
