"""A scoring model: data that says what is scored, how, and what follows from a score."""

from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, ValidationInfo, field_validator, model_validator

from jobs.core.config.components import Component, component_problems
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
    raise_all,
)
from jobs.core.config.documents import Document, read_yaml, validate
from jobs.core.config.model_names import ModelName
from jobs.core.config.segmentation import ANY, CHURNED, Segmentation
from jobs.core.config.settings import is_model_file
from jobs.core.config.tiers import Exclusion, Flag, Health, Tier
from jobs.core.runtime.errors import ConfigurationError
from jobs.core.runtime.nearest import did_you_mean
from jobs.core.runtime.redaction import redacted
from jobs.core.runtime.resources import resource

# What the checklist of segmentation asks and nobody can tell but who keeps the model.
ChecklistKey = Literal[
    "allocation_approved_by",
    "communication_plan",
    "tier_in_crm",
    "csm_assignment",
    "strategies_known_to",
    "training",
]
TOTAL = "total"  # the tier column's value in the total row of a summary
CANCELLED = "cancelled"  # the reason of the exclusion by which sql/segments knows that a customer has left
COVERAGE = "coverage"  # the share of a model's weight that was measured of a customer


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
    checklist: dict[ChecklistKey, Label] = Field(default_factory=dict)

    @field_validator("peer_group")
    @classmethod
    def _peer_group(cls, columns: tuple[str, ...]) -> tuple[str, ...]:
        raise_all(check_names("column", list(columns)))
        return columns

    @field_validator("components")
    @classmethod
    def _components(cls, components: tuple[Component, ...], info: ValidationInfo) -> tuple[Component, ...]:
        raise_all(component_problems(components, shared=info.data.get("missing") == "shared"))
        return components

    @field_validator("exclusions")
    @classmethod
    def _exclusions(cls, rules: tuple[Exclusion, ...], info: ValidationInfo) -> tuple[Exclusion, ...]:
        raise_all([*check_names("reason", [rule.reason for rule in rules]), *check_rules(rules, info)])
        return rules

    @field_validator("tiers")
    @classmethod
    def _tiers(cls, tiers: tuple[Tier, ...], info: ValidationInfo) -> tuple[Tier, ...]:
        names = [tier.tier for tier in tiers]
        # The total row counts as a name: a tier called so could not be told from it.
        raise_all(
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
        raise_all([*check_names("flag", names), *check_fallback(flags), *check_rules(flags, info)])
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
            raise_all(
                f"{path} must name tiers among {', '.join(sorted(tiers))}, got {tier!r}"
                f"{did_you_mean(tier, tiers)}"
                for tier, path in named.items()
                if tier not in tiers
            )
            raise_all([] if self.health else ["must have health beside segments"])
        return self

    @model_validator(mode="after")
    def _known_thresholds(self) -> Self:
        # Those of exclusions, tiers and flags are checked with them.
        placed = [(path, c) for path, c in self.conditions() if path.startswith(("segments", "counts"))]
        problems = list(check_thresholds(placed, self.thresholds))
        if self.segments is not None:
            problems += self.segments.health.problems(self.thresholds)
        raise_all(problems)
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

    @property
    def scores_arr(self) -> bool:
        """Whether ARR is what the model goes by, beside revenue."""
        return any(component.metric == "arr" for component in self.components)

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
        """Every condition, with its path in the document."""
        ruled: dict[str, Sequence[Rule]] = {
            "exclusions": self.exclusions,
            "tiers": self.tiers,
            "flags": self.flags,
        }
        for name, conditions in self.counts.items():
            for position, counted in enumerate(conditions):
                yield f"counts.{name}.{position}", counted
        for path, rules in ruled.items():
            for position, rule in enumerate(rules):
                if rule.when is not None:
                    yield f"{path}.{position}.when", rule.when
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
