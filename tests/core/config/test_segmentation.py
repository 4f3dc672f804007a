"""Segments of a model: the rule of each change, and what is refused. Starts no Spark."""

from collections.abc import Callable
from copy import deepcopy
from decimal import Decimal
from typing import Any

import pytest
import yaml

from jobs.core.config.documents import validate
from jobs.core.config.model import ScoringModel
from jobs.core.config.segmentation import Segmentation
from jobs.core.runtime.errors import ConfigurationError
from tests.conftest import CHECKOUT

Content = dict[str, Any]
SHIPPED: Content = yaml.safe_load((CHECKOUT / "conf/models/value_potential_strategic.yaml").read_text())
TIERS = ["Enterprise", "Growth", "Scale", "Tech-touch"]
VALUE = ["Enterprise", "Mid-Market", "SMB", "Starter"]
BEHAVIOR = [
    "At-Risk",
    "Declining",
    "Champions",
    "Power Users",
    "Expanding",
    "Light Touch",
    "Steady State",
    "unknown",
]


def rule(name: str, axis: str, start: str, end: str, mode: str = "automatic") -> Content:
    """One migration rule."""
    ends = {"axis": axis, "from": start, "to": end}
    return {"rule": name, **ends, "mode": mode, "trigger": "Something", "action": "Act"}


def model(change: Callable[[Content], object] | None = None) -> ScoringModel:
    """The shipped model with a change."""
    content = deepcopy(SHIPPED)
    if change:
        change(content)
    return validate(ScoringModel, content, "model.yaml")


def problems(change: Callable[[Content], object]) -> list[str]:
    with pytest.raises(ConfigurationError) as refused:
        model(change)
    return [problem.removeprefix("model.yaml: ") for problem in refused.value.problems]


def segments_problems(change: Callable[[Content], object]) -> list[str]:
    """What is wrong with the shipped segments after a change."""
    return problems(lambda content: change(content["segments"]))


def ruled(*rules: Content) -> Segmentation:
    """The shipped segments with other migration rules."""
    content: Content = {**SHIPPED["segments"], "migration_rules": list(rules)}
    return validate(Segmentation, content, "model.yaml")


def by_change(*rules: Content) -> dict[tuple[str, str | None, str], str]:
    """The name of the rule of each change."""
    changes = ruled(*rules).rules_by_change(TIERS)
    return {change: found.rule for change, found in changes.items()}


def test_first_rule_that_fits_a_change_is_its_rule() -> None:
    special = rule("special", "value_segment", "SMB", "Starter", "manual")
    falls = rule("falls", "value_segment", "any", "Starter")
    again = rule("again", "value_segment", "SMB", "any")
    first = {
        ("value_segment", "SMB", "Starter"): "special",
        ("value_segment", "Enterprise", "Starter"): "falls",
        ("value_segment", "Mid-Market", "Starter"): "falls",
        ("value_segment", "SMB", "Enterprise"): "again",
        ("value_segment", "SMB", "Mid-Market"): "again",
    }
    assert by_change(special, falls, again) == first
    assert by_change(falls, special, again) == {**first, ("value_segment", "SMB", "Starter"): "falls"}


def test_any_is_every_other_value_of_the_axis() -> None:
    every = by_change(rule("every", "value_segment", "any", "any"))
    assert every == {("value_segment", a, b): "every" for a in VALUE for b in VALUE if a != b}
    from_any = by_change(rule("in", "tier", "any", "Growth"))
    assert from_any == {("tier", tier, "Growth"): "in" for tier in TIERS if tier != "Growth"}
    to_any = by_change(rule("out", "tier", "Growth", "any"))
    assert to_any == {("tier", "Growth", tier): "out" for tier in TIERS if tier != "Growth"}


def test_to_any_is_not_to_churned_but_any_segment_can_be_left() -> None:
    assert by_change(rule("out", "behavior_segment", "Declining", "any")) == {
        ("behavior_segment", "Declining", segment): "out" for segment in BEHAVIOR if segment != "Declining"
    }
    assert by_change(rule("left", "behavior_segment", "any", "churned", "manual")) == {
        ("behavior_segment", segment, "churned"): "left" for segment in BEHAVIOR
    }


def test_who_had_no_health_state_is_matched_by_any_alone() -> None:
    at_risk, healthy = "At-Risk", "Healthy"
    assert by_change(rule("any", "health_state", "any", at_risk)) == {
        ("health_state", healthy, at_risk): "any",
        ("health_state", None, at_risk): "any",
    }
    assert by_change(
        rule("fell", "health_state", healthy, at_risk), rule("any", "health_state", "any", "any")
    ) == {
        ("health_state", healthy, at_risk): "fell",
        ("health_state", None, at_risk): "any",
        ("health_state", at_risk, healthy): "any",
        ("health_state", None, healthy): "any",
    }


