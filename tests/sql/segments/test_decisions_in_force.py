from datetime import date

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F  # noqa: N812

from tests.sql.segments.shapes import DECISIONS_IN_FORCE
from tests.sql.steps import assert_rows, run_step, table

GIVEN = (
    "customer_key STRING, axis STRING, decision STRING, value STRING, decided_by STRING, reason STRING, "
    "valid_from DATE, expires DATE, recorded_at TIMESTAMP"
)
# recorded_at is text here, and parsed.
AS_TEXT = GIVEN.replace("recorded_at TIMESTAMP", "recorded_at STRING")
EARLY, LATE = "2024-01-01 00:00:00", "2024-01-01 00:00:01"

Decision = tuple[str | None, ...]


def decision(
    value: str | None,
    valid_from: str,
    *,
    expires: str | None = None,
    recorded_at: str = EARLY,
    axis: str = "tier",
    customer_key: str = "c1",
) -> Decision:
    """An override; its reason is that of all others."""
    return (customer_key, axis, "override", value, "Eve", "Why", valid_from, expires, recorded_at)


def decisions_in_force(spark: SparkSession, *decisions: Decision) -> DataFrame:
    given = table(spark, AS_TEXT, decisions)
    typed = given.withColumn("recorded_at", given["recorded_at"].cast("timestamp"))
    inputs = {"judged_decisions": typed.withColumn("counts", F.col("decided_by") != F.lit("Nobody"))}
    return run_step(spark, "segments", "decisions_in_force", inputs, as_of=date(2024, 12, 31))


def override(value: str | None) -> tuple[str | None, ...]:
    return ("override", value, "Eve", "Why")


def test_a_decision_counts_from_its_first_day_until_it_expires(spark: SparkSession) -> None:
    result = decisions_in_force(
        spark,
        decision("A", "2024-12-31", customer_key="from today"),
        decision("A", "2025-01-01", customer_key="from tomorrow"),
        decision("A", "2024-01-01", expires="2025-01-01", customer_key="until tomorrow"),
        decision("A", "2024-01-01", expires="2024-12-31", customer_key="until today"),
    )

    assert_rows(
        result,
        DECISIONS_IN_FORCE,
        ("from today", override("A"), None, None, None),
        ("until tomorrow", override("A"), None, None, None),
    )


def test_each_axis_has_its_own(spark: SparkSession) -> None:
    result = decisions_in_force(
        spark,
        decision("A", "2024-01-01"),
        decision("SMB", "2024-01-02", axis="value_segment"),
        decision("Declining", "2024-01-03", axis="behavior_segment"),
        decision("Healthy", "2024-01-04", axis="health_state"),
        decision("Starter", "2024-01-05", axis="value_segment", customer_key="C1"),
    )

    assert_rows(
        result,
        DECISIONS_IN_FORCE,
        ("c1", override("A"), override("SMB"), override("Declining"), override("Healthy")),
        ("C1", None, override("Starter"), None, None),
    )


def test_of_several_the_latest_first_day_counts_then_the_latest_recorded(spark: SparkSession) -> None:
    result = decisions_in_force(
        spark,
        decision("A", "2024-01-01", recorded_at=LATE),
        decision("B", "2024-01-02", recorded_at=EARLY),
        decision("C", "2024-01-03", expires="2024-01-04", recorded_at=LATE),
        decision("A", "2024-01-01", recorded_at=EARLY, customer_key="c2"),
        decision("B", "2024-01-01", recorded_at=LATE, customer_key="c2"),
        decision("C", "2024-01-01", recorded_at=EARLY, customer_key="c2"),
    )

    assert_rows(
        result,
        DECISIONS_IN_FORCE,
        ("c1", override("B"), None, None, None),
        ("c2", override("B"), None, None, None),
    )


def test_of_several_recorded_at_once_the_first_in_binary_order_counts(spark: SparkSession) -> None:
    def given(key: str, decided: str, value: str | None, by: str, reason: str | None) -> Decision:
        return (key, "value_segment", decided, value, by, reason, "2024-01-01", None, EARLY)

    result = decisions_in_force(
        spark,
        given("c1", "reject", "A", "Abe", "x"),
        given("c1", "approve", "Z", "Zoe", "x"),
        given("c2", "approve", "a", "Abe", "x"),
        given("c2", "approve", "Z", "Zoe", "x"),
        given("c3", "reject", None, "Abe", "x"),
        given("c3", "reject", "Z", "Zoe", "x"),
        given("c4", "reject", None, "Eve", None),
        given("c4", "reject", None, "Eve", "x"),
    )

    assert_rows(
        result,
        DECISIONS_IN_FORCE,
        ("c1", None, ("approve", "Z", "Zoe", "x"), None, None),
        ("c2", None, ("approve", "Z", "Zoe", "x"), None, None),
        ("c3", None, ("reject", "Z", "Zoe", "x"), None, None),
        ("c4", None, ("reject", None, "Eve", "x"), None, None),
    )


def test_a_rejection_keeps_that_it_names_no_segment(spark: SparkSession) -> None:
    rejected = ("c1", "value_segment", "reject", None, "Eve", None, "2024-01-01", None, EARLY)

    assert_rows(
        decisions_in_force(spark, rejected),
        DECISIONS_IN_FORCE,
        ("c1", None, ("reject", None, "Eve", None), None, None),
    )


def test_one_that_does_not_count_is_as_if_it_were_not_there(spark: SparkSession) -> None:
    later = ("c1", "tier", "override", "B", "Nobody", "Why", "2024-02-01", None, EARLY)

    assert_rows(
        decisions_in_force(spark, decision("A", "2024-01-01"), later),
        DECISIONS_IN_FORCE,
        ("c1", override("A"), None, None, None),
    )
