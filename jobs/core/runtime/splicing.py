"""Parts of a text put in the place of others, at positions that are known."""

from collections.abc import Iterable


def spliced(text: str, changes: Iterable[tuple[int, str, str]]) -> str:
    """The text with parts of it changed.

    Args:
        text: any.
        changes: where a part begins, the part, and what comes instead; no two of them overlap.
    """
    parts, end = [], 0
    for start, there, instead in sorted(changes):
        parts += [text[end:start], instead]
        end = start + len(there)
    return "".join([*parts, text[end:]])
