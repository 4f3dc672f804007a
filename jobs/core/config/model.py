"""A scoring model: data that says what is scored, how, and what follows from a score."""

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from functools import cached_property
from itertools import combinations
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, ValidationInfo, field_validator, model_validator

from jobs.core.config.conditions import (
    Condition,
    Label,
    Name,
    Number,
    Rule,
    check_fallback,
    check_names,
    check_rules,
    check_thresholds,
    refuse,
)
from jobs.core.config.documents import Document, read_yaml, validate
from jobs.core.config.model_names import ModelName
from jobs.core.config.scales import Linear, Scale
from jobs.core.config.segmentation import ANY, CHURNED, Segmentation
from jobs.core.config.settings import is_model_file
from jobs.core.runtime.errors import ConfigurationError
from jobs.core.runtime.nearest import did_you_mean
from jobs.core.runtime.redaction import redacted
from jobs.core.runtime.resources import resource

# A weight of 1, in the basis points that scores are computed with.
FULL_WEIGHT = 10_000
TOTAL = "total"  # the tier column's value in the total row of a summary

CANCELLED = "cancelled"  # the reason of the exclusion by which sql/segments knows that a customer has left
COVERAGE = "coverage"  # the share of a model's weight that was measured of a customer
_MOST_SHARING = 12  # components of a score of which weights are shared: what may be missing is tried out


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
    scale: Scale | None = None  # none: the percentile among the peers
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

    @model_validator(mode="after")
    def _one_direction(self) -> Self:
        if self.scale is not None and "direction" in self.model_fields_set:
            raise ValueError("must have either scale or direction: a scale has its own")
        return self


class Tier(Rule):
    """One tier; the lowest has no condition."""

    tier: Label
    name: Label


class Health(Document):
    """Where a customer's health comes from if it isn't given: a score of another model."""

    fallback_model: Name
    fallback_score: Name


class Flag(Rule):
    """One action flag; the fallback has no condition."""

    flag: Label
    recommended_action: Label


def _check_weights(components: tuple[Component, ...]) -> Iterator[str]:
    for score in dict.fromkeys(component.score for component in components):
        total = sum(component.weight for component in components if component.score == score)
        if total != 1:
            yield f"must have weights of {score} that sum to 1, got {total}"


def _check_scores_of_scores(components: tuple[Component, ...]) -> Iterator[str]:
    made_of = {f"{component.score}_score" for component in components}
    earlier: set[str] = set()
    for component in components:
        metric, score = component.metric, f"{component.score}_score"
        if metric in made_of:
            parts = [part for part in components if f"{part.score}_score" == metric]
            if metric not in earlier - {score} or any(part.metric in made_of for part in parts):
                yield f"must have {score} after {metric}, which must be made of measures alone"
            if not isinstance(component.scale, Linear):
                yield f"must have a linear scale for {metric}: a score has no percentile"
        earlier.add(score)


