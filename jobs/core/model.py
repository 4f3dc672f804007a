"""A scoring model: data that says what is scored, how, and what follows from a score."""

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, StrictBool, StrictStr, ValidationInfo, field_validator, model_validator

from jobs.core.documents import Document, read_yaml, validate
from jobs.core.errors import ConfigurationError
from jobs.core.resources import resource
from jobs.core.settings import is_model_file

# A weight of 1, in the basis points that scores are computed with.
FULL_WEIGHT = 10_000
TOTAL = "total"  # the tier column's value in the total row of a summary

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,62}$")]
Label = Annotated[str, Field(min_length=1, max_length=200)]
Operator = Literal["=", "!=", "<", "<=", ">", ">="]
Number = Annotated[Decimal, Field(allow_inf_nan=False, max_digits=30)]  # fits Spark's DECIMAL(38)


class Condition(Document):
    """Compares one measure with one value, or joins conditions by all or any."""

    metric: Name | None = None
    operator: Operator | None = None
    value: StrictBool | Number | StrictStr | None = None
    threshold: Name | None = None
    months_before_as_of: Annotated[int, Field(ge=0, le=1200)] | None = None
    all: tuple["Condition", ...] = ()
    any: tuple["Condition", ...] = ()

    @model_validator(mode="after")
    def _one_form(self) -> Self:
        given = self.model_fields_set
        if any(getattr(self, key) is None for key in given):
            raise ValueError("must have a value for each of its keys, got null")
        if given in ({"all"}, {"any"}):
            if not self.all + self.any:
                raise ValueError("must have at least one condition below all or any")
            return self
        operands = given & {"value", "threshold", "months_before_as_of"}
        if given - operands != {"metric", "operator"} or len(operands) != 1:
            raise ValueError(
                "must be {metric, operator, and one of value, threshold, months_before_as_of}, "
                f"or {{all: [...]}}, or {{any: [...]}}, got {sorted(given)}"
            )
        return self

    def comparisons(self) -> Iterator["Condition"]:
        """The comparisons in it, in the order written."""
        if self.metric is not None:
            yield self
        for part in self.all + self.any:
            yield from part.comparisons()


class Rule(Document):
    """Something that holds for a customer when its condition does, or for everybody else."""

    when: Condition | None = None


class Exclusion(Rule):
    """A reason not to score a customer."""

    reason: Name
    when: Condition


class Component(Document):
    """One metric's part in one score."""

    score: Name
    metric: Name
    weight: Annotated[Number, Field(gt=0, le=1)]
    direction: Literal["higher_is_better", "lower_is_better"] = "higher_is_better"
    description: Label | None = None  # the comment of a metric's column that has none yet

    @property
    def weight_bp(self) -> int:
        """The weight in basis points (10000 is a weight of 1)."""
        return int(self.weight * FULL_WEIGHT)

    @model_validator(mode="after")
    def _whole_basis_points(self) -> Self:
        if self.weight * FULL_WEIGHT % 1:
            raise ValueError(f"must have a weight that is a multiple of 0.0001, got {self.weight}")
        return self


class Tier(Rule):
    """One tier; the lowest has no condition."""

    tier: Label
    name: Label


class Flag(Rule):
    """One action flag; the fallback has no condition."""

    flag: Label
    recommended_action: Label


def _check_names(what: str, names: list[str]) -> Iterator[str]:
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        yield f"must have each {what} once, got more of {', '.join(repeated)}"


def _check_fallback(rules: Sequence[Rule]) -> Iterator[str]:
    if [rule.when is None for rule in rules] != [False] * (len(rules) - 1) + [True]:
        yield "must have when in all but the last, which is for everybody else"


def _check_thresholds(rules: Sequence[Rule], info: ValidationInfo) -> Iterator[str]:
    known = info.data.get("thresholds")
    for position, rule in enumerate(rules):
        for comparison in rule.when.comparisons() if rule.when else ():
            if known is not None and comparison.threshold and comparison.threshold not in known:
                yield f"{position}: must name one of thresholds {sorted(known)}, got {comparison.threshold!r}"


