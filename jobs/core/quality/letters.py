"""What Unicode says of letters, for comparisons that Spark has no function for."""

import sys
import unicodedata
from functools import cache


@cache
def accents() -> tuple[str, str]:
    """The letters that are another with an accent, and the others, in the same order."""
    accented = [
        letter
        for letter in map(chr, range(128, sys.maxunicode + 1))
        if unicodedata.decomposition(letter) and not unicodedata.decomposition(letter).startswith("<")
    ]
    return "".join(accented), "".join(unicodedata.normalize("NFD", letter)[0] for letter in accented)
