"""Publishes customer tiers, and what changed, for one or more dates."""

import argparse
import sys
from collections.abc import Sequence
from contextlib import AbstractContextManager, ExitStack
from datetime import date
from typing import NamedTuple

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.types import StructType

from jobs.core.commands.kit import Outcomes, command_parser, date_option, leave, run_command
from jobs.core.config.model import ScoringModel, fallbacks_of, load_model
from jobs.core.config.model_check import check_model
from jobs.core.config.rules import Rules
from jobs.core.config.settings import Settings, load_settings
from jobs.core.pipeline.codes import NO_TEXTS
from jobs.core.pipeline.engine import Engine
from jobs.core.pipeline.features import AUDIT, ROW_ID
from jobs.core.publish import decisions
from jobs.core.publish.date_run import DateRun
from jobs.core.publish.output import Output
from jobs.core.publish.publisher import Publisher
from jobs.core.publish.reproduction import reproduce
from jobs.core.report import summary
from jobs.core.runtime.errors import ConfigurationError, Problems
from jobs.core.runtime.functions import functions
from jobs.core.runtime.progress import say, timed
from jobs.core.runtime.session import borrowed_session, session_lives
from jobs.core.sources.money import PLANNED
from jobs.core.sources.opening import key_is_name, open_sources
from jobs.core.sources.source_versions import Pins


