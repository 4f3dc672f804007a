"""Scales of a model: how the value of a component is brought to 0..100, other than by its percentile."""

from decimal import Decimal
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from jobs.core.config.documents import Document

# What a scale is given in: decimals as the measures have them, so that no value falls between two.
ScaleNumber = Annotated[Decimal, Field(allow_inf_nan=False, max_digits=18, decimal_places=6)]
Scaled = Annotated[ScaleNumber, Field(ge=0, le=100)]


class Linear(Document):
    """From 0 at one value to 100 at another, straight between them and level outside."""

    type: Literal["linear"]
    zero_at: ScaleNumber
    full_at: ScaleNumber

    @model_validator(mode="after")
    def _two_ends(self) -> Self:
        if self.zero_at == self.full_at:
            raise ValueError(f"must have zero_at and full_at apart, got {self.zero_at} for both")
        return self

    def __str__(self) -> str:
        return f"0 at {self.zero_at.normalize():f}, 100 at {self.full_at.normalize():f}"


class ScaleStep(Document):
    """A value from which on the scale has a height."""

    at_least: ScaleNumber
    scaled: Scaled


class StepScale(Document):
    """A table of heights."""

    type: Literal["steps"]
    steps: Annotated[tuple[ScaleStep, ...], Field(min_length=1)]
    otherwise: Scaled

    @model_validator(mode="after")
    def _descending(self) -> Self:
        starts = [step.at_least for step in self.steps]
        if starts != sorted(set(starts), reverse=True):
            raise ValueError("must have steps in descending order of at_least, each once")
        return self

    def __str__(self) -> str:
        parts = [f"{step.scaled.normalize():f} from {step.at_least.normalize():f}" for step in self.steps]
        return ", ".join([*parts, f"else {self.otherwise.normalize():f}"])


def _of_known_type(scale: Any) -> Any:  # noqa: ANN401  (whatever the document holds)
    known = ("linear", "steps")
    if isinstance(scale, dict) and scale.get("type") not in known:
        raise ValueError(f"must have type 'linear' or 'steps', got {scale.get('type')!r:.80}")
    return scale


Scale = Annotated[Linear | StepScale, Field(discriminator="type"), BeforeValidator(_of_known_type)]