def _check_weights(components: tuple[Component, ...]) -> Iterator[str]:
    for score in dict.fromkeys(component.score for component in components):
        total = sum(component.weight for component in components if component.score == score)
        if total != 1:
            yield f"must have weights of {score} that sum to 1, got {total}"


def _refuse(problems: Iterable[str]) -> None:
    told = "; ".join(problems)
    if told:
        raise ValueError(told)


class ScoringModel(Document):
    """A whole scoring model; conf/models/profitability_adherence.yaml shows and explains each part."""

    name: Name
    description: Label
    window_months: Annotated[int, Field(ge=1, le=120)]
    peer_group: tuple[Name, ...] = ()
    components: Annotated[tuple[Component, ...], Field(min_length=1)]
    thresholds: dict[Name, Number] = Field(default_factory=dict)
    # After the thresholds, which their conditions name.
    exclusions: tuple[Exclusion, ...] = ()
    tiers: Annotated[tuple[Tier, ...], Field(min_length=1)]
    flags: Annotated[tuple[Flag, ...], Field(min_length=1)]

    @field_validator("peer_group")
    @classmethod
    def _peer_group(cls, columns: tuple[str, ...]) -> tuple[str, ...]:
        _refuse(_check_names("column", list(columns)))
        return columns

    @field_validator("components")
    @classmethod
    def _components(cls, components: tuple[Component, ...]) -> tuple[Component, ...]:
        metrics = [component.metric for component in components]
        _refuse([*_check_weights(components), *_check_names("metric", metrics)])
        return components

    @field_validator("exclusions")
    @classmethod
    def _exclusions(cls, rules: tuple[Exclusion, ...], info: ValidationInfo) -> tuple[Exclusion, ...]:
        _refuse([*_check_names("reason", [rule.reason for rule in rules]), *_check_thresholds(rules, info)])
        return rules

    @field_validator("tiers")
    @classmethod
    def _tiers(cls, tiers: tuple[Tier, ...], info: ValidationInfo) -> tuple[Tier, ...]:
        names = [tier.tier for tier in tiers]
        # The total row counts as a name: a tier called so could not be told from it.
        _refuse(
            [*_check_names("tier", [*names, TOTAL]), *_check_fallback(tiers), *_check_thresholds(tiers, info)]
        )
        return tiers

    @field_validator("flags")
    @classmethod
    def _flags(cls, flags: tuple[Flag, ...], info: ValidationInfo) -> tuple[Flag, ...]:
        names = [flag.flag for flag in flags]
        _refuse([*_check_names("flag", names), *_check_fallback(flags), *_check_thresholds(flags, info)])
        return flags

    @cached_property
    def scores(self) -> tuple[str, ...]:
        """The scores' names, in the order of the components."""
        return tuple(dict.fromkeys(component.score for component in self.components))

    @cached_property
    def score_columns(self) -> tuple[str, ...]:
        """The published columns of the scores."""
        return tuple(f"{score}_score" for score in self.scores)

    def components_of(self, score: str) -> tuple[Component, ...]:
        """The components of one score."""
        return tuple(component for component in self.components if component.score == score)

    def conditions(self) -> Iterator[tuple[str, Condition]]:
        """Every condition, with the path of its place in the document."""
        ruled: dict[str, Sequence[Rule]] = {
            "exclusions": self.exclusions,
            "tiers": self.tiers,
            "flags": self.flags,
        }
        for place, rules in ruled.items():
            for position, rule in enumerate(rules):
                if rule.when is not None:
                    yield f"{place}.{position}.when", rule.when


def load_model(name: str) -> ScoringModel:
    """Reads and checks a model.

    Args:
        name: of a file in conf/models, without its ending, or a path ending in .yaml or .yml.

    Raises:
        ConfigurationError: with every problem found.
    """
    if is_model_file(name):
        return validate(ScoringModel, read_yaml(Path(name), name), name)
    shipped = {file.name.removesuffix(".yaml"): file for file in resource("conf", "models").iterdir()}
    if name not in shipped:
        raise ConfigurationError(
            f"model: must be one of {', '.join(sorted(shipped))}, or a path ending in .yaml, got {name!r:.80}"
        )
    return validate(
        ScoringModel, read_yaml(shipped[name], f"conf/models/{name}.yaml"), f"conf/models/{name}.yaml"
    )
