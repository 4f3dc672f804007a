"""What sets off a change of an axis, in words. Starts no Spark."""

from copy import deepcopy
from decimal import Decimal
from typing import Any

import pytest
import yaml

from jobs.core.config.conditions import Condition
from jobs.core.config.documents import validate
from jobs.core.config.model import ScoringModel
from jobs.core.config.segmentation import Axis
from jobs.core.config.triggers import trigger
from tests.conftest import CHECKOUT

SHIPPED: dict[str, Any] = yaml.safe_load(
    (CHECKOUT / "conf/models/value_potential_strategic.yaml").read_text()
)
TREND = "events_trend >= -0.2 and events_trend <= 0.2"
STAYS = {"metric": "total_score", "operator": ">=", "value": 55}
USAGE = "total_events_percentile >= 25 and total_events_percentile <= 75"


def changed(memory: int = 1) -> ScoringModel:
    """The shipped model with other limits, which the words follow, and conditions of other forms."""
    content = deepcopy(SHIPPED)
    content["thresholds"] |= {"mid_market_arr": 30000.5, "low_health": 35}
    several = [{"metric": "arr", "operator": "present"}, {"metric": "nps", "operator": "!=", "value": 0}]
    content["segments"]["value"][2]["when"] = {"any": [{"all": several}, several[1]]}
    content["tiers"][0]["when"] = {
        "metric": "total_score",
        "operator": ">=",
        "threshold": "growth_tier",
        "times": 1.5,
    }
    content["segments"]["tier_memory"] = {"snapshots": memory, "stays_while": {"Growth": STAYS}}
    return validate(ScoringModel, content, "model.yaml")


@pytest.mark.parametrize(
    ("axis", "start", "end", "words"),
    [
        ("value_segment", "SMB", "Mid-Market", "arr >= 30,000.5"),
        ("value_segment", "Starter", "Enterprise", "arr > 100,000"),
        ("value_segment", "Enterprise", "Starter", "arr <= 100,000"),
        ("value_segment", "Mid-Market", "SMB", "arr < 30,000.5"),
        ("value_segment", "Starter", "SMB", "(arr is present and nps != 0) or nps != 0"),
        ("value_segment", "SMB", "Starter", "not ((arr is present and nps != 0) or nps != 0)"),
        ("tier", "Growth", "Enterprise", "total_score >= 90"),
        ("tier", "Growth", "Tech-touch", "total_score < 55"),
        ("tier", "Scale", "Tech-touch", "total_score < 40"),
        ("health_state", None, "At-Risk", "health_score < 35"),
        ("health_state", None, "Healthy", "health_score >= 35"),
        ("health_state", "At-Risk", "Healthy", "health_score > 60 for 60 days"),
        ("behavior_segment", "Declining", "churned", "cancelled_on <= as_of"),
        ("behavior_segment", "Declining", "Steady State", f"{USAGE} and {TREND}"),
        ("behavior_segment", "Declining", "unknown", "none of the others"),
    ],
)
def test_words_follow_from_the_conditions(axis: Axis, start: str | None, end: str, words: str) -> None:
    assert trigger(changed(), axis, start, end) == words


def test_words_tell_how_long_a_tier_must_be_another() -> None:
    assert (
        trigger(changed(memory=2), "tier", "Scale", "Growth") == "total_score >= 60 in 2 snapshots in a row"
    )
    assert trigger(changed(memory=2), "value_segment", "Starter", "Enterprise") == "arr > 100,000"


def test_a_part_of_a_threshold_is_exact() -> None:
    condition = Condition.model_validate(
        {"metric": "arr", "operator": ">", "threshold": "huge", "times": "1.2345678"}
    )
    huge = Decimal("123456789012345678901234567890")
    assert condition.limit({"huge": huge}) == Decimal("152415776406035777640603577763.9079420")
