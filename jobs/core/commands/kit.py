"""What every command does around its work: the log, plain words for errors, the exit status."""

import argparse
import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

from pyspark.errors import ArithmeticException, DateTimeException, NumberFormatException

from jobs.core.delta.commits import is_conflict
from jobs.core.runtime.errors import BadDataError, ConfigurationError, RunAgainError
from jobs.core.runtime.logs import default_log_file, make_log_file
from jobs.core.runtime.progress import say
from jobs.core.runtime.redaction import RedactingFormatter, redacted
from jobs.core.runtime.visible import visible
from jobs.core.sources.read_errors import explained

DONE, FAILED, BAD_CONFIGURATION, BAD_DATA = 0, 1, 2, 3
EXIT_STATUS_HELP = (
    "exit status: 0 done; 2 bad configuration or arguments; 3 bad data, which a check refused to publish; "
    "1 anything else (a conflict with another run says: run again)"
)

_SOURCES_HINT = (
    "python -m jobs.check_source tries the sources and publishes nothing; python -m jobs.init_config "
    "writes a configuration for tables of one's own"
)


def command_parser(name: str, description: str | None) -> argparse.ArgumentParser:
    """A parser with the options of every command: --config, --set and --log-file."""
    parser = argparse.ArgumentParser(prog=name, description=description, epilog=EXIT_STATUS_HELP)
    parser.add_argument("--config", type=Path, required=True, metavar="FILE", help="run configuration (YAML)")
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="KEY.PATH=VALUE",
        dest="assignments",
        help="a setting that wins over the file, e.g. output.path=/data/tiers",
    )
    parser.add_argument(
        "--log-file",
        type=lambda text: Path(text) if text else default_log_file(),
        default="",
        metavar="FILE",
        help="log (default: a new one in a folder of the user for logs; it is named if something goes wrong)",
    )
    return parser


def date_option(option: str, text: str) -> date:
    """The date that an option was given.

    Raises:
        ConfigurationError: it is none.
    """
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ConfigurationError(f"{option}: must be a date like 2024-12-31, got {text!r}") from None


def leave(status: int) -> None:
    """Ends the process with a status; returns if all is done."""
    # Some schedulers take any SystemExit, even of status 0, for a failure.
    if status != DONE:
        sys.exit(status)


class Outcomes:
    """What a command's parts came to, of which its exit status is made."""

    def __init__(self) -> None:
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
            say(redacted(self.note(error)))

    def note(self, error: BaseException) -> str:
        """Notes and logs what went wrong; the words for it."""
        logging.getLogger("customer_tiers").error("failed", exc_info=error)
        status, words = _explained(error)
        self._statuses.add(status)
        return words

    @property
    def status(self) -> int:
        """The first of 2, 3 and 1 that occurred, else 0: a scheduler tries 1 alone again."""
        worst_first = (BAD_CONFIGURATION, BAD_DATA, FAILED)
        return next((status for status in worst_first if status in self._statuses), DONE)


def run_command(body: Callable[[Outcomes], None], log_file: Path) -> int:
    """Runs a command's work and returns its exit status.

    What goes wrong is said in plain words on stderr; the trace goes to the log.
    """
    try:
        make_log_file(log_file)
        handler = logging.FileHandler(log_file, encoding="utf-8")
    except OSError as error:
        say(f"--log-file: must be a file that can be written, got {log_file}: {error.strerror}")
        return BAD_CONFIGURATION
    handler.setFormatter(RedactingFormatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(handlers=[handler], force=True)
    # PySpark tells each error with its trace on stderr, besides raising it.
    for name in ("SQLQueryContextLogger", "DataFrameQueryContextLogger"):
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    outcomes = Outcomes()
    try:
        body(outcomes)
    except (Exception, KeyboardInterrupt) as error:  # the last resort: no trace may reach the user
        say(redacted(outcomes.note(error)))
    if outcomes.status != DONE:
        say(f"The log is {log_file}")
    return outcomes.status


_TOLD: tuple[tuple[type[BaseException], int, str], ...] = (
    (BadDataError, BAD_DATA, "Bad data: {}"),
    (RunAgainError, FAILED, "{}"),
    (KeyboardInterrupt, FAILED, "Interrupted; what was published before is as it was. Run again to publish."),
)


def _explained(error: BaseException) -> tuple[int, str]:
    """The exit status and what to tell the user."""
    if isinstance(error, ConfigurationError):
        # A problem is one line, whatever names of files and columns it quotes.
        hint = [_SOURCES_HINT] if any(problem.startswith("sources.") for problem in error.problems) else []
        return BAD_CONFIGURATION, "\n".join(["Bad configuration:", *map(visible, error.problems), *hint])
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
