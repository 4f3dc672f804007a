"""What a person sees while a command works."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from jobs.core.runtime.redaction import redacted
from jobs.core.runtime.visible import visible_lines


def say(text: str) -> None:
    """Tells the person who waits; the answers alone go to standard output.

    What looks like a secret is hidden, and nothing in it can act on a terminal. Its line breaks stay: data
    that may hold some is made `visible` where it is put into a text.
    """
    print(visible_lines(redacted(text)), file=sys.stderr, flush=True)


@contextmanager
def timed(name: str) -> Iterator[list[int]]:
    """Times a step and tells its name, the rows put into the yielded list, and the seconds."""
    started = time.perf_counter()
    rows: list[int] = []
    yield rows
    counted = f"{sum(rows):>14,} rows" if rows else " " * 19
    say(f"  {name:<24}{counted}{time.perf_counter() - started:>9.1f} s")
