"""What every command does around its work: the log, plain words for errors, the exit status."""

import argparse
import logging
import os
import sys
import tempfile
from collections.abc import Callable
from datetime import date
from pathlib import Path

from pyspark.errors import ArithmeticException, DateTimeException, NumberFormatException

from jobs.core.errors import BadDataError, ConfigurationError
from jobs.core.read_errors import explained
from jobs.core.redaction import RedactingFormatter, redacted
from jobs.core.steps import say
from jobs.core.tables import is_conflict

DONE, FAILED, BAD_CONFIGURATION, BAD_DATA = 0, 1, 2, 3
_EXIT_STATUS_HELP = (
    "exit status: 0 done; 2 bad configuration or arguments; 3 bad data, which a check refused to publish; "
    "1 anything else (a conflict with another run says: run again)"
)


def command_parser(name: str, description: str | None) -> argparse.ArgumentParser:
    """A parser with the options of every command: --config, --set and --log-file."""
    parser = argparse.ArgumentParser(prog=name, description=description, epilog=_EXIT_STATUS_HELP)
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
        "--log-file", type=Path, default=default_log_file(), metavar="FILE", help="log (default: %(default)s)"
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


def default_log_file() -> Path:
    """Where the log goes unless it is told otherwise: a file of this process."""
    return Path(tempfile.gettempdir()) / f"customer_tiers_{os.getpid()}.log"


def leave(status: int) -> None:
    """Ends the process with a status; returns if all is done."""
    # Some schedulers take any SystemExit, even of status 0, for a failure.
    if status != DONE:
        sys.exit(status)


def run_command(body: Callable[[], None], log_file: Path) -> int:
    """Runs a command's work and returns its exit status.

    What goes wrong is said in plain words on stderr; the trace goes to the log.
    """
    try:
        handler = logging.FileHandler(log_file, encoding="utf-8")
    except OSError as error:
        say(f"--log-file: must be a file that can be written, got {log_file}: {error.strerror}")
        return BAD_CONFIGURATION
    handler.setFormatter(RedactingFormatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(handlers=[handler], force=True)
    # PySpark tells each error with its trace on stderr, besides raising it.
    for name in ("SQLQueryContextLogger", "DataFrameQueryContextLogger"):
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    try:
        body()
    except (Exception, KeyboardInterrupt) as error:  # the last resort: no trace may reach the user
        logging.getLogger("customer_tiers").exception("failed")
        status, words = _explained(error)
        say(redacted(f"{words}\nThe log is {log_file}"))
        return status
    return DONE


def _explained(error: BaseException) -> tuple[int, str]:
    """The exit status and what to tell the user."""
    if isinstance(error, ConfigurationError):
        return BAD_CONFIGURATION, f"Bad configuration:\n{error}"
    unread = error if isinstance(error, BadDataError) else explained(error)
    if unread is not None:
        return BAD_DATA, f"Bad data: {unread}"
    if isinstance(error, KeyboardInterrupt):
        return FAILED, "Interrupted; what was published before is as it was. Run again to publish."
    where = "".join(f" ({note})" for note in getattr(error, "__notes__", ()))
    what = next((line.strip() for line in str(error).splitlines() if line.strip()), "")
    if isinstance(error, ArithmeticException | DateTimeException | NumberFormatException):
        return BAD_DATA, (
            f"Bad data: a value could not be computed{where}: {what}\n"
            "In a mapping query use try_cast where a value may be unreadable; sums must fit DECIMAL(18,2)."
        )
    if is_conflict(error):
        return FAILED, f"Another run wrote to the same table at the same time: run again. ({what})"
    return FAILED, f"Failed{where}: {type(error).__name__}: {what}"
