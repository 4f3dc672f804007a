"""A query's text for sqlglot, in which no name that Spark reads as one can be taken for a keyword.

To Spark any word is a name where a name may stand: `FROM stream.raw` reads a table of the schema `stream`,
and `FROM select s` one called `select`.
"""

import re
from collections.abc import Iterator, Sequence

from jobs.core.sources.lexemes import Lexeme

_NUMBER = re.compile(r"\d+(e\d*)?(bd|[dflsy])?")
_ONLY_NAMES = frozenset(("describe", "fetch", "stream"))  # in a query of Spark's
_AFTER_PIVOT = frozenset(("(", "include", "exclude"))
# What comes after these in Spark's grammar is no clause, whatever word it is.
_BEFORE_NAMES = frozenset(("from", "join", ","))
_CLAUSES = frozenset(("select", "from", "join", "where", "having", "qualify", "tablesample"))
_END = Lexeme("symbol", "")


def plain_query(found: Sequence[Lexeme]) -> str:
    """The lexemes of a query as one plain text, with words in backquotes that are names for certain."""
    following = [_END, _END]
    told = []
    for each in reversed(found):
        is_name = each.kind == "word" and _is_name(each, *following)
        told.append(f"`{each.text}`" if is_name else each.plain)
        if each.kind != "space":
            following = [each, following[0]]
    return "".join(reversed(told))


def _is_name(word: Lexeme, following: Lexeme, then: Lexeme) -> bool:
    """Whether a word is a name wherever it stands, by the two lexemes after it."""
    if following.text == ".":
        return not _is_number(word) and (then.kind == "quoted" or then.text == "*" or _is_word(then))
    if word.name in {"pivot", "unpivot"}:
        return following.name not in _AFTER_PIVOT
    return word.name in _ONLY_NAMES and following.text != "("


def _is_word(lexeme: Lexeme) -> bool:
    return lexeme.kind == "word" and not _is_number(lexeme)


def _is_number(lexeme: Lexeme) -> bool:
    return _NUMBER.fullmatch(lexeme.name) is not None


def names_like_clauses(found: Sequence[Lexeme]) -> Iterator[str]:
    """The words, of lexemes without spaces, that Spark takes for names and sqlglot for clauses."""
    padded = [_END, *found, _END, _END]
    for position, this in enumerate(found, 1):
        last, following, then = padded[position - 1], padded[position + 1], padded[position + 2]
        if this.kind != "word" or following.text == ".":
            continue
        if this.name == "from" and last.text == "(":
            is_like_clause = not _selects(found[position:])
        else:
            is_like_clause = _is_like_clause(last, this, following, then)
        if is_like_clause:
            yield this.text


def _is_like_clause(last: Lexeme, word: Lexeme, following: Lexeme, then: Lexeme) -> bool:
    name, before = word.name, last.text.lower()
    if (name, following.text.lower()) in {("window", "join"), ("limit", ",")}:
        return True
    if name in {"select", "values"} and following.text in {",", ")", ""}:
        return True
    if name == "values" and before in _BEFORE_NAMES:
        # An inline table, or a table of that name and its alias.
        return following.kind == "quoted" or (_is_word(following) and then.kind != "string")
    return name in _CLAUSES and before in _BEFORE_NAMES


def _selects(inside: Sequence[Lexeme]) -> bool:
    """Whether there is a SELECT before the parenthesis in which these lexemes begin is closed."""
    depth = 0
    for each in inside:
        depth += {"(": 1, ")": -1}.get(each.text, 0)
        if depth < 0:
            return False
        if depth == 0 and each.kind == "word" and each.name == "select":
            return True
    return False
