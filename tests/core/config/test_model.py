"""Scoring models: what is accepted, and what a user is told about the rest. Starts no Spark."""

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml

from jobs.core.config.components import Component
from jobs.core.config.conditions import Condition
from jobs.core.config.model import ScoringModel, load_model
from jobs.core.runtime.errors import ConfigurationError
from tests.conftest import CHECKOUT

SHIPPED = (CHECKOUT / "conf/models/profitability_adherence.yaml").read_text()
THRESHOLDS = (
    "['churn_risk_days', 'cross_sell_months', 'high_adherence', 'high_profitability', 'warning_days']"
)
Content = dict[str, Any]


def load(folder: Path, change: Callable[[Content], object] | None = None) -> ScoringModel:
    """The shipped model with a change."""
    content = yaml.safe_load(SHIPPED)
    if change:
        change(content)
    file = folder / "model.yaml"
    file.write_text(yaml.safe_dump(content))
    return load_model(str(file))


def problems(folder: Path, change: Callable[[Content], object]) -> list[str]:
    """What is wrong with the shipped model after a change, with the file called model.yaml."""
    with pytest.raises(ConfigurationError) as refused:
        load(folder, change)
    return [problem.replace(f"{folder}/", "") for problem in refused.value.problems]


def setting(*path: object) -> Callable[[Content], object]:
    """A change: the value at the end of the path, put at the place that the rest tells."""

    def change(content: Content) -> None:
        *steps, last, value = path
        part: Any = content
        for step in steps:
            part = part[step]
        part[last] = value

    return change


def when(**condition: Any) -> Callable[[Content], object]:
    return setting("flags", 0, "when", condition)


def test_shipped_model_scores_as_documented() -> None:
    model = load_model("profitability_adherence")
    assert model.scores == ("profitability", "adherence")
    assert model.score_columns == ("profitability_score", "adherence_score")
    assert {c.metric: c.weight_bp for c in model.components_of("profitability")} == {
        "total_gross_margin": 5500,
        "total_revenue": 4500,
    }
    assert {c.metric: c.weight_bp for c in model.components_of("adherence")} == {
        "total_events": 3000,
        "events_per_active_month": 2500,
        "distinct_products": 2000,
        "distinct_business_units": 1000,
        "days_since_last_event": 1500,
    }
    lower = [c.metric for c in model.components if c.direction == "lower_is_better"]
    assert lower == ["days_since_last_event"]
    assert [tier.tier for tier in model.tiers] == ["A", "B", "C", "D"]
    flags = ["CHURN_RISK", "WARNING", "XSELL", "EXPANSION", "NEW", "REGULAR"]
    assert [flag.flag for flag in model.flags] == flags


def test_unknown_name_is_told_with_the_known_ones() -> None:
    with pytest.raises(ConfigurationError) as refused:
        load_model("profitability")
    assert refused.value.problems == (
        "model: must be one of profitability_adherence, value_potential_strategic, "
        "or a path ending in .yaml, got 'profitability'; did you mean 'profitability_adherence'?",
    )


def test_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"own\.yaml: must be an existing file; there is none"):
        load_model(str(tmp_path / "own.yaml"))


def test_all_problems_are_told_at_once(tmp_path: Path) -> None:
    def change(content: Content) -> None:
        content["window_months"] = 0
        content["components"][0]["weight"] = 0.5
        content["tiers"][1]["when"]["threshold"] = "high"
        del content["flags"][-1]
        content["colour"] = "red"

    assert problems(tmp_path, change) == [
        "model.yaml: window_months: must be greater than or equal to 1, got 0",
        "model.yaml: components: must have weights of profitability that sum to 1, got 0.95",
        f"model.yaml: tiers: 1: must name one of thresholds {THRESHOLDS}, got 'high'",
        "model.yaml: flags: must have when in all but the last, which is for everybody else",
        "model.yaml: colour: must be a known key, one of name, description, window_months, peer_group, "
        "missing, components, thresholds, exclusions, ranked, health, counts, tiers, flags, segments, "
        "checklist",
    ]


def test_misspelt_key_is_told_with_its_place(tmp_path: Path) -> None:
    assert problems(tmp_path, setting("components", 0, "wieght", 0.55)) == [
        "model.yaml: components.0.wieght: must be a known key, one of score, metric, weight, direction, "
        "scale, description; did you mean 'weight'?"
    ]