def test_shipped_rules_cover_every_change_of_value() -> None:
    changes = model().segmentation.rules_by_change(TIERS)
    value = {(a, b) for a in VALUE for b in VALUE if a != b}
    assert {(start, end) for axis, start, end in changes if axis == "value_segment"} == value
    assert changes["value_segment", "Mid-Market", "Enterprise"].mode == "manual"
    assert ("behavior_segment", "Declining", "churned") in changes


def test_model_without_segments_has_none() -> None:
    plain = model(lambda content: content.pop("segments"))
    assert plain.segments is None
    with pytest.raises(ValueError, match="value_potential_strategic has no segments"):
        plain.segmentation  # noqa: B018


def test_segments_need_health() -> None:
    assert problems(lambda content: content.pop("health")) == [
        "(the document): must have health beside segments"
    ]


@pytest.mark.parametrize("key", ["value", "behavior", "risk"])
def test_last_segment_alone_is_for_everybody_else(key: str) -> None:
    told = f"segments.{key}: must have when in all but the last, which is for everybody else"
    assert segments_problems(lambda content: content[key].reverse()) == [told]
    assert segments_problems(lambda content: content[key].pop()) == [told]


@pytest.mark.parametrize(
    ("key", "label", "name"),
    [("value", "segment", "Enterprise"), ("behavior", "segment", "At-Risk"), ("risk", "level", "high")],
)
def test_segments_and_levels_are_given_once(key: str, label: str, name: str) -> None:
    assert segments_problems(lambda content: content[key].insert(0, content[key][0])) == [
        f"segments.{key}: must have each {label} once, got more of {name}"
    ]


@pytest.mark.parametrize(
    ("key", "label", "name"),
    [
        ("service_levels", "service_level", "Enterprise"),
        ("migration_rules", "rule", "smb_to_mid_market"),
        ("alerts", "alert", "at_risk_in_top_segment"),
    ],
)
def test_names_are_given_once(key: str, label: str, name: str) -> None:
    assert segments_problems(lambda content: content[key].append(content[key][0])) == [
        f"segments: must have each {label} once, got more of {name}"
    ]


def test_service_level_of_a_segment_is_known() -> None:
    assert segments_problems(lambda content: content["value"][2].update(service_level="Gold")) == [
        "segments: must have service_level of SMB among Enterprise, Mid-Market, SMB, Tech-Touch, got 'Gold'"
    ]


def test_limits_of_health_are_in_order() -> None:
    assert segments_problems(lambda content: content["health"].update(healthy_above=39.9)) == [
        "(the document): segments.health: must have healthy_above at least at_risk_below, got 39.9 and 40"
    ]
    equal = model(lambda content: content["segments"]["health"].update(healthy_above=40))
    assert equal.segmentation.health.limits(equal.thresholds) == (Decimal(40), Decimal(40))


def test_limits_of_health_are_numbers_or_name_thresholds() -> None:
    known = sorted(SHIPPED["thresholds"])
    assert segments_problems(lambda content: content["health"].update(healthy_above="hihg_health")) == [
        f"(the document): segments.health.healthy_above: must be a number or one of thresholds {known}, "
        "got 'hihg_health'; did you mean 'high_health'?"
    ]
    numbers = model(
        lambda content: content["segments"]["health"].update(at_risk_below=39.5, healthy_above="60.25")
    )
    assert numbers.segmentation.health.limits({}) == (Decimal("39.5"), Decimal("60.25"))


@pytest.mark.parametrize(
    ("wrong", "kind"), [(True, "number"), ([40], "number"), ("Infinity", "finite number")]
)
def test_limit_of_health_that_is_neither_is_told_in_one_message(wrong: object, kind: str) -> None:
    assert segments_problems(lambda content: content["health"].update(at_risk_below=wrong)) == [
        f"segments.health.at_risk_below: must be a {kind} or the name of a threshold, got {wrong!r}"
    ]


