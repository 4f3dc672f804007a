"""What was probably meant by a name that there isn't."""

from collections.abc import Iterable
from difflib import get_close_matches

from jobs.core.runtime.redaction import redacted


def one_of(known: Iterable[str], given: object) -> str:
    """Says what a name must be, what it is, and the nearest right one if there is one.

    Args:
        known: the right names, in the order in which they are told.
        given: what was given instead, of whatever type.
    """
    names = list(known)
    return f"must be one of {', '.join(names)}, got {redacted(repr(given)):.80}{did_you_mean(given, names)}"


def did_you_mean(given: object, known: Iterable[str]) -> str:
    """The nearest right name, as the end of a sentence; empty if none is near."""
    by_lower_case = {name.lower(): name for name in known}
    found = get_close_matches(str(given)[:100].lower(), by_lower_case, n=1)
    return f"; did you mean {by_lower_case[found[0]]!r}?" if found else ""
