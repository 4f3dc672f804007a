"""The configuration of a command, and the models that it names, with every problem in any of them."""

import argparse
from collections.abc import Sequence
from datetime import date

from jobs.core.commands.arguments import optional_date
from jobs.core.config.model import ScoringModel, fallbacks_of, load_model
from jobs.core.config.rules import QualityRules
from jobs.core.config.settings import Settings, load_settings
from jobs.core.runtime.errors import ConfigurationError, Problems
from jobs.core.runtime.nearest import one_of


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
            QualityRules.of(settings).check_keys(settings.sources.configured())
        for name in settings.model_names:
            with problems.gathered():
                models.append(load_model(name))
        for model in models:
            with problems.gathered():
                _check_fallback(model, models)
        problems += _models_apart(models)
    problems.refuse()
    return settings, models


def read_configuration_and_date(
    given: argparse.Namespace, option: str
) -> tuple[Settings, list[ScoringModel], date | None]:
    """Settings, the models that --model names (all of a command without it), and the date of an option.

    Raises:
        ConfigurationError: every problem in any of them, at once.
    """
    problems = Problems()
    day = None
    with problems.gathered():
        day = optional_date(option, vars(given)[option.removeprefix("--").replace("-", "_")])
    with problems.gathered():
        settings, models = read_configuration(given)
        models = models_called(models, vars(given).get("model"))
    problems.refuse()
    return settings, models, day


def models_called(models: Sequence[ScoringModel], name: str | None) -> list[ScoringModel]:
    """The model that --model names; all of them if it isn't given.

    Raises:
        ConfigurationError: there is none of that name.
    """
    found = [model for model in models if name in {None, model.name}]
    if not found:
        raise ConfigurationError(f"--model: {one_of((model.name for model in models), name)}")
    return found


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
