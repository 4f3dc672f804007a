from datetime import date

from pyspark.sql import SparkSession

from jobs.core.config.model import load_model
from jobs.core.config.table_registry import types_of
from jobs.core.pipeline.engine import Engine
from jobs.core.publish.decisions import FIELDS, TABLE
from tests.conftest import Row
from tests.generate_profiles import FAULTS, decision

NAMES = list(types_of(TABLE))
OVERRIDE = decision("c1", "tier", "override", "Scale", date(2024, 1, 1), expires=date(2025, 1, 1))


def counting(spark: SparkSession, *decisions: Row) -> list[bool]:
    """Which of the decisions count, in their order."""
    rows = [
        tuple({**row, "decided_by": str(place)}[name] for name in NAMES)
        for place, row in enumerate(decisions)
    ]
    given = spark.createDataFrame(rows, FIELDS).coalesce(1)
    model = load_model("value_potential_strategic")
    with Engine(spark, model=model, tier_decisions=given) as engine:
        result = engine.table("judged_decisions").collect()
    assert [field for field in result[0].asDict() if field != "counts"] == NAMES
    return [row["counts"] for row in sorted(result, key=lambda row: int(row["decided_by"]))]


def test_each_axis_can_be_overridden_and_only_what_waits_be_decided(spark: SparkSession) -> None:
    segments = {
        "tier": "Growth",
        "value_segment": "Mid-Market",
        "behavior_segment": "Champions",
        "health_state": "Healthy",
    }
    given = {
        kind: [
            {**OVERRIDE, "decision": kind, "axis": axis, "value": value} for axis, value in segments.items()
        ]
        for kind in ("override", "approve", "reject")
    }

    assert counting(spark, *given["override"], *given["approve"], *given["reject"]) == [
        *(True, True, True, True),
        *(False, True, False, False),
        *(False, True, False, False),
    ]


def test_one_that_says_too_little_or_what_the_model_does_not_know_does_not(spark: SparkSession) -> None:
    faulty = [{**OVERRIDE, **fault} for fault in FAULTS]

    assert counting(spark, OVERRIDE, *faulty) == [True] + [False] * len(faulty)


def test_only_an_override_needs_a_reason_and_an_end_and_a_rejection_no_segment(spark: SparkSession) -> None:
    bare = {**OVERRIDE, "axis": "value_segment", "value": "SMB", "reason": None, "expires": None}

    assert counting(
        spark,
        {**bare, "decision": "approve"},
        {**bare, "decision": "reject"},
        {**bare, "decision": "reject", "value": None},
        {**bare, "decision": "approve", "value": None},
    ) == [True, True, True, False]


def test_a_customer_can_be_agreed_to_have_left_but_not_put_among_those_who_did(spark: SparkSession) -> None:
    left = {**OVERRIDE, "axis": "behavior_segment", "value": "churned"}

    assert counting(spark, *({**left, "decision": kind} for kind in ("approve", "reject", "override"))) == [
        True,
        True,
        False,
    ]