STATES = "['At-Risk', 'Healthy', 'any']"
WAITING = "must be automatic: only value segments and what leads to churned wait for a decision"


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (
            rule("own", "value_segment", "smb", "Starter"),
            f"from must be one of {sorted([*VALUE, 'any'])}, got 'smb'; did you mean 'SMB'?",
        ),
        (
            rule("own", "value_segment", "SMB", "churned"),
            f"to must be one of {sorted([*VALUE, 'any'])}, got 'churned'",
        ),
        (rule("own", "health_state", "At-Risk", "Well"), f"to must be one of {STATES}, got 'Well'"),
        (
            rule("own", "behavior_segment", "churned", "Declining"),
            f"from must be one of {sorted([*BEHAVIOR, 'any'])}, got 'churned'",
        ),
        (rule("own", "behavior_segment", "any", "Declining", "manual"), WAITING),
        (rule("own", "health_state", "any", "At-Risk", "manual"), WAITING),
        (rule("own", "tier", "any", "Growth", "manual"), WAITING),
    ],
)
def test_migration_rule_that_cannot_fire_is_refused(given: Content, told: str) -> None:
    assert segments_problems(lambda content: content["migration_rules"].append(given)) == [
        f"segments: migration rule own: {told}"
    ]


@pytest.mark.parametrize(
    "given",
    [
        rule("own", "value_segment", "any", "any", "manual"),
        rule("own", "behavior_segment", "any", "churned", "manual"),
        rule("own", "behavior_segment", "Champions", "churned"),
        rule("own", "tier", "Growth", "any"),
    ],
)
def test_migration_rule_that_can_fire_is_fine(given: Content) -> None:
    accepted = model(lambda content: content["segments"]["migration_rules"].append(given))
    assert accepted.segmentation.migration_rules[-1].rule == "own"


def test_tiers_of_rules_and_of_memory_are_the_models() -> None:
    among = "must name tiers among Enterprise, Growth, Scale, Tech-touch"
    unknown = rule("own", "tier", "Gold", "any")
    assert segments_problems(lambda content: content["migration_rules"].append(unknown)) == [
        f"(the document): segments.migration_rules: own {among}, got 'Gold'"
    ]
    stays = {"stays_while": {"Gold": {"metric": "arr", "operator": ">", "value": 1}}}
    assert segments_problems(lambda content: content.update(tier_memory=stays)) == [
        f"(the document): segments.tier_memory.stays_while {among}, got 'Gold'"
    ]


def test_thresholds_of_segments_and_counts_are_the_models() -> None:
    def change(content: Content) -> None:
        unknown = {"metric": "arr", "operator": ">", "threshold": "sky"}
        content["segments"]["matrix"]["high_value"] = unknown
        content["segments"]["value"][0]["when"] = {"any": [unknown]}
        content["counts"]["churn_signals"][0] = unknown

    known = sorted(SHIPPED["thresholds"])
    (told,) = problems(change)
    places = ["counts.churn_signals.0", "segments.value.0.when", "segments.matrix.high_value"]
    assert told == "(the document): " + "; ".join(
        f"{place}: must name one of thresholds {known}, got 'sky'" for place in places
    )


def test_conditions_are_listed_with_their_places() -> None:
    stays = {"stays_while": {"Growth": {"metric": "total_score", "operator": ">=", "value": 55}}}
    changed = model(lambda content: content["segments"].update(tier_memory=stays))
    places = [place for place, _ in changed.segmentation.conditions()]
    assert places == [
        *(f"segments.value.{n}.when" for n in range(3)),
        *(f"segments.behavior.{n}.when" for n in range(7)),
        *(f"segments.risk.{n}.when" for n in range(2)),
        *(f"segments.alerts.{n}.when" for n in range(9)),
        "segments.matrix.high_value",
        "segments.matrix.high_health",
        "segments.tier_memory.stays_while.Growth",
    ]


def test_who_has_left_is_known_by_an_exclusion_of_that_name() -> None:
    def change(content: Content) -> None:
        content["exclusions"] = [each for each in content["exclusions"] if each["reason"] != "cancelled"]

    (said,) = problems(change)
    assert "declining_to_churned: must have an exclusion called cancelled beside it" in said


def test_keys_about_service_levels_are_taken_under_their_earlier_names(
    capsys: pytest.CaptureFixture[str],
) -> None:
    content = deepcopy(SHIPPED)
    earlier = {
        "customers_per_csm": "customers_a_csm",
        "qbrs_per_year": "qbrs_a_year",
        "touches_per_year": "touches_a_year",
    }
    for level in content["segments"]["service_levels"]:
        for now, was in earlier.items():
            level[was] = level.pop(now)
    assert validate(ScoringModel, content, "mine.yaml") == model()
    assert capsys.readouterr().err.count("Warning: mine.yaml: ") == len(earlier)
