"""What Unicode says of letters, for comparisons that Spark has no function for."""

import sys
import unicodedata
from functools import cache


@cache
def accents() -> tuple[str, str]:
    """Letters that differ from another in an accent, case or shape alone; the others, in the same order."""
    letters = map(chr, range(128, sys.maxunicode + 1))
    plain = {
        letter: _plain(letter)
        for letter in letters
        if unicodedata.decomposition(letter) or letter.casefold() != letter
    }
    pairs = [(letter, other) for letter, other in plain.items() if len(other) == 1 and other != letter]
    return "".join(letter for letter, _ in pairs), "".join(other for _, other in pairs)


def _plain(letter: str) -> str:
    decomposed = unicodedata.normalize("NFKD", letter)
    return "".join(each for each in decomposed if unicodedata.category(each)[0] != "M").casefold()
