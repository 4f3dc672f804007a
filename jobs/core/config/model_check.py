"""Checks a model against the measures that it names."""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal

from pyspark.sql.types import (
    BooleanType,
    DataType,
    DateType,
    FractionalType,
    NumericType,
    StringType,
    StructType,
)

from jobs.core.config.conditions import Condition
from jobs.core.config.documents import is_date
from jobs.core.config.model import COVERAGE, ScoringModel
from jobs.core.config.segmentation import ALERT_COLUMNS, AXES
from jobs.core.runtime.errors import ConfigurationError
from jobs.core.runtime.nearest import did_you_mean, one_of

_NUMBER, _TEXT, _DATE, _BOOLEAN = "a number", "text", "a date", "true or false"


def _kind(data_type: DataType) -> str:
    kinds: tuple[tuple[type[DataType], str], ...] = (
        (NumericType, _NUMBER),
        (StringType, _TEXT),
        (DateType, _DATE),
        (BooleanType, _BOOLEAN),
    )
    return next(
        (kind for accepted, kind in kinds if isinstance(data_type, accepted)), data_type.simpleString()
    )


def _operand_kind(comparison: Condition, measure: str) -> str:
    """The kind of what a measure is compared with; text that is a date counts as one beside a date."""
    if comparison.months_before_as_of is not None:
        return _DATE
    if comparison.threshold is not None or isinstance(comparison.value, Decimal):
        return _NUMBER
    if isinstance(comparison.value, bool):
        return _BOOLEAN
    if measure == _DATE:
        return _DATE if is_date(str(comparison.value)) else _TEXT
    return _TEXT


def _condition_problems(path: str, rule: Condition, measures: dict[str, str]) -> Iterator[str]:
    for comparison in rule.comparisons():
        name = comparison.metric or ""
        if name not in measures:
            yield f"{path}: metric {one_of(measures, name)}"
            continue
        if comparison.operator in {"missing", "present"}:
            continue
        operand = _operand_kind(comparison, measures[name])
        if operand != measures[name]:
            yield f"{path}: {name} must be compared with {measures[name]}, got {operand}"


def _suitable(known: Sequence[str], given: str, measures: Mapping[str, str]) -> str:
    """Says which measures a name must be one of; one that is there and doesn't suit is not misspelt."""
    if given in measures:
        return f"must be one of {', '.join(known)}, got {given!r}"
    return one_of(known, given)


def _scored(model: ScoringModel) -> list[str]:
    """The numbers that scoring adds to the measures."""
    health = ["health_score"] if model.health is not None else []
    return [*model.score_columns, *(f"{metric}_percentile" for metric in model.ranked), *health]


def _figure_problems(model: ScoringModel, measures: Mapping[str, str]) -> Iterator[str]:
    for alert in model.segments.alerts if model.segments else ():
        for name in alert.figures:
            if name not in measures:
                yield (
                    f"segments.alerts.{alert.alert}.figures: must be measures, got {name!r}"
                    f"{did_you_mean(name, measures)}"
                )


def check_columns_of_model(model: ScoringModel, features: StructType) -> None:
    """Checks every name and comparison of a model.

    Args:
        model: to check.
        features: the schema of customer_features.

    Raises:
        ConfigurationError: unknown or unsuitable columns, all at once.
    """
    measures = {field.name: _kind(field.dataType) for field in features}
    before_scores = {**measures, **({COVERAGE: _NUMBER} if model.missing == "shared" else {})}
    uncounted = {**before_scores, **dict.fromkeys(_scored(model), _NUMBER)}
    after_scores = {**uncounted, **dict.fromkeys(model.counts, _NUMBER)}
    assigned = {**after_scores, **dict.fromkeys((*AXES, *ALERT_COLUMNS), _TEXT)}
    known_at = {"exclusions": before_scores, "counts": uncounted, "segments.alerts": assigned}
    problems: list[str] = []
    problems += _figure_problems(model, assigned)
    if model.health is not None and "given_health_score" not in measures:
        problems.append("health: needs sources.dim_customers, which is not configured")
    for position, metric in enumerate(model.ranked):
        if measures.get(metric) != _NUMBER:
            problems.append(
                f"ranked.{position}: must be a measure that is a number, got {metric!r}"
                f"{'' if metric in measures else did_you_mean(metric, measures)}"
            )
    for position, component in enumerate(model.components):
        if measures.get(component.metric) != _NUMBER and component.metric not in model.score_columns:
            numbers = [name for name, kind in measures.items() if kind == _NUMBER]
            problems.append(f"components.{position}.metric: {_suitable(numbers, component.metric, measures)}")
    for position, column in enumerate(model.peer_group):
        # A fraction is no group: its text would depend on how it is printed.
        if column not in measures or isinstance(features[column].dataType, FractionalType):
            whole = [field.name for field in features if not isinstance(field.dataType, FractionalType)]
            problems.append(f"peer_group.{position}: {_suitable(whole, column, measures)}")
    for path, rule in model.conditions():
        known = next((names for start, names in known_at.items() if path.startswith(start)), after_scores)
        problems += _condition_problems(path, rule, known)
    ranks = {f"{metric}_below" for metric in model.ranked_metrics}
    points = {f"{component.metric}_points" for component in model.components}
    clashes = sorted({*_scored(model), *model.counts, *ranks, *points} & set(measures))
    problems += [f"components: {name} must not be called like a measure" for name in clashes]
    if problems:
        raise ConfigurationError(*(f"model {model.name}: {problem}" for problem in problems))
