"""What one SQL file of the project reads: the relations and the `:markers`, by parsing it."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import sqlglot
from sqlglot import expressions as sql


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
class Reads:
    """What a text reads.

    Attributes:
        relations: each place where it reads one that is no common table expression of its own, in order.
        markers: the names of its values.
    """

    relations: tuple[Relation, ...]
    markers: frozenset[str]

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
    markers = frozenset(marker.name for marker in tree.find_all(sql.Placeholder))
    return Reads(tuple(sorted(relations, key=lambda relation: relation.start)), markers)


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


def over_views(text: str, views: Mapping[str, str]) -> str:
    """The text with each relation as it is called in the session, AS what the text calls it.

    (As common table expressions, like inputs, views on views took Spark twice as long to analyse.)

    Args:
        text: one SELECT.
        views: what each relation is called in the session, by its name in the text.
    """
    parts, end = [], 0
    for relation in reads(text).relations:
        called = views[relation.name] + ("" if relation.has_alias else f" AS {relation.name}")
        parts += [text[end : relation.start], called]
        end = relation.start + len(relation.name)
    return "".join([*parts, text[end:]])
