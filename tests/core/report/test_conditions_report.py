"""How many customers each condition takes, and how high scores can get, beside a count by hand."""

from datetime import date
from typing import Any

from pyspark.sql import DataFrame, SparkSession

from jobs.core.config.model import ScoringModel
from jobs.core.report.conditions_report import conditions_findings

AS_OF = date(2024, 12, 31)
MODEL: dict[str, Any] = {
    "name": "own",
    "description": "Own",
    "window_months": 12,
    "thresholds": {"high": 70},
    "components": [
        {"score": "money", "metric": "total_revenue", "weight": 0.6},
        {"score": "money", "metric": "days", "weight": 0.4, "direction": "lower_is_better"},
    ],
    "tiers": [
        {
            "tier": "A",
            "name": "Best",
            "when": {"metric": "money_score", "operator": ">=", "threshold": "high"},
        },
        {"tier": "B", "name": "Good", "when": {"metric": "money_score", "operator": ">=", "value": 40}},
        {"tier": "C", "name": "Rest"},
    ],
    "flags": [
        {
            "flag": "LATE",
            "recommended_action": "Call",
            "when": {"metric": "days", "operator": ">", "value": 5},
        },
        {
            "flag": "LATER",
            "recommended_action": "Run",
            "when": {"metric": "days", "operator": ">", "value": 8},
        },
        {"flag": "NONE", "recommended_action": "-", "when": {"metric": "days", "operator": ">", "value": 99}},
        {"flag": "NEW", "recommended_action": "-", "when": {"metric": "gone", "operator": "present"}},
        {"flag": "REGULAR", "recommended_action": "Wait"},
    ],
}
# Nobody has a NULL counted as anything; two lead in revenue, of whom none leads in days.
ROWS = """SELECT * FROM VALUES
    (75.0BD, 3, 30.0BD, 10.0BD), (69.9BD, 9, 30.0BD, 20.5BD), (40.0BD, NULL, 0.0BD, 39.5BD),
    (1.0BD, 6, 0.0BD, 0.0BD)
    AS t (money_score, days, total_revenue_points, days_points)"""


def told(rows: DataFrame, **changes: Any) -> dict[str, tuple[str, str]]:
    model = ScoringModel.model_validate({**MODEL, **changes})
    return {each.check: (each.verdict, each.detail) for each in conditions_findings(model, rows, AS_OF)}


def meets(all_of_them: int, earlier: int) -> str:
    return f"{all_of_them} of 4 customers meet it, {earlier} of them an earlier one too"


def test_each_condition_tells_whom_it_takes(spark: SparkSession) -> None:
    assert told(spark.sql(ROWS)) == {
        "tier A": ("ok", meets(1, 0)),
        "tier B": ("ok", meets(3, 1)),
        "flag LATE": ("ok", meets(2, 0)),
        "flag LATER": ("look", meets(1, 1)),
        "flag NONE": ("look", meets(0, 0)),
        "money score within reach": ("look", "with the ties found nobody can have more than 69.5"),
    }


def test_a_limit_that_can_be_reached_is_fine_and_shared_weights_have_no_highest_score(
    spark: SparkSession,
) -> None:
    rows = spark.sql(ROWS)
    assert told(rows, thresholds={"high": 69.5})["money score within reach"][0] == "ok"
    assert "money score within reach" not in told(rows, missing="shared")
    assert "money score within reach" not in told(rows.drop("days_points"))
    assert told(rows.limit(0)) == {}