def test_weights_of_each_score_must_sum_to_one(tmp_path: Path) -> None:
    assert problems(tmp_path, setting("components", 1, "score", "growth")) == [
        "model.yaml: components: must have weights of profitability that sum to 1, got 0.55; "
        "must have weights of growth that sum to 1, got 0.45"
    ]


def test_weights_that_sum_to_one_only_as_decimals_are_fine(tmp_path: Path) -> None:
    def change(content: Content) -> None:
        for component, weight in zip(content["components"][2:], (0.1, 0.2, 0.3, 0.1, 0.3), strict=True):
            component["weight"] = weight

    model = load(tmp_path, change)
    assert [c.weight_bp for c in model.components_of("adherence")] == [1000, 2000, 3000, 1000, 3000]


@pytest.mark.parametrize("basis_points", [1, 29, 57, 58, 1234, 2900, 5700, 9999, 10000])
def test_weight_is_exact_in_basis_points(basis_points: int) -> None:
    component = Component.model_validate({"score": "s", "metric": "m", "weight": basis_points / 10_000})
    assert component.weight_bp == basis_points


def test_weight_must_be_a_multiple_of_a_basis_point(tmp_path: Path) -> None:
    assert problems(tmp_path, setting("components", 0, "weight", 0.55005)) == [
        "model.yaml: components.0: must have a weight that is a multiple of 0.0001, got 0.55005"
    ]


@pytest.mark.parametrize(
    ("weight", "told"),
    [
        (0, "must be greater than 0, got 0"),
        (-0.5, "must be greater than 0, got -0.5"),
        (1.5, "must be less than or equal to 1, got 1.5"),
        (float("nan"), "must be a finite number, got nan"),
        (float("inf"), "must be a finite number, got inf"),
        ("a lot", "must be a number, got 'a lot'"),
        (True, "must be a number, got True"),
        (None, "must be a number, got None"),
        ([1], "must be a number, got [1]"),
    ],
)
def test_weight_must_be_a_number_up_to_one(tmp_path: Path, weight: object, told: str) -> None:
    assert problems(tmp_path, setting("components", 0, "weight", weight)) == [
        f"model.yaml: components.0.weight: {told}"
    ]


def test_metric_serves_one_component(tmp_path: Path) -> None:
    assert problems(tmp_path, setting("components", 2, "metric", "total_revenue")) == [
        "model.yaml: components: must have each metric once, got more of total_revenue"
    ]


LINEAR = {"type": "linear", "zero_at": 0, "full_at": 100}


def made_of(*components: tuple[Any, ...], missing: str = "shared") -> Callable[[Content], object]:
    """A change: other components, each (score, metric, weight) or (score, metric, weight, scale)."""

    def change(content: Content) -> None:
        content["missing"] = missing
        content["components"] = [
            dict(zip(("score", "metric", "weight", "scale"), component, strict=False))
            for component in components
        ]

    return change


def weighing(*weights: float, missing: str = "shared") -> Callable[[Content], object]:
    return made_of(*(("s", f"m{n}", weight) for n, weight in enumerate(weights)), missing=missing)


@pytest.mark.parametrize(
    ("weights", "present", "total"),
    [
        ((0.1,) * 10, ["0.1"] * 6, "100.000002"),  # a sixth is 16.666667
        ((0.125,) * 8, ["0.125"] * 6, "100.000002"),
        ((0.05, 0.1, 0.2, 0.65), ["0.1", "0.2", "0.65"], "100.000001"),
    ],
)
def test_shared_weights_whose_rounded_shares_exceed_100_are_refused(
    tmp_path: Path, weights: tuple[float, ...], present: list[str], total: str
) -> None:
    assert problems(tmp_path, weighing(*weights)) == [
        "model.yaml: components: must have weights of s whose shares, rounded, sum to at most 100, "
        f"got {', '.join(present)}, whose shares without the others sum to {total}"
    ]
    load(tmp_path, weighing(*weights, missing="lowest"))


@pytest.mark.parametrize("weights", [(0.5, 0.25, 0.25), (0.4, 0.3, 0.3), (0.3333, 0.3333, 0.3334), (1,)])
def test_shared_weights_whose_rounded_shares_stay_within_100_are_fine(
    tmp_path: Path, weights: tuple[float, ...]
) -> None:
    assert load(tmp_path, weighing(*weights)).missing == "shared"


