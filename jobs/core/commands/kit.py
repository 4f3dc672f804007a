"""What every command does around its work: arguments, the log, a session, the exit status."""

import argparse
import logging
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path

from pyspark.sql import SparkSession

from jobs.core.commands.arguments import PROGRAM, Parser
from jobs.core.commands.outcomes import BAD_CONFIGURATION, DONE, Outcomes, problems_told
from jobs.core.runtime.errors import ConfigurationError
from jobs.core.runtime.functions import functions
from jobs.core.runtime.logs import default_log_file, make_log_file
from jobs.core.runtime.progress import say, timed
from jobs.core.runtime.redaction import RedactingFormatter
from jobs.core.runtime.session import borrowed_session, session_lives
from jobs.core.runtime.visible import visible

_CHECKS_SOURCES = f"{PROGRAM} check-source"


class Command:
    """One call of a command.

    Attributes:
        arguments: as given.
    """

    def __init__(self, program: str, arguments: argparse.Namespace, log_file: Path) -> None:
        self._program = program
        self.arguments = arguments
        self._log_file = log_file
        self._has_session = False
        self._outcomes = Outcomes()

    @contextmanager
    def session(self, time_zone: str = "UTC") -> Iterator[SparkSession]:
        """A session with the project's SQL functions; afterwards it is as it was before.

        Raises:
            ConfigurationError: as borrowed_session.
        """
        with ExitStack() as stack:
            with timed("Spark session"):
                spark = stack.enter_context(borrowed_session(PROGRAM, self._log_file, time_zone))
                self._has_session = True
                stack.enter_context(functions(spark))
            yield spark

    def part(self, spark: SparkSession) -> AbstractContextManager[None]:
        """A part of the work after whose failure the others go on; unless nothing can."""
        return self._outcomes.of_part(lambda: session_lives(spark))

    def end(self, error: BaseException | None) -> int:
        """The exit status; says what went wrong, and where to look further unless nothing ran."""
        if error is not None:
            say(self._outcomes.note(error))
        config = getattr(self.arguments, "config", None)
        if self._outcomes.blame_sources and config and self._program != _CHECKS_SOURCES:
            shown = visible(str(config))
            say(f"{_CHECKS_SOURCES} --config {shown} shows what the sources hold, what is set aside and why")
        status = self._outcomes.status
        if status != DONE and (self._has_session or status != BAD_CONFIGURATION):
            say(f"The log is {self._log_file}")
        return status


def run_command(parser: Parser, arguments: Sequence[str], body: Callable[[Command], None]) -> int:
    """Runs a command with arguments as on the command line, and returns its exit status.

    What goes wrong is said in plain words on stderr; the trace goes to the log.
    """
    try:
        given = parser.parsed(arguments)
    except ConfigurationError as error:
        return refused_arguments(error, f"{parser.prog} --help")
    log_file = given.log_file or default_log_file()
    try:
        make_log_file(log_file)
        handler = logging.FileHandler(log_file, encoding="utf-8")
    except OSError as error:
        say(f"--log-file: must be a file that can be written, got {log_file}: {error.strerror}")
        return BAD_CONFIGURATION
    handler.setFormatter(RedactingFormatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(handlers=[handler], force=True)
    logging.captureWarnings(capture=True)  # of settings, say, which Spark Connect warns of in Python
    # PySpark tells each error with its trace on stderr, besides raising it.
    for name in ("SQLQueryContextLogger", "DataFrameQueryContextLogger"):
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    command = Command(parser.prog, given, log_file)
    try:
        body(command)
    except (Exception, KeyboardInterrupt) as error:  # the last resort: no trace may reach the user
        return command.end(error)
    return command.end(None)


def refused_arguments(error: ConfigurationError, further: str) -> int:
    """Says what is wrong with arguments, and which command shows right ones; the exit status."""
    say(f"{problems_told('Bad arguments:', error)}\nSee {further}")
    return BAD_CONFIGURATION


def leave(status: int) -> None:
    """Ends the process with a status; returns if all is done."""
    # Some schedulers take any SystemExit, even of status 0, for a failure.
    if status != DONE:
        sys.exit(status)
