"""The components of a model's scores: which measure adds how much to which score."""

from collections.abc import Iterator
from decimal import Decimal
from itertools import combinations
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from jobs.core.config.conditions import Label, Name, Number, check_names
from jobs.core.config.documents import Document
from jobs.core.config.scales import Linear, Scale

# A weight of 1, in the basis points that scores are computed with.
FULL_WEIGHT = 10_000
_MOST_SHARING = 12  # components of a score of which weights are shared: what may be missing is tried out


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


def component_problems(components: tuple[Component, ...], *, shared: bool) -> Iterator[str]:
    """What is wrong with the components of a model.

    Args:
        components: of all its scores.
        shared: the weight of a missing measure is shared among the others of its score.
    """
    yield from _check_weights(components)
    yield from check_names("metric", [component.metric for component in components])
    yield from _check_scores_of_scores(components)
    if shared:
        yield from _check_sharing(components)
    elif any(component.scale is not None for component in components):
        yield "must have percentiles only, unless missing is shared"


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