def test_weights_are_shared_among_a_dozen_at_most(tmp_path: Path) -> None:
    weights = (0.04, *(0.08,) * 12)
    assert problems(tmp_path, weighing(*weights)) == [
        "model.yaml: components: must have at most 12 components of s, got 13"
    ]


def test_missing_is_lowest_or_shared(tmp_path: Path) -> None:
    assert load_model("profitability_adherence").missing == "lowest"
    assert load_model("value_potential_strategic").missing == "shared"
    assert problems(tmp_path, setting("missing", "zero")) == [
        "model.yaml: missing: must be 'lowest' or 'shared', got 'zero'"
    ]


def test_scales_need_shared_weights(tmp_path: Path) -> None:
    scaled = [("s", "m", 0.5, LINEAR), ("s", "n", 0.5)]
    assert problems(tmp_path, made_of(*scaled, missing="lowest")) == [
        "model.yaml: components: must have percentiles only, unless missing is shared"
    ]
    model = load(tmp_path, made_of(*scaled))
    assert model.ranked_metrics == ("n",)


def test_scores_of_scores_come_after_them(tmp_path: Path) -> None:
    parts = [("a", "m", 1), ("b", "n", 1)]
    whole = [("total", "a_score", 0.5, LINEAR), ("total", "b_score", 0.5, LINEAR)]
    model = load(tmp_path, made_of(*parts, *whole))
    assert model.scores == ("a", "b", "total")
    assert model.levels == (("a", "b"), ("total",))
    assert model.overall == "total"
    assert problems(tmp_path, made_of(*whole, *parts)) == [
        "model.yaml: components: must have total_score after a_score, which must be made of measures alone; "
        "must have total_score after b_score, which must be made of measures alone"
    ]


def test_score_of_measures_alone_is_the_only_level(tmp_path: Path) -> None:
    assert load(tmp_path).levels == (("profitability", "adherence"),)
    assert load(tmp_path).overall == "adherence"


def test_score_of_scores_is_no_part_of_another_nor_of_itself(tmp_path: Path) -> None:
    two = [("a", "m", 1), ("b", "a_score", 1, LINEAR), ("c", "b_score", 1, LINEAR)]
    assert problems(tmp_path, made_of(*two)) == [
        "model.yaml: components: must have c_score after b_score, which must be made of measures alone"
    ]
    assert problems(tmp_path, made_of(("a", "m", 0.5), ("a", "a_score", 0.5, LINEAR))) == [
        "model.yaml: components: must have a_score after a_score, which must be made of measures alone"
    ]


@pytest.mark.parametrize(
    "scale", [None, {"type": "steps", "steps": [{"at_least": 50, "scaled": 100}], "otherwise": 0}]
)
def test_score_in_a_score_has_a_linear_scale(tmp_path: Path, scale: Content | None) -> None:
    assert problems(tmp_path, made_of(("a", "m", 1), ("b", "a_score", 1, scale))) == [
        "model.yaml: components: must have a linear scale for a_score: a score has no percentile"
    ]


@pytest.mark.parametrize("place", [("components", 0, "metric"), ("components", 0, "score"), ("name",)])
@pytest.mark.parametrize("name", ["total_revenue; DROP TABLE x", "a`b", "Total", "1st", "", "a\n", "a" * 64])
def test_names_are_plain_lower_case(tmp_path: Path, place: tuple[Any, ...], name: str) -> None:
    told = problems(tmp_path, setting(*place, name))
    assert any(f"{'.'.join(map(str, place))}: " in problem and repr(name) in problem for problem in told)


def test_direction_is_one_of_two(tmp_path: Path) -> None:
    assert problems(tmp_path, setting("components", 0, "direction", "lower")) == [
        "model.yaml: components.0.direction: must be 'higher_is_better' or 'lower_is_better', got 'lower'"
    ]


@pytest.mark.parametrize("key", ["components", "tiers", "flags"])
def test_empty_lists_are_refused(tmp_path: Path, key: str) -> None:
    assert [p for p in problems(tmp_path, setting(key, [])) if p.startswith(f"model.yaml: {key}: ")]


