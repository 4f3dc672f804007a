"""Exit statuses, and what a user is told."""

import contextlib
import io
import logging
import re
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Never
from unittest.mock import Mock

import pytest
from pyspark.errors import AnalysisException, ArithmeticException
from pyspark.logger import PySparkLogger
from pyspark.sql import SparkSession
from pyspark.sql import functions as F  # noqa: N812

from jobs.core.commands.arguments import Parser
from jobs.core.commands.kit import Command, run_command
from jobs.core.runtime.errors import BadDataError, BadSourceError, ConfigurationError
from jobs.core.runtime.visible import visible

pytestmark = pytest.mark.usefixtures("log_handlers")

VANISHED = "[FAILED_READ_FILE.FILE_NOT_EXIST] Encountered error while reading file x. Y"
PARSER = Parser("try", "Tries.", configured=False)


class Heard(logging.Handler):
    """Keeps what a logger says."""

    def __init__(self) -> None:
        super().__init__()
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.said.append(record.getMessage())


@pytest.fixture
def heard() -> Iterator[Heard]:
    """What PySpark says, whose loggers write traces to stderr."""
    handler = Heard()
    loggers = [PySparkLogger.getLogger(f"{kind}QueryContextLogger") for kind in ("SQL", "DataFrame")]
    before = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.WARNING)
        logger.addHandler(handler)
    yield handler
    for logger, level in zip(loggers, before, strict=True):
        logger.removeHandler(handler)
        logger.setLevel(level)


def raising(error: BaseException, *notes: str) -> Callable[[], Never]:
    for note in notes:
        error.add_note(note)

    def body() -> Never:
        raise error

    return body


@pytest.fixture
def told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> Callable[[Callable[[], object]], tuple[int, list[str]]]:
    """Runs a body: the exit status, and what stderr says with the log called LOG."""

    def run(body: Callable[[], object]) -> tuple[int, list[str]]:
        def command(_: Command) -> None:
            body()

        log = tmp_path / "job.log"
        status = run_command(PARSER, ["--log-file", str(log)], command)
        printed = capsys.readouterr()
        assert printed.out == ""
        return status, printed.err.replace(str(log), "LOG").splitlines()

    return run


Told = Callable[[Callable[[], object]], tuple[int, list[str]]]


def test_nothing_is_said_when_all_is_done(told: Told) -> None:
    assert told(lambda: None) == (0, [])


def test_configuration_error_is_2_with_every_problem_on_a_line(told: Told) -> None:
    assert told(
        raising(ConfigurationError("a.yaml: x: must be given", "a.yaml: y: must be text, got 1"))
    ) == (
        2,
        [
            "Bad configuration:",
            "a.yaml: x: must be given",
            "a.yaml: y: must be text, got 1",
        ],
    )


@pytest.mark.usefixtures("spark")
def test_the_log_is_named_once_a_session_was_there(tmp_path: Path) -> None:
    log = tmp_path / "job.log"

    def body(command: Command) -> None:
        with command.session() as session:
            assert session.range(1).count() == 1
            raise ConfigurationError("x: must be y")

    with contextlib.redirect_stderr(io.StringIO()) as said:
        assert run_command(PARSER, ["--log-file", str(log)], body) == 2
    assert said.getvalue().splitlines()[1:] == ["Bad configuration:", "x: must be y", f"The log is {log}"]


def test_a_name_with_a_line_break_makes_no_line_of_its_own(told: Told) -> None:
    problem = "sources.x: column y must exist, got columns a\nFailed\x1b[2J"
    _, said = told(raising(ConfigurationError(problem)))
    assert said[1] == "sources.x: column y must exist, got columns a\\nFailed\\x1b[2J"
    assert said[2].startswith("customer-tiers check-source tries the sources and publishes nothing")
    assert len(said) == 3


def test_bad_data_is_3(told: Told) -> None:
    assert told(raising(BadDataError("2 of 3 rows can't be used"))) == (
        3,
        ["Bad data: 2 of 3 rows can't be used", "The log is LOG"],
    )


@pytest.mark.parametrize(
    ("name", "error", "pointed"),
    [
        ("publish", BadSourceError("sources.fct_revenues: the file x is damaged"), True),
        ("publish", AnalysisException(VANISHED), True),
        ("publish", ArithmeticException("[OVERFLOW] Sum too large."), True),
        ("check-source", BadSourceError("sources.fct_revenues: the file x is damaged"), False),
        ("reproduce", BadDataError("run x is not reproduced"), False),
        ("publish", RuntimeError("stop"), False),
        ("publish", ConfigurationError("x: must be y"), False),
    ],
)
def test_bad_data_of_sources_point_once_to_what_shows_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, error: Exception, pointed: bool
) -> None:
    def two_dates(command: Command) -> None:
        with command.part(spark=Mock()):
            raise error
        raise error

    log = str(tmp_path / "job.log")
    run_command(Parser(name, "Tries."), ["--config", "my.yaml", "--log-file", log], two_dates)

    pointer = (
        "customer-tiers check-source --config my.yaml shows what the sources hold, what is set aside and why"
    )
    told = [line for line in capsys.readouterr().err.splitlines() if "check-source" in line]
    assert told == ([pointer] if pointed else [])


