"""What a command's parts come to: the exit status, and plain words for what went wrong."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from pyspark.errors import ArithmeticException, DateTimeException, NumberFormatException

from jobs.core.delta.commits import is_conflict
from jobs.core.runtime.errors import BadDataError, BadSourceError, ConfigurationError, RunAgainError
from jobs.core.runtime.progress import say
from jobs.core.runtime.visible import visible
from jobs.core.sources.read_errors import explained

DONE, FAILED, BAD_CONFIGURATION, BAD_DATA = 0, 1, 2, 3

_SOURCES_HINT = (
    "customer-tiers check-source tries the sources and publishes nothing; customer-tiers init "
    "writes a configuration for tables of one's own"
)


class Outcomes:
    """What a command's parts came to, of which its exit status is made.

    Attributes:
        blame_sources: whether what the sources hold was among what went wrong.
    """

    def __init__(self) -> None:
        self.blame_sources = False
        self._statuses: set[int] = set()

    @contextmanager
    def of_part(self, session_lives: Callable[[], bool]) -> Iterator[None]:
        """A part of a command after whose failure the others go on; unless nothing can.

        Bad configuration, an interrupt and the loss of the session end the command.

        Args:
            session_lives: whether the session still answers.
        """
        try:
            yield
        except ConfigurationError:
            raise
        except Exception as error:
            if not isinstance(error, BadDataError) and not session_lives():
                raise
            say(self.note(error))

    def note(self, error: BaseException) -> str:
        """Notes and logs what went wrong; the words for it."""
        logging.getLogger("customer_tiers").error("failed", exc_info=error)
        status, words = _explained(error)
        self._statuses.add(status)
        # What is no error of ours is a file that can't be read, or a value that can't be computed.
        told_of_others = isinstance(error, BadDataError) and not isinstance(error, BadSourceError)
        self.blame_sources |= status == BAD_DATA and not told_of_others
        return words

    @property
    def status(self) -> int:
        """The first of 2, 3 and 1 that occurred, else 0: a scheduler tries 1 alone again."""
        worst_first = (BAD_CONFIGURATION, BAD_DATA, FAILED)
        return next((status for status in worst_first if status in self._statuses), DONE)


def problems_told(heading: str, error: ConfigurationError) -> str:
    """All problems below a heading, each in one line, whatever names of files and columns it quotes."""
    hint = [_SOURCES_HINT] if any(problem.startswith("sources.") for problem in error.problems) else []
    return "\n".join([heading, *map(visible, error.problems), *hint])


_TOLD: tuple[tuple[type[BaseException], int, str], ...] = (
    (BadDataError, BAD_DATA, "Bad data: {}"),
    (RunAgainError, FAILED, "{}"),
    (KeyboardInterrupt, FAILED, "Interrupted; what was published before is as it was. Run again to publish."),
)


def _explained(error: BaseException) -> tuple[int, str]:
    """The exit status and what to tell the user."""
    if isinstance(error, ConfigurationError):
        return BAD_CONFIGURATION, problems_told("Bad configuration:", error)
    for kind, status, words in _TOLD:
        if isinstance(error, kind):
            return status, words.format(error)
    unread = explained(error)
    if unread is not None:
        return BAD_DATA, f"Bad data: {unread}"
    where = "".join(f" ({note})" for note in getattr(error, "__notes__", ()))
    what = next((line.strip() for line in str(error).splitlines() if line.strip()), "")
    if isinstance(error, ArithmeticException | DateTimeException | NumberFormatException):
        return BAD_DATA, (
            f"Bad data: a value could not be computed{where}: {what}\n"
            "In a mapping query use try_cast where a value may be unreadable; sums must fit DECIMAL(18,2)."
        )
    if is_conflict(error):
        return FAILED, "Another run wrote to the same table at the same time: run again."
    return FAILED, f"Failed{where}: {type(error).__name__}: {what}"