@pytest.mark.parametrize(
    ("change", "key"),
    [
        (setting("tiers", 0, "when", "all", 1, "threshold", "high"), "tiers: 0"),
        (setting("flags", 0, "when", "threshold", "high"), "flags: 0"),
        (
            setting("exclusions", 1, "when", {"metric": "a", "operator": "=", "threshold": "high"}),
            "exclusions: 1",
        ),
    ],
    ids=["nested", "flag", "exclusion"],
)
def test_unknown_threshold_is_told_with_the_known_ones(
    tmp_path: Path, change: Callable[[Content], object], key: str
) -> None:
    told = problems(tmp_path, change)
    assert told == [f"model.yaml: {key}: must name one of thresholds {THRESHOLDS}, got 'high'"]


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf"), "NaN"])
def test_threshold_must_be_finite(tmp_path: Path, value: object) -> None:
    told = problems(tmp_path, setting("thresholds", "high_adherence", value))
    assert told == [f"model.yaml: thresholds.high_adherence: must be a finite number, got {value!r}"]


def test_threshold_is_exact(tmp_path: Path) -> None:
    model = load(tmp_path, setting("thresholds", "high_adherence", 69.999999))
    assert model.thresholds["high_adherence"] == Decimal("69.999999")


def test_threshold_must_fit_a_decimal(tmp_path: Path) -> None:
    assert problems(tmp_path, setting("thresholds", "high_adherence", "1" * 40))


@pytest.mark.parametrize("key", ["tiers", "flags"])
@pytest.mark.parametrize(
    "change",
    [lambda rules: rules.pop(), lambda rules: rules[0].pop("when"), lambda rules: rules.reverse()],
    ids=["missing", "two", "first"],
)
def test_last_rule_alone_is_the_fallback(
    tmp_path: Path, key: str, change: Callable[[list[Content]], object]
) -> None:
    assert problems(tmp_path, lambda content: change(content[key])) == [
        f"model.yaml: {key}: must have when in all but the last, which is for everybody else"
    ]


def test_exclusion_needs_a_condition(tmp_path: Path) -> None:
    told = problems(tmp_path, lambda content: content["exclusions"][0].pop("when"))
    assert told == ["model.yaml: exclusions.0.when: must be given"]


def test_tier_must_not_be_called_like_the_total_row(tmp_path: Path) -> None:
    told = problems(tmp_path, setting("tiers", 3, "tier", "total"))
    assert len(told) == 1
    assert told[0].startswith("model.yaml: tiers: must ")
    assert "total" in told[0]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (setting("tiers", 3, "tier", "A"), "tiers: must have each tier once, got more of A"),
        (setting("flags", 1, "flag", "XSELL"), "flags: must have each flag once, got more of XSELL"),
        (
            setting("exclusions", 1, "reason", "no_event_in_window"),
            "exclusions: must have each reason once, got more of no_event_in_window",
        ),
        (
            setting("peer_group", ["region", "region"]),
            "peer_group: must have each column once, got more of region",
        ),
    ],
)
def test_names_are_given_once(tmp_path: Path, change: Callable[[Content], object], told: str) -> None:
    assert problems(tmp_path, change) == [f"model.yaml: {told}"]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (setting("tiers", 3, "tier", 1), "tiers.3.tier: must be text, got 1"),
        (setting("peer_group", "region"), "peer_group: must be a list, got 'region'"),
        (setting("window_months", "a year"), "window_months: must be a whole number, got 'a year'"),
        (setting("window_months", 1.5), "window_months: must be a whole number, got 1.5"),
        (setting("thresholds", [70]), "thresholds: must be a mapping (key: value), got [70]"),
    ],
)
def test_value_of_another_shape_is_told_with_its_key(
    tmp_path: Path, change: Callable[[Content], object], told: str
) -> None:
    assert f"model.yaml: {told}" in problems(tmp_path, change)


ONE = {"metric": "total_events", "operator": "=", "value": 1}


@pytest.mark.parametrize(
    ("condition", "given"),
    [
        ({}, []),
        ({"metric": "total_events"}, ["metric"]),
        ({"metric": "total_events", "operator": "="}, ["metric", "operator"]),
        ({"operator": "=", "value": 1}, ["operator", "value"]),
        ({**ONE, "threshold": "high_adherence"}, ["metric", "operator", "threshold", "value"]),
        ({**ONE, "times": 2}, ["metric", "operator", "times", "value"]),
        ({**ONE, "months_before_as_of": 1}, ["metric", "months_before_as_of", "operator", "value"]),
        ({"all": [ONE], "any": [ONE]}, ["all", "any"]),
        ({**ONE, "all": [ONE]}, ["all", "metric", "operator", "value"]),
        ({**ONE, "operator": "missing"}, ["metric", "operator", "value"]),
        ({"operator": "present"}, ["operator"]),
    ],
)
def test_condition_has_one_of_four_forms(tmp_path: Path, condition: Content, given: list[str]) -> None:
    assert problems(tmp_path, when(**condition)) == [
        "model.yaml: flags.0.when: must be {metric, operator, and one of value, threshold (with times, if "
        "wanted), months_before_as_of}, {metric, operator: missing or present}, {all: [...]}, or "
        "{any: [...]}, "
        f"got {given}"
    ]