def test_value_that_cannot_be_computed_is_bad_data_with_its_step(told: Told) -> None:
    error = ArithmeticException("[OVERFLOW] Sum too large.\n== SQL ==\nSELECT ...")
    assert told(raising(error, "in sql/activity/customer_units.sql")) == (
        3,
        [
            "Bad data: a value could not be computed (in sql/activity/customer_units.sql): "
            "[OVERFLOW] Sum too large.",
            "In a mapping query use try_cast where a value may be unreadable; sums must fit DECIMAL(18,2).",
            "The log is LOG",
        ],
    )


def test_any_other_error_is_1_with_its_step_and_first_line(told: Told) -> None:
    error = AnalysisException("\n[NO_SUCH_COLUMN] No column x.\n'Project [x]")
    assert told(raising(error, "in sql/tiers/scored_customers.sql")) == (
        1,
        [
            "Failed (in sql/tiers/scored_customers.sql): AnalysisException: [NO_SUCH_COLUMN] No column x.",
            "The log is LOG",
        ],
    )


def test_interruption_is_1_and_says_what_is_published(told: Told) -> None:
    assert told(raising(KeyboardInterrupt())) == (
        1,
        [
            "Interrupted; what was published before is as it was. Run again to publish.",
            "The log is LOG",
        ],
    )


def test_conflict_with_another_run_says_to_run_again(told: Told) -> None:
    status, said = told(
        raising(RuntimeError("io.delta.exceptions.ConcurrentAppendException: files were added"))
    )
    assert status == 1
    assert said[0].startswith("Another run wrote to the same table at the same time: run again.")


def test_conflict_is_known_by_its_error_class_too(told: Told) -> None:
    text = (
        "[DELTA_CONCURRENT_APPEND.WITHOUT_HINT] Transaction conflict detected. a concurrent WRITE added data"
    )
    _, said = told(raising(AnalysisException(text)))
    assert said[0].startswith("Another run wrote to the same table at the same time: run again.")


def test_trace_goes_to_the_log(told: Told, tmp_path: Path) -> None:
    told(raising(RuntimeError("stop")))
    log = (tmp_path / "job.log").read_text()
    assert "ERROR customer_tiers: failed" in log
    assert "Traceback (most recent call last)" in log
    assert "RuntimeError: stop" in log


def test_warnings_of_python_go_to_the_log(told: Told, tmp_path: Path) -> None:
    logging.captureWarnings(capture=False)  # so that what an earlier test left is none of this one's
    try:
        assert told(lambda: warnings.warn("deprecated setting", stacklevel=1)) == (0, [])
    finally:
        logging.captureWarnings(capture=False)
    assert "deprecated setting" in (tmp_path / "job.log").read_text()


def test_log_that_cannot_be_written_is_told_without_a_trace(tmp_path: Path) -> None:
    assert run_command(PARSER, ["--log-file", str(tmp_path / "none" / "job.log")], lambda _: None) != 0


@pytest.mark.parametrize(
    "query",
    [
        lambda spark: spark.sql("SELECT no_such_column"),
        lambda spark: spark.range(1).select(F.col("id") / (F.col("id") - F.col("id"))).collect(),
    ],
    ids=["sql", "dataframe"],
)
def test_pyspark_prints_no_traces_of_its_own(
    spark: SparkSession, tmp_path: Path, heard: Heard, query: Callable[[SparkSession], object]
) -> None:
    def command(_: Command) -> None:
        query(spark)

    assert run_command(PARSER, ["--log-file", str(tmp_path / "job.log")], command) in {1, 3}
    assert heard.said == []


def test_what_spark_logs_makes_no_line_of_its_own_and_does_nothing(spark: SparkSession) -> None:
    jvm = spark._jvm
    assert jvm is not None
    spark_log = jvm.org.apache.logging.log4j.LogManager.getLogger("customer_tiers.test")
    spark_log.error("of data\n2024-12-31 ERROR forged \x1b[2J")
    spark_log.error("with a trace", jvm.java.lang.RuntimeException("\x1b[2J"))
    log = Path(jvm.System.getProperty("customer_tiers.log")).read_text()
    assert "ERROR customer_tiers.test: of data\\n2024-12-31 ERROR forged ?[2J\n" in log
    assert "ERROR customer_tiers.test: with a trace\njava.lang.RuntimeException: ?[2J\n" in log
    assert "\x1b" not in log


def test_what_is_not_seen_or_turns_a_text_round_is_not_in_what_spark_logs(spark: SparkSession) -> None:
    jvm = spark._jvm
    assert jvm is not None
    # The plane of all living scripts, and tags; lone surrogates can't be handed over.
    every = map(chr, [*range(0xD800), *range(0xE000, 0x10000), *range(0xE0000, 0xE0080)])
    unseen = "".join(each for each in every if visible(each) != each)
    read = "Müller Zoe\u0308 株式会社 יעקב محمد 100\u00a0000\u202f€ 🎉 ☎\ufe0f"
    spark_log = jvm.org.apache.logging.log4j.LogManager.getLogger("customer_tiers.test")
    spark_log.error(f"begins {unseen} {read}")
    spark_log.error("with another trace", jvm.java.lang.RuntimeException(f"begins {unseen} {read}"))
    log = Path(jvm.System.getProperty("customer_tiers.log")).read_text(encoding="utf-8")
    logged = re.findall(f"begins (.*?) {read}", log, re.DOTALL)
    assert len(logged) == 2
    for text in logged:
        assert set(text) <= {"?", "\\", "n", "\n", "\t"}
        assert len(text) >= len(unseen)
