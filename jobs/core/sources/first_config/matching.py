"""Guesses by name and type which column of a table is meant by which of ours."""

import re
import unicodedata
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache

from jobs.core.config.documents import read_yaml
from jobs.core.runtime.resources import resource

# How much a name says.
SAME, SYNONYM, ENDING = 3, 2, 1
_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"})
_SHORTEST_ENDING = 5  # letters of a word that another may end with in one: Kundenumsatz
# Words behind a name that say nothing about what it is.
_BEHIND = {
    "eur",
    "euro",
    "usd",
    "gbp",
    "chf",
    "net",
    "netto",
    "total",
    "sum",
    "summe",
    "amount",
    "in",
    "value",
}
_BEHIND |= {"lc", "fk", "pk", "sk", "src", "raw"}


@dataclass(frozen=True)
class Match:
    """What is guessed for one of our columns.

    Attributes:
        chosen: the column, if exactly one is likeliest.
        level: how much its name says.
        others: those that are as likely, or, beside a chosen one, less.
        unfit: those with the right name and a type that doesn't fit.
    """

    chosen: str | None = None
    level: int = 0
    others: tuple[str, ...] = ()
    unfit: tuple[str, ...] = ()


def words(name: str) -> list[str]:
    """A name's words in small letters, without accents: `InvoiceDate`, `invoice-date` are the same."""
    plain = unicodedata.normalize("NFC", re.sub(r"(?<=[a-zäöü0-9])(?=[A-ZÄÖÜ])", " ", name)).lower()
    plain = "".join(
        each
        for each in unicodedata.normalize("NFKD", plain.translate(_UMLAUTS))
        if not unicodedata.combining(each)
    )
    return re.findall(r"[^\W_]+", plain)


@cache
def _synonyms() -> dict[str, dict[str, list[str]]]:
    return {
        source: {column: list(names) for column, names in columns.items()}
        for source, columns in read_yaml(resource("conf", "synonyms.yaml"), "conf/synonyms.yaml").items()
    }


def _said(name: str, target: str, synonyms: Sequence[str]) -> tuple[int, int]:
    """How much a name says of a target: the level, and of what length the words are that say it."""
    given = words(name)
    compact = "".join(given)
    if given == words(target) or compact == "".join(words(target)):
        return SAME, len(compact)
    known = {"".join(words(each)) for each in synonyms}
    if compact in known:
        return SYNONYM, len(compact)
    endings = {"".join(words(each)) for each in [target, *synonyms] if not each.startswith("=")}
    found = [0]
    while given:
        found += [
            len(ending)
            for ending in endings
            if any("".join(given[start:]) == ending for start in range(len(given)))
            or (len(ending) >= _SHORTEST_ENDING and given[-1].endswith(ending))
        ]
        given = given[:-1] if given[-1] in _BEHIND else []
    return (ENDING, max(found)) if max(found) else (0, 0)


def matched(source: str, columns: Sequence[str], fits: Callable[[str, str], bool]) -> dict[str, Match]:
    """What is guessed for each of our columns of a source.

    Args:
        source: whose columns.
        columns: of the table.
        fits: whether a column of the table has, or can be given, the type of one of ours.
    """
    said = {
        (column, target): _said(column, target, names)
        for target, names in _synonyms()[source].items()
        for column in columns
    }
    fitting = {pair: found for pair, found in said.items() if found[0] and fits(*pair)}
    matches: dict[str, Match] = {}
    taken: set[str] = set()
    for level in (SAME, SYNONYM, ENDING):
        for target, candidates in _likeliest(fitting, level, taken, matches).items():
            chosen = candidates[0] if len(candidates) == 1 else None
            matches[target] = Match(chosen, level, () if chosen else tuple(candidates))
            taken.update(candidates)
    complete = {}
    for target in _synonyms()[source]:
        found = matches.get(target, Match())
        left = [column for column in columns if column not in taken and said[column, target][0]]
        less = tuple(column for column in left if (column, target) in fitting)
        unfit = tuple(column for column in left if (column, target) not in fitting)
        complete[target] = replace(found, others=found.others or less, unfit=unfit)
    return complete


def _likeliest(
    fitting: Mapping[tuple[str, str], tuple[int, int]],
    level: int,
    taken: Collection[str],
    matches: Collection[str],
) -> dict[str, list[str]]:
    """The columns not yet taken that speak for each of our columns not yet matched, at one level.

    A column speaks for the one of which the most of its name says.
    """
    lengths: dict[str, dict[str, int]] = {}
    for (column, target), (found, length) in fitting.items():
        if found == level and column not in taken and target not in matches:
            lengths.setdefault(column, {})[target] = length
    likeliest: dict[str, list[str]] = {}
    for column, by_target in lengths.items():
        likeliest.setdefault(max(by_target, key=lambda target: by_target[target]), []).append(column)
    return likeliest
