"""Reads the sources as a run does and tells what they hold and what a run would say; publishes nothing."""

import sys
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

from pyspark.sql import DataFrame

from jobs.core.commands.arguments import Parser
from jobs.core.commands.configuration import read_configuration_and_date
from jobs.core.commands.kit import Command, leave, run_command
from jobs.core.commands.model_fit import check_models_fit_sources
from jobs.core.config.rules import QualityRules
from jobs.core.config.settings import Settings
from jobs.core.publish.date_run import DateRun
from jobs.core.publish.layouts import refuse_old_names
from jobs.core.publish.rehearsal import Rehearsal
from jobs.core.publish.shared_features import SharedFeatures
from jobs.core.publish.snapshot import begun
from jobs.core.report.answers import Answers
from jobs.core.report.source_report import SourceReport
from jobs.core.runtime.errors import BadDataError
from jobs.core.runtime.progress import say, timed
from jobs.core.runtime.visible import visible
from jobs.core.sources.opening import open_sources
from jobs.core.sources.source_versions import SourceVersions

_NO_DATE = date(2000, 1, 1)
_JOINS = {"dim_accounts": "account_id", "dim_customers": "customer_key"}


def main() -> None:
    """The command; it returns when all is told and else exits with a status that says why not."""
    leave(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Runs the command with arguments as on the command line; its exit status."""
    return run_command(_parser(), arguments, _check_source)


def _parser() -> Parser:
    parser = Parser("check-source", __doc__)
    parser.add_argument(
        "--as-of", metavar="YYYY-MM-DD", help="date of the snapshot (default: the latest event's)"
    )
    parser.add_json()
    return parser


def _check_source(command: Command) -> None:
    settings, models, as_of = read_configuration_and_date(command.arguments, "--as-of")
    with (
        command.session(settings.time_zone) as spark,
        Answers(as_json=command.arguments.json) as answers,
    ):
        source_versions = SourceVersions()
        sources = open_sources(spark, settings, source_versions)
        check_models_fit_sources(spark, settings, models, sources, as_of or _NO_DATE)
        report = SourceReport(answers, settings, QualityRules.of(settings))
        latest = _show_sources(report, sources)
        _show_todos(answers, command.arguments.config, settings)
        output = Rehearsal(spark, settings, models, report.set_aside)
        _rehearse(output, sources, source_versions, as_of or _as_of(latest))


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


def _show_todos(answers: Answers, config: Path, settings: Settings) -> None:
    """Shows the lines of the configuration and its queries that ask for something to be done."""
    queries = [source.query for source in settings.sources.configured().values() if source.query]
    files = [config, *map(Path, dict.fromkeys(queries))]
    todos: list[dict[str, Any]] = [
        {"file": file.name, "line": number, "text": line.strip()}
        for file in files
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1)
        if "TODO:" in line
    ]
    if answers.as_json:
        answers.rows("", todos, about="to_do")
    elif todos:
        told = [f"  {visible(todo['file'])}, line {todo['line']}: {visible(todo['text'])}" for todo in todos]
        answers.text("\n".join(["\nLeft to do in the configuration:", *told]))


def _rehearse(
    output: Rehearsal, sources: dict[str, DataFrame], source_versions: SourceVersions, as_of: date
) -> None:
    """Does what a run does up to the scores.

    Raises:
        BadDataError: a run would refuse to publish.
        ConfigurationError: it would refuse the place.
    """
    refuse_old_names(output)
    for model in output.models:
        output.log.prepare(model)  # refuses the place of another model
    snapshot = begun(as_of, source_versions)
    with DateRun(output, snapshot) as run:
        run.features(SharedFeatures(output, sources, [snapshot]))
        for model in output.models:
            if not run.to_be_scored(model):
                raise BadDataError(
                    f"{as_of}: no customer can be scored ({run.written.rows:,} seen, all excluded). "
                    "Check as_of and the sources, or publish an empty snapshot with --allow-empty"
                )
    say(f"A run for {as_of} would publish {', '.join(model.name for model in output.models)}")


if __name__ == "__main__":
    main()
