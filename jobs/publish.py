"""Publishes customer tiers, and what changed, for one or more dates."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from typing import NamedTuple

from pyspark.sql import SparkSession

from jobs.core.commands.arguments import Parser
from jobs.core.commands.configuration import read_configuration
from jobs.core.commands.dates import add_dates, dates_of
from jobs.core.commands.kit import Command, leave, run_command
from jobs.core.commands.model_fit import check_models_fit_sources
from jobs.core.config.model import ScoringModel
from jobs.core.config.settings import Settings
from jobs.core.publish import decisions
from jobs.core.publish.date_run import DateRun
from jobs.core.publish.layouts import refuse_old_names
from jobs.core.publish.output import Output
from jobs.core.publish.publisher import Publisher
from jobs.core.publish.recorded import RecordedSnapshot
from jobs.core.publish.shared_features import SharedFeatures
from jobs.core.publish.snapshot import begun
from jobs.core.report import summary
from jobs.core.report.answers import Answers
from jobs.core.runtime.errors import Problems
from jobs.core.runtime.progress import say
from jobs.core.sources.opening import open_sources
from jobs.core.sources.source_versions import SourceVersions


def main() -> None:
    """The command; it returns when all is published and else exits with a status that says why not."""
    leave(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Runs the command with arguments as on the command line; its exit status."""
    return run_command(_parser(), arguments, _publish)


def _parser() -> Parser:
    parser = Parser("publish", __doc__)
    add_dates(parser)
    parser.add_argument(
        "--allow-empty", action="store_true", help="publish even if no customer can be scored"
    )
    parser.add_argument("--no-summary", action="store_true", help="print no summary at the end")
    parser.add_json("the tables of the summary")
    return parser


class _Asked(NamedTuple):
    """What the command is asked for."""

    settings: Settings
    models: list[ScoringModel]
    dates: list[date]


def _publish(command: Command) -> None:
    asked = _read_everything(command)
    say(f"Customer tiers, {', '.join(model.name for model in asked.models)}")
    with command.session(asked.settings.time_zone) as spark:
        output = Output(spark, asked.settings, asked.models)
        publishers = _publish_dates(command, asked, spark, output)
        if not command.arguments.no_summary:
            _show_summary(command, publishers)


def _read_everything(command: Command) -> _Asked:
    """Settings, models and dates, with every problem in any of them told at once."""
    problems = Problems()
    with problems.gathered():
        dates = dates_of(command.arguments)
    with problems.gathered():
        settings, models = read_configuration(command.arguments)
    problems.refuse()
    return _Asked(settings, models, dates)


def _publish_dates(command: Command, asked: _Asked, spark: SparkSession, output: Output) -> list[Publisher]:
    settings, models, dates = asked
    source_versions = SourceVersions()
    sources = open_sources(spark, settings, source_versions)
    check_models_fit_sources(spark, settings, models, sources, dates[0])
    refuse_old_names(output)
    output.keep_history()
    for model in models:
        output.log.prepare(model)
        if model.segments is not None:
            decisions.prepare(output.tables_of(model), model)
    output.recognise()
    publishers = [Publisher(output, model, dates) for model in models]
    snapshots = [begun(as_of, source_versions) for as_of in dates]
    shared = SharedFeatures(output, sources, snapshots)
    with _left_by(publishers):
        for snapshot in snapshots:
            say(f"{snapshot.as_of}")
            with command.part(spark), DateRun(output, snapshot) as run:
                features = run.features(shared)
                for publisher in publishers:
                    with command.part(spark), run.part_of(publisher.model):
                        publisher.publish(run, features, command.arguments.allow_empty)
            for publisher in publishers:
                with command.part(spark):
                    publisher.compare_stale_days(snapshot.as_of)
    return publishers


@contextmanager
def _left_by(publishers: Sequence[Publisher]) -> Iterator[None]:
    """Publishers that leave whole what they have published, also when an error ends the command."""
    try:
        yield
    except BaseException as error:
        for publisher in publishers:
            publisher.leave(error)
        raise


def _show_summary(command: Command, publishers: Sequence[Publisher]) -> None:
    """Shows the latest date of each model that was published."""
    with Answers(as_json=command.arguments.json) as answers:
        for publisher in publishers:
            counts = publisher.published_runs.keys() & publisher.snapshots.keys()
            if counts:
                snapshot = RecordedSnapshot(publisher.tables, publisher.snapshots[max(counts)])
                summary.show(answers, snapshot, publisher.model)


if __name__ == "__main__":
    main()