def _check_sharing(components: tuple[Component, ...]) -> Iterator[str]:
    """Whatever is missing, the rounded points must not add up to more than 100."""
    for score in dict.fromkeys(component.score for component in components):
        weights = [component.weight_bp for component in components if component.score == score]
        if len(weights) > _MOST_SHARING:
            yield f"must have at most {_MOST_SHARING} components of {score}, got {len(weights)}"
            continue
        for count in range(1, len(weights) + 1):
            for present in combinations(weights, count):
                whole = sum(present)
                total = sum((2 * 10**8 * weight + whole) // (2 * whole) for weight in present)
                if total > 10**8:
                    yield (
                        f"must have weights of {score} whose shares, rounded, sum to at most 100, "
                        f"got {', '.join(str(Decimal(w) / FULL_WEIGHT) for w in present)}, whose shares "
                        f"without the others sum to {Decimal(total) / 10**6}"
                    )
                    return


class ScoringModel(Document):
    """A whole scoring model; conf/models/profitability_adherence.yaml shows and explains each part."""

    name: ModelName
    description: Label
    window_months: Annotated[int, Field(ge=1, le=120)]
    peer_group: tuple[Name, ...] = ()
    missing: Literal["lowest", "shared"] = "lowest"
    components: Annotated[tuple[Component, ...], Field(min_length=1)]
    thresholds: dict[Name, Number] = Field(default_factory=dict)
    # After the thresholds, which their conditions name.
    exclusions: tuple[Exclusion, ...] = ()
    ranked: tuple[Name, ...] = ()
    health: Health | None = None
    counts: dict[Name, Annotated[tuple[Condition, ...], Field(min_length=1)]] = Field(default_factory=dict)
    tiers: Annotated[tuple[Tier, ...], Field(min_length=1)]
    flags: Annotated[tuple[Flag, ...], Field(min_length=1)]
    segments: Segmentation | None = None

    @field_validator("peer_group")
    @classmethod
    def _peer_group(cls, columns: tuple[str, ...]) -> tuple[str, ...]:
        refuse(check_names("column", list(columns)))
        return columns

    @field_validator("components")
    @classmethod
    def _components(cls, components: tuple[Component, ...], info: ValidationInfo) -> tuple[Component, ...]:
        metrics = [component.metric for component in components]
        problems = [
            *_check_weights(components),
            *check_names("metric", metrics),
            *_check_scores_of_scores(components),
        ]
        if info.data.get("missing") == "shared":
            problems += _check_sharing(components)
        elif any(component.scale is not None for component in components):
            problems.append("must have percentiles only, unless missing is shared")
        refuse(problems)
        return components

    @field_validator("exclusions")
    @classmethod
    def _exclusions(cls, rules: tuple[Exclusion, ...], info: ValidationInfo) -> tuple[Exclusion, ...]:
        refuse([*check_names("reason", [rule.reason for rule in rules]), *check_rules(rules, info)])
        return rules

    @field_validator("tiers")
    @classmethod
    def _tiers(cls, tiers: tuple[Tier, ...], info: ValidationInfo) -> tuple[Tier, ...]:
        names = [tier.tier for tier in tiers]
        # The total row counts as a name: a tier called so could not be told from it.
        refuse(
            [
                *check_names("tier", [*names, TOTAL]),
                *check_fallback(tiers),
                *check_rules(tiers, info),
            ]
        )
        return tiers

    @field_validator("flags")
    @classmethod
    def _flags(cls, flags: tuple[Flag, ...], info: ValidationInfo) -> tuple[Flag, ...]:
        names = [flag.flag for flag in flags]
        refuse([*check_names("flag", names), *check_fallback(flags), *check_rules(flags, info)])
        return flags

    @model_validator(mode="after")
    def _segments_fit(self) -> Self:
        if self.segments is not None:
            tiers = self.tier_names
            named = dict.fromkeys(self.segments.tier_memory.stays_while, "segments.tier_memory.stays_while")
            for rule in self.segments.migration_rules:
                if rule.to_value == CHURNED and CANCELLED not in {each.reason for each in self.exclusions}:
                    raise ValueError(
                        f"migration rule {rule.rule}: must have an exclusion called {CANCELLED} beside it, "
                        f"by which customers become {CHURNED}"
                    )
                if rule.axis == "tier":
                    ends = {rule.from_value, rule.to_value} - {ANY}
                    named |= dict.fromkeys(ends, f"segments.migration_rules: {rule.rule}")
            refuse(
                f"{place} must name tiers among {', '.join(sorted(tiers))}, got {tier!r}"
                f"{did_you_mean(tier, tiers)}"
                for tier, place in named.items()
                if tier not in tiers
            )
            refuse([] if self.health else ["must have health beside segments"])
        return self

    @model_validator(mode="after")
    def _known_thresholds(self) -> Self:
        # Those of exclusions, tiers and flags are checked with them.
        placed = [(place, c) for place, c in self.conditions() if place.startswith(("segments", "counts"))]
        refuse(check_thresholds(placed, self.thresholds))
        return self

    @property
    def segmentation(self) -> Segmentation:
        """The segments, of a model that has them."""
        if self.segments is None:
            raise ValueError(f"{self.name} has no segments")
        return self.segments

    @cached_property
    def scores(self) -> tuple[str, ...]:
        """The scores' names, in the order of the components."""
        return tuple(dict.fromkeys(component.score for component in self.components))

    @cached_property
    def levels(self) -> tuple[tuple[str, ...], ...]:
        """The scores made of measures, then those made of scores, if there are any."""
        of_scores = {c.score for c in self.components if c.metric in self.score_columns}
        plain = tuple(score for score in self.scores if score not in of_scores)
        above = tuple(score for score in self.scores if score in of_scores)
        return (plain, above) if above else (plain,)

    @cached_property
    def overall(self) -> str:
        """The last score: that of which the coverage is published."""
        return self.scores[-1]

    @cached_property
    def ranked_metrics(self) -> tuple[str, ...]:
        """The measures that customers are ranked by, to be scored or only to be known."""
        scored = (component.metric for component in self.components if component.scale is None)
        return tuple(dict.fromkeys([*scored, *self.ranked]))

    @cached_property
    def tier_names(self) -> tuple[str, ...]:
        """The tiers, from the highest."""
        return tuple(tier.tier for tier in self.tiers)

    @cached_property
    def score_columns(self) -> tuple[str, ...]:
        """The published columns of the scores."""
        return tuple(f"{score}_score" for score in self.scores)

    def components_of(self, score: str) -> tuple[Component, ...]:
        """The components of one score."""
        return tuple(component for component in self.components if component.score == score)

    def only(self, score: str) -> "ScoringModel":
        """The model with one of its scores, one that is made of measures, and nothing else to rank."""
        # A model's copy would keep what the model has cached of its other scores.
        fields = {name: getattr(self, name) for name in type(self).model_fields}
        return self.model_construct(**{**fields, "components": self.components_of(score), "ranked": ()})

    def conditions(self) -> Iterator[tuple[str, Condition]]:
        """Every condition, with the path of its place in the document."""
        ruled: dict[str, Sequence[Rule]] = {
            "exclusions": self.exclusions,
            "tiers": self.tiers,
            "flags": self.flags,
        }
        for name, conditions in self.counts.items():
            for position, counted in enumerate(conditions):
                yield f"counts.{name}.{position}", counted
        for place, rules in ruled.items():
            for position, rule in enumerate(rules):
                if rule.when is not None:
                    yield f"{place}.{position}.when", rule.when
        if self.segments is not None:
            yield from self.segments.conditions()


def fallbacks_of(models: Iterable[ScoringModel]) -> dict[str, ScoringModel]:
    """The models of which others read a score, by name: one of `models`, else the shipped one.

    Raises:
        ConfigurationError: there is none of that name.
    """
    given = {model.name: model for model in models}
    names = {model.health.fallback_model for model in given.values() if model.health}
    return {name: given.get(name) or load_model(name) for name in sorted(names)}


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
            f"model: must be one of {', '.join(sorted(shipped))}, or a path ending in .yaml, "
            f"got {redacted(repr(name)):.80}{did_you_mean(name, shipped)}"
        )
    return validate(
        ScoringModel, read_yaml(shipped[name], f"conf/models/{name}.yaml"), f"conf/models/{name}.yaml"
    )