def main() -> None:
    """The command; it returns when all is published and else exits with a status that says why not."""
    leave(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Runs the command with arguments as on the command line; its exit status."""
    given = _parser().parse_args(arguments)
    return run_command(lambda outcomes: _tier_customers(given, outcomes), given.log_file)


def _parser() -> argparse.ArgumentParser:
    parser = command_parser("tier_customers", __doc__)
    parser.add_argument(
        "--as-of",
        action="append",
        default=[],
        metavar="YYYY-MM-DD",
        help="date of the snapshot; give it again for more, which are published in order of date",
    )
    parser.add_argument(
        "--reproduce",
        metavar="RUN_ID",
        help="instead: compute a published run again, from what it recorded, and compare; publishes nothing",
    )
    parser.add_argument(
        "--allow-empty", action="store_true", help="publish even if no customer can be scored"
    )
    parser.add_argument("--no-summary", action="store_true", help="print no summary at the end")
    return parser


def _tier_customers(given: argparse.Namespace, outcomes: Outcomes) -> None:
    asked = _read_everything(given)
    settings, models, _ = asked
    say(f"Customer tiers, {', '.join(model.name for model in models)}")
    with ExitStack() as stack:
        with timed("Spark session"):
            spark = stack.enter_context(
                borrowed_session("customer-tiers", given.log_file, settings.time_zone)
            )
            stack.enter_context(functions(spark))
        if given.reproduce:
            reproduce(spark, settings, models, given.reproduce)
        else:
            _publish(spark, asked, given, outcomes)


class _Asked(NamedTuple):
    """What the command is asked for."""

    settings: Settings
    models: list[ScoringModel]
    dates: list[date]


def _publish(spark: SparkSession, asked: _Asked, given: argparse.Namespace, outcomes: Outcomes) -> None:
    settings, models, dates = asked
    pins = Pins()
    sources = open_sources(spark, settings, pins)
    named, window_months = key_is_name(settings), models[0].window_months
    check_models(spark, settings, models, sources, dates[0])
    output = Output(spark, settings, models)
    output.keep_history()
    for model in models:
        output.log.prepare(model)
        if model.segments is not None:
            decisions.prepare(output.tables_of(model), model)
    publishers = [Publisher(output, model, dates) for model in models]

    def part() -> AbstractContextManager[None]:
        return outcomes.of_part(lambda: session_lives(spark))

    for as_of in dates:
        say(f"{as_of}")
        with part(), DateRun(output, as_of, pins) as run:
            features = run.features(sources, key_is_name=named, window_months=window_months)
            for publisher in publishers:
                with part(), run.part_of(publisher.model):
                    publisher.publish(run, features, given.allow_empty)
        for publisher in publishers:
            with part():
                publisher.settle(as_of)
    for publisher in publishers if not given.no_summary else ():
        if publisher.published:
            summary.show(spark, publisher.tables, publisher.model, max(publisher.published))


def _read_everything(given: argparse.Namespace) -> _Asked:
    """Settings, models and dates, with every problem in any of them told at once."""
    problems = Problems()
    dates: set[date] = set()
    if bool(given.as_of) == bool(given.reproduce):
        problems.append("--as-of: must be given, at least once, unless --reproduce is")
    for text in given.as_of:
        with problems.gathered():
            dates.add(date_option("--as-of", text))
    with problems.gathered():
        settings, models = read_configuration(given)
    problems.refuse()
    return _Asked(settings, models, sorted(dates))


def read_configuration(given: argparse.Namespace) -> tuple[Settings, list[ScoringModel]]:
    """Settings and models of a command that was given --config and --set.

    Raises:
        ConfigurationError: every problem in any of them.
    """
    problems = Problems()
    models: list[ScoringModel] = []
    with problems.gathered():
        settings = load_settings(given.config, given.assignments)
        with problems.gathered():
            Rules.of(settings).check_keys(settings.sources.configured())
        for name in settings.model_names:
            with problems.gathered():
                models.append(load_model(name))
        for model in models:
            with problems.gathered():
                _check_fallback(model, models)
        problems += _models_apart(models)
    problems.refuse()
    return settings, models


def _check_fallback(model: ScoringModel, models: list[ScoringModel]) -> None:
    """Checks the model that another one's health falls back to.

    Raises:
        ConfigurationError: there is none of that name and with that score.
    """
    if model.health is None:
        return
    fallback = fallbacks_of([*models, model])[model.health.fallback_model]
    if model.health.fallback_score not in fallback.scores or fallback.window_months != model.window_months:
        raise ConfigurationError(
            f"model {model.name}: health.fallback_score: must be a score of {fallback.name} "
            f"({', '.join(fallback.scores)}), over the same window_months ({model.window_months}), "
            f"got {model.health.fallback_score!r} over {fallback.window_months}"
        )


def _models_apart(models: list[ScoringModel]) -> list[str]:
    """What keeps models from being published in one run."""
    names = sorted(model.name for model in models)
    windows = sorted({model.window_months for model in models})
    problems = []
    if len(set(names)) < len(names):
        problems.append(f"models: must have different names, got {', '.join(names)}")
    if len(windows) > 1:
        problems.append(
            f"models: must have the same window_months, for features computed once, got {windows}"
        )
    return problems


def _features_schema(
    spark: SparkSession, settings: Settings, sources: dict[str, DataFrame], as_of: date
) -> StructType:
    columns_of = settings.sources.columns_of
    read = {name: frame.select(*columns_of(name)) for name, frame in sources.items()}
    read["fct_revenues"] = PLANNED.counted(read["fct_revenues"])
    with Engine(
        spark,
        as_of=as_of,
        window_months=1,
        key_is_name=key_is_name(settings),
        money_unit=PLANNED.unit,
        texts=NO_TEXTS,  # the rows won't be read, so the texts of the facts needn't be either
        **read,
    ) as engine:
        return engine.table("customer_features").drop(*AUDIT, ROW_ID).schema


def check_models(
    spark: SparkSession,
    settings: Settings,
    models: list[ScoringModel],
    sources: dict[str, DataFrame],
    as_of: date,
) -> None:
    """Checks that the sources give what the models score.

    Raises:
        ConfigurationError: they don't.
    """
    features = _features_schema(spark, settings, sources, as_of)
    problems = Problems()
    for model in models:
        with problems.gathered():
            check_model(model, features)
    problems.refuse()


if __name__ == "__main__":
    main()
