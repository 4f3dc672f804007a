"""Scales of a model's components: what is accepted, how it is shown, what is refused. Starts no Spark."""

from typing import Any

import pytest

from jobs.core.config.components import Component
from jobs.core.config.documents import validate
from jobs.core.config.scales import Linear, StepScale
from jobs.core.runtime.errors import ConfigurationError

LINEAR = {"type": "linear", "zero_at": 0, "full_at": 1}
STEPS = {"type": "steps", "steps": [{"at_least": 3, "scaled": 100}], "otherwise": 20}


def component(scale: object, **other: Any) -> Component:
    content = {"score": "s", "metric": "m", "weight": 1, "scale": scale, **other}
    return validate(Component, content, "model.yaml")


def problems(scale: object, **other: Any) -> list[str]:
    with pytest.raises(ConfigurationError) as refused:
        component(scale, **other)
    return [problem.removeprefix("model.yaml: ") for problem in refused.value.problems]


def step(at_least: Any, scaled: Any) -> dict[str, Any]:
    return {"at_least": at_least, "scaled": scaled}


def test_component_without_a_scale_has_its_percentile() -> None:
    plain = validate(Component, {"score": "s", "metric": "m", "weight": 1}, "model.yaml")
    assert plain.scale is None


@pytest.mark.parametrize(
    ("scale", "kind", "shown"),
    [
        (LINEAR, Linear, "0 at 0, 100 at 1"),
        ({**LINEAR, "zero_at": 1, "full_at": 0.2}, Linear, "0 at 1, 100 at 0.2"),
        ({**LINEAR, "zero_at": -0.20, "full_at": 1_000_000}, Linear, "0 at -0.2, 100 at 1000000"),
        (STEPS, StepScale, "100 from 3, else 20"),
        (
            {"type": "steps", "steps": [step(3, 0), step(0, 62.5), step(-1.50, 100)], "otherwise": 0},
            StepScale,
            "0 from 3, 62.5 from 0, 100 from -1.5, else 0",
        ),
    ],
)
def test_scale_is_shown_as_it_is(scale: dict[str, Any], kind: type, shown: str) -> None:
    accepted = component(scale).scale
    assert type(accepted) is kind
    assert str(accepted) == shown


def test_ends_of_a_linear_scale_are_apart() -> None:
    told = "scale.linear: must have zero_at and full_at apart, got 1 for both"
    assert problems({**LINEAR, "zero_at": 1, "full_at": 1.0}) == [told]


@pytest.mark.parametrize("key", ["zero_at", "full_at"])
@pytest.mark.parametrize(
    ("value", "told"),
    [
        (0.0000001, "must have no more than 6 decimal places, got 1e-07"),
        (10**18, f"must have no more than 18 digits in total, got {10**18}"),
        (float("nan"), "must be a finite number, got nan"),
        ("a lot", "must be a number, got 'a lot'"),
        (None, "must be a number, got None"),
    ],
)
def test_ends_are_numbers_as_measures_have_them(key: str, value: object, told: str) -> None:
    assert problems({**LINEAR, key: value}) == [f"scale.linear.{key}: {told}"]


@pytest.mark.parametrize("starts", [(1, 2), (2, 2), (3, 1, 2)])
def test_steps_descend(starts: tuple[int, ...]) -> None:
    told = "scale.steps: must have steps in descending order of at_least, each once"
    assert problems({**STEPS, "steps": [step(start, 50) for start in starts]}) == [told]


def test_there_is_a_step() -> None:
    (told,) = problems({**STEPS, "steps": []})
    assert told.startswith("scale.steps.steps: must have at least 1 item")


@pytest.mark.parametrize(
    ("height", "told"),
    [
        (100.000001, "must be less than or equal to 100, got 100.000001"),
        (-0.000001, "must be greater than or equal to 0, got -1e-06"),
        (0.0000001, "must have no more than 6 decimal places, got 1e-07"),
    ],
)
def test_heights_are_from_0_to_100(height: float, told: str) -> None:
    assert problems({**STEPS, "otherwise": height}) == [f"scale.steps.otherwise: {told}"]
    assert f"scale.steps.steps.0.scaled: {told}" in problems({**STEPS, "steps": [step(3, height)]})


@pytest.mark.parametrize(
    ("scale", "told"),
    [
        ({"type": "linear", "zero_at": 0}, "scale.linear.full_at: must be given"),
        ({"type": "steps", "steps": [step(1, 1)]}, "scale.steps.otherwise: must be given"),
        ("linear", "scale: must be a mapping (key: value), got 'linear'"),
        (
            {**LINEAR, "otherwise": 0},
            "scale.linear.otherwise: must be a known key, one of type, zero_at, full_at",
        ),
    ],
)
def test_scale_has_all_its_keys_and_no_others(scale: object, told: str) -> None:
    assert problems(scale) == [told]


@pytest.mark.parametrize("scale", [{"type": "curve"}, {"zero_at": 0, "full_at": 1}])
def test_type_is_one_of_two(scale: dict[str, Any]) -> None:
    (told,) = problems(scale)
    assert told.startswith("scale: must ")
    assert "'linear'" in told
    assert "'steps'" in told


@pytest.mark.parametrize("direction", ["higher_is_better", "lower_is_better"])
def test_scale_has_its_own_direction(direction: str) -> None:
    assert problems(LINEAR, direction=direction) == [
        "(the document): must have either scale or direction: a scale has its own"
    ]