@pytest.mark.parametrize("join", ["all", "any"])
def test_joined_condition_has_parts(tmp_path: Path, join: str) -> None:
    assert problems(tmp_path, when(**{join: []})) == [
        "model.yaml: flags.0.when: must have at least one condition below all or any"
    ]


def test_condition_is_never_sql(tmp_path: Path) -> None:
    assert problems(tmp_path, setting("flags", 0, "when", "days_since_last_event >= 90")) == [
        "model.yaml: flags.0.when: must be a mapping (key: value), got 'days_since_last_event >= 90'"
    ]


def test_operator_is_one_of_eight(tmp_path: Path) -> None:
    assert problems(tmp_path, when(**{**ONE, "operator": "=="})) == [
        "model.yaml: flags.0.when.operator: must be '=', '!=', '<', '<=', '>', '>=', 'missing' or 'present', "
        "got '=='; did you mean '='?"
    ]


@pytest.mark.parametrize("value", [float("nan"), [1], {"a": 1}])
def test_condition_compares_with_one_plain_value(tmp_path: Path, value: object) -> None:
    told = problems(tmp_path, when(**{**ONE, "value": value}))
    assert all(problem.startswith("model.yaml: flags.0.when.value") for problem in told)


@pytest.mark.parametrize("key", ["metric", "operator", "value"])
def test_condition_has_no_nulls(tmp_path: Path, key: str) -> None:
    assert problems(tmp_path, when(**{**ONE, key: None}))


def test_months_before_as_of_are_limited(tmp_path: Path) -> None:
    assert problems(tmp_path, when(metric="first_event_date", operator=">", months_before_as_of=10**10))


@pytest.mark.parametrize(
    ("value", "kind"), [(1, Decimal), (0.5, Decimal), (True, bool), ("1", str), ("2024-01-01", str)]
)
def test_value_of_a_condition_keeps_its_kind(value: object, kind: type) -> None:
    condition = Condition.model_validate({**ONE, "value": value})
    assert type(condition.value) is kind
    assert str(condition.value) == str(value)


def test_comparisons_are_found_in_nested_conditions() -> None:
    nested = Condition.model_validate(
        {"all": [ONE, {"any": [{**ONE, "metric": "a"}, {**ONE, "metric": "b"}]}]}
    )
    assert [comparison.metric for comparison in nested.comparisons()] == ["total_events", "a", "b"]


def test_a_model_reduced_to_one_score_forgets_the_others() -> None:
    model = load_model("profitability_adherence")
    assert model.levels == (("profitability", "adherence"),)

    reduced = model.only("adherence")

    assert reduced.levels == (("adherence",),)
    assert set(reduced.ranked_metrics) == {each.metric for each in model.components_of("adherence")}
    assert reduced.exclusions == model.exclusions


def test_conditions_are_listed_with_their_places() -> None:
    places = [place for place, _ in load_model("profitability_adherence").conditions()]
    assert places == [
        "exclusions.0.when",
        "exclusions.1.when",
        *(f"tiers.{position}.when" for position in range(3)),
        *(f"flags.{position}.when" for position in range(5)),
    ]


@pytest.mark.parametrize(
    "name",
    [
        *("runs", "data_quality", "customer_tiers", "customer_features", "tier_decisions", "tier_migration"),
        *("quarantine_fct_revenues", "quarantine_anything", "shared", "score_components"),
    ],
)
def test_model_is_not_called_like_what_is_published(tmp_path: Path, name: str) -> None:
    (told,) = problems(tmp_path, setting("name", name))
    assert told.startswith(f"model.yaml: name: must be a name of its own, got {name!r}, which is that of ")
    for variant in (name.upper(), name.capitalize()):
        (told,) = problems(tmp_path, setting("name", variant))
        assert told.startswith("model.yaml: name: must match pattern")


def test_model_may_be_called_nearly_like_a_table(tmp_path: Path) -> None:
    for name in ("run", "runs_of_ours", "quarantine", "customer_tier", "our_shared"):
        assert load(tmp_path, setting("name", name)).name == name
