"""Reads the sources as a run does and tells what they hold and what a run would say; publishes nothing."""

import argparse
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from datetime import date
from pathlib import Path

from pyspark.sql import DataFrame, SparkSession
from rich.console import Console

from jobs.core.commands.kit import command_parser, date_option, leave, run_command
from jobs.core.config.model import ScoringModel
from jobs.core.config.rules import Rules
from jobs.core.config.settings import Settings
from jobs.core.publish.date_run import DateRun
from jobs.core.publish.rehearsal import Rehearsal
from jobs.core.report.source_report import SourceReport
from jobs.core.runtime.errors import BadDataError, Problems
from jobs.core.runtime.functions import functions
from jobs.core.runtime.progress import say, timed
from jobs.core.runtime.session import borrowed_session
from jobs.core.runtime.visible import visible
from jobs.core.sources.opening import key_is_name, open_sources
from jobs.core.sources.source_versions import Pins
from jobs.tier_customers import check_models, read_configuration

_WIDTH_OF_FILES = 170  # characters, when the output is no terminal
_NO_DATE = date(2000, 1, 1)
_JOINS = {"dim_accounts": "account_id", "dim_customers": "customer_key"}


def main() -> None:
    """The command; it returns when all is told and else exits with a status that says why not."""
    leave(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Runs the command with arguments as on the command line; its exit status."""
    given = _parser().parse_args(arguments)
    return run_command(lambda _: _check_source(given), given.log_file)


def _parser() -> argparse.ArgumentParser:
    parser = command_parser("check_source", __doc__)
    parser.add_argument(
        "--as-of", metavar="YYYY-MM-DD", help="date of the snapshot (default: the latest event's)"
    )
    return parser


def _check_source(given: argparse.Namespace) -> None:
    settings, models, as_of = _read_everything(given)
    with ExitStack() as stack:
        with timed("Spark session"):
            spark = stack.enter_context(
                borrowed_session("customer-tiers", given.log_file, settings.time_zone)
            )
            stack.enter_context(functions(spark))
        _look(spark, given.config, settings, models, as_of)


def _look(
    spark: SparkSession, config: Path, settings: Settings, models: list[ScoringModel], as_of: date | None
) -> None:
    out = Console()
    if not out.is_terminal:
        out.width = _WIDTH_OF_FILES
    pins = Pins()
    sources = open_sources(spark, settings, pins)
    check_models(spark, settings, models, sources, as_of or _NO_DATE)
    report = SourceReport(out, settings, Rules.of(settings))
    latest = _show_sources(report, sources)
    _show_todos(config, settings)
    output = Rehearsal(spark, settings, models, report.set_aside)
    _rehearse(output, sources, pins, as_of or _as_of(latest))


def _read_everything(given: argparse.Namespace) -> tuple[Settings, list[ScoringModel], date | None]:
    """Settings, models and the date, with every problem in any of them told at once."""
    problems = Problems()
    as_of = None
    if given.as_of is not None:
        with problems.gathered():
            as_of = date_option("--as-of", given.as_of)
    with problems.gathered():
        settings, models = read_configuration(given)
    problems.refuse()
    return settings, models, as_of


def _as_of(latest: date | None) -> date:
    if latest is None:
        say(f"As of {_NO_DATE}, for no event has a date that can be read")
        return _NO_DATE
    say(f"As of {latest}, the latest event's date")
    return latest


def _show_sources(report: SourceReport, sources: dict[str, DataFrame]) -> date | None:
    """Shows all columns and joins; the latest event's date."""
    latest = None
    for name, incoming in sources.items():
        with timed(f"{name}, looked at"):
            latest = report.columns(name, incoming) or latest
    for name, key in _JOINS.items():
        if name in sources:
            with timed(f"{name}, joined"):
                report.join(sources["fct_revenues"], sources[name], key, name)
    return latest


def _show_todos(config: Path, settings: Settings) -> None:
    """Prints the lines of the configuration and its queries that ask for something to be done."""
    queries = [source.query for source in settings.sources.configured().values() if source.query]
    files = [config, *map(Path, dict.fromkeys(queries))]
    todos = [
        f"  {visible(file.name)}, line {number}: {visible(line.strip())}"
        for file in files
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1)
        if "TODO:" in line
    ]
    if todos:
        print("\nLeft to do in the configuration:", *todos, sep="\n")


def _rehearse(output: Rehearsal, sources: dict[str, DataFrame], pins: Pins, as_of: date) -> None:
    """Does what a run does up to the scores.

    Raises:
        BadDataError: a run would refuse to publish.
    """
    for model in output.models:
        output.log.prepare(model)  # refuses the place of another model
    named, window_months = key_is_name(output.settings), output.models[0].window_months
    with DateRun(output, as_of, pins) as run:
        run.features(sources, key_is_name=named, window_months=window_months)
        for model in output.models:
            if not run.to_be_scored(model):
                raise BadDataError(
                    f"{as_of}: no customer can be scored ({run.written.rows:,} seen, all excluded). "
                    "Check as_of and the sources, or publish an empty snapshot with --allow-empty"
                )
    say(f"A run for {as_of} would publish {', '.join(model.name for model in output.models)}")


if __name__ == "__main__":
    main()
