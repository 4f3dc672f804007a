"""The model's expressions against exact arithmetic: each test asks Spark once for many cases."""

import itertools
import json
import operator
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F  # noqa: N812

from jobs.core.config.components import Component
from jobs.core.config.conditions import Condition
from jobs.core.config.model import ScoringModel, load_model
from jobs.core.config.scales import StepScale
from jobs.core.pipeline import expressions, ranking

SHIPPED = load_model("profitability_adherence")
AS_OF = date(2024, 12, 31)
LARGEST = 2**31 - 1  # peers are counted in an INT
WEIGHTS = (1, 7, 333, 1234, 4500, 5500, 9999, 10_000)  # basis points
# Points end in a half only where the others are a multiple of 32.
FEW_PEERS = (*range(1, 24), 33, 65, 97, 321)
COMPONENTS = [
    Component.model_validate(
        {"score": "s", "metric": f"{direction[0]}{weight}", "weight": weight / 10_000, "direction": direction}
    )
    for weight in WEIGHTS
    for direction in ("higher_is_better", "lower_is_better")
]


def changed(**changes: Any) -> ScoringModel:
    return SHIPPED.model_copy(update=changes)


def rule(**condition: Any) -> Condition:
    return Condition.model_validate(condition)


def expected_micro_points(component: Component, below: int, peers: int) -> int:
    """The definition in exact fractions, rounded half up."""
    percentile = Fraction(below, peers - 1) if peers > 1 else Fraction(0)
    scaled = 100 * (1 - percentile if component.direction == "lower_is_better" else percentile)
    return int(Fraction(component.weight) * scaled * 1_000_000 + Fraction(1, 2))


def check_points(spark: SparkSession, cases: list[tuple[int, int]]) -> None:
    """Compares the points of all components in all (below, peers)."""
    frame = spark.createDataFrame(cases, "below INT, peers INT")
    ranked = frame.select("*", *(F.col("below").alias(f"{c.metric}_below") for c in COMPONENTS))
    points = ranked.select("below", "peers", *(expressions.micro_points(c, SHIPPED) for c in COMPONENTS))
    assert {kind for name, kind in points.dtypes if name.endswith("_points")} == {"bigint"}
    rows = points.collect()
    assert len(rows) == len(cases)
    wrong = [
        (component.metric, row["below"], row["peers"], row[f"{component.metric}_points"])
        for row in rows
        for component in COMPONENTS
        if row[f"{component.metric}_points"] != expected_micro_points(component, row["below"], row["peers"])
    ]
    assert wrong == []


def test_points_are_exact_for_every_rank_among_few_peers(spark: SparkSession) -> None:
    check_points(spark, [(below, peers) for peers in FEW_PEERS for below in range(peers)])


def test_points_are_exact_among_as_many_peers_as_can_be_counted(spark: SparkSession) -> None:
    most = [LARGEST, LARGEST - 1, 2**30 + 1, 2**30, 10_000_019]
    belows = [0, 1, 2, 499_999_999, 2**30]
    check_points(
        spark,
        [(b, p) for p in most for b in (*belows, p // 2, p - 2, p - 1) if b < p],
    )


RANKS = st.integers(1, LARGEST).flatmap(lambda peers: st.tuples(st.integers(0, peers - 1), st.just(peers)))


# Without shrinking: each example is a query, and it already tells each wrong case by itself.
@settings(
    max_examples=2,
    phases=[Phase.generate],
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)
@given(cases=st.lists(RANKS, min_size=150, max_size=300))
def test_points_are_exact_for_any_rank(spark: SparkSession, cases: list[tuple[int, int]]) -> None:
    check_points(spark, cases)


def test_cases_hold_ties_that_tell_half_up_from_other_roundings() -> None:
    ties = [
        (component.metric, below, peers)
        for component in COMPONENTS
        for peers in FEW_PEERS[1:]
        for below in range(peers)
        if Fraction(component.weight) * 100_000_000 * Fraction(below, peers - 1) % 1 == Fraction(1, 2)
    ]
    assert len(ties) > 500


@pytest.fixture(scope="module")
def scored(spark: SparkSession) -> list[dict[str, Any]]:
    """A hundred customers with many ties, in two peer groups and one of its own, scored."""
    metrics = [component.metric for component in SHIPPED.components]
    measures = [f"CAST(id * {7 + position} % 11 AS BIGINT) AS {m}" for position, m in enumerate(metrics)]
    group = "CASE WHEN id = 0 THEN 'single' WHEN id % 3 = 0 THEN 'a' ELSE 'b' END AS peer_group"
    ranks = (
        spark.range(100)
        .selectExpr("id", group, *measures)
        .select("*", *ranking.plain_ranks([c.metric for c in SHIPPED.components]))
    )
    assert dict(ranks.dtypes)["peers"] == dict(ranks.dtypes)["total_events_below"] == "int"
    points = ranks.select("*", *(expressions.micro_points(c, SHIPPED) for c in SHIPPED.components))
    scores = points.select("*", *(expressions.micro_score(SHIPPED, score) for score in SHIPPED.scores))
    names = [name for name in scores.columns if name.endswith(("_points", "_score"))]
    rows = scores.select(
        *(name for name in scores.columns if name not in names),
        *(expressions.published_points(name) for name in names),
    )
    assert {kind for name, kind in rows.dtypes if name in names} == {"decimal(9,6)"}
    return [row.asDict() for row in rows.collect()]


def test_below_counts_peers_with_a_strictly_lower_value(scored: list[dict[str, Any]]) -> None:
    for row in scored:
        peers = [other for other in scored if other["peer_group"] == row["peer_group"]]
        assert row["peers"] == len(peers)
        for component in SHIPPED.components:
            lower = [other for other in peers if other[component.metric] < row[component.metric]]
            assert row[f"{component.metric}_below"] == len(lower)


def test_published_points_add_up_to_the_score_to_the_last_digit(scored: list[dict[str, Any]]) -> None:
    for row in scored:
        for score in SHIPPED.scores:
            points = [row[f"{component.metric}_points"] for component in SHIPPED.components_of(score)]
            assert sum(points) == row[f"{score}_score"]
            assert 0 <= row[f"{score}_score"] <= 100


def test_single_peer_has_points_only_where_lower_is_better(scored: list[dict[str, Any]]) -> None:
    (single,) = (row for row in scored if row["peer_group"] == "single")
    points = {c.metric: single[f"{c.metric}_points"] for c in SHIPPED.components}
    assert points.pop("days_since_last_event") == 15
    assert set(points.values()) == {0}


SHARED = ScoringModel.model_validate(
    {
        "name": "own",
        "description": "Own",
        "window_months": 12,
        "missing": "shared",
        "components": [
            {
                "score": "s",
                "metric": "years",
                "weight": 0.22,
                "scale": {
                    "type": "steps",
                    "steps": [{"at_least": 3, "scaled": 100}, {"at_least": 0.5, "scaled": 33.333333}],
                    "otherwise": 20,
                },
            },
            {
                "score": "s",
                "metric": "growth",
                "weight": 0.22,
                "scale": {"type": "linear", "zero_at": -0.2, "full_at": 0.3},
            },
            {
                "score": "s",
                "metric": "used",
                "weight": 0.2,
                "scale": {"type": "linear", "zero_at": 1, "full_at": 0.2},
            },
            {"score": "s", "metric": "high", "weight": 0.18},
            {"score": "s", "metric": "low", "weight": 0.18, "direction": "lower_is_better"},
            {
                "score": "total",
                "metric": "s_score",
                "weight": 0.75,
                "scale": {"type": "linear", "zero_at": 0, "full_at": 100},
            },
            {
                "score": "total",
                "metric": "rating",
                "weight": 0.25,
                "scale": {"type": "linear", "zero_at": 0, "full_at": 3},
            },
        ],
        "tiers": [{"tier": "A", "name": "All"}],
        "flags": [{"flag": "REGULAR", "recommended_action": "Wait"}],
    }
)
# Values of each measure: around its steps and ends, far outside, and none.
MEASURES: dict[str, tuple[str | int | None, ...]] = {
    "years": ("3", "2.999999", "0.5", "0.499999", "-7", None),
    "growth": ("-0.2", "-0.199999", "0.000001", "0.299999", "12345678901.123456", None),
    "used": ("-5", "0.2", "0.600003", "0.999999", "1", None),
    "high": (1, None),
    "low": (1, None),
    "rating": ("1", None),
}
BELOW = {"high": 2, "low": 5}
PEERS = 8


def fraction_scaled(component: Component, value: Fraction, peers: int) -> Fraction:
    """Where a value is on its scale from 0 to 100, as the definition says."""
    scale = component.scale
    if scale is None:
        percentile = Fraction(BELOW[component.metric], peers - 1) if peers > 1 else Fraction(0)
        return 100 * (1 - percentile if component.direction == "lower_is_better" else percentile)
    if isinstance(scale, StepScale):
        reached = [step.scaled for step in scale.steps if value >= Fraction(step.at_least)]
        return Fraction(reached[0] if reached else scale.otherwise)
    along = (value - Fraction(scale.zero_at)) / (Fraction(scale.full_at) - Fraction(scale.zero_at))
    return 100 * min(max(along, Fraction(0)), Fraction(1))


def expected_shared(values: dict[str, Fraction | None], peers: int) -> dict[str, int | None]:
    """Points and scores in whole millionths: weight * scaled over the weight that is there."""
    known, told = dict(values), dict[str, int | None]()
    for score in SHARED.scores:
        components = SHARED.components_of(score)
        present = sum(Fraction(c.weight) for c in components if known[c.metric] is not None)
        points = {}
        for component in components:
            value = known[component.metric]
            if value is not None:
                exact = Fraction(component.weight) * fraction_scaled(component, value, peers) / present
                points[component.metric] = int(exact * 1_000_000 + Fraction(1, 2))
            told[f"{component.metric}_points"] = points.get(component.metric)
        total = sum(points.values()) if points else None
        told[f"{score}_score"] = total
        known[f"{score}_score"] = None if total is None else Fraction(total, 1_000_000)
    return told


@pytest.fixture(scope="module")
def measured(spark: SparkSession) -> DataFrame:
    """Every combination of the values, ranked among some peers or alone."""
    kinds = {name: "INT" if name in BELOW else "DECIMAL(18,6)" for name in MEASURES}
    columns = ", ".join(f"{name} {kind}" for name, kind in kinds.items())
    rows = [
        (*(Decimal(v) if isinstance(v, str) else v for v in values), peers)
        for values in itertools.product(*MEASURES.values())
        for peers in (PEERS, 1)
    ]
    frame = spark.createDataFrame(rows, f"{columns}, peers INT").coalesce(1)
    # Nobody is below a single peer, and NULL is the lowest.
    below = {
        f"{name}_below": F.when((F.col("peers") == 1) | F.col(name).isNull(), 0).otherwise(count)
        for name, count in BELOW.items()
    }
    return frame.withColumns(below)


def test_shared_points_on_scales_are_exact_and_add_up(measured: DataFrame) -> None:
    scores = measured
    for level in SHARED.levels:
        parts = [part for score in level for part in SHARED.components_of(score)]
        points = scores.select("*", *(expressions.micro_points(part, SHARED) for part in parts))
        scores = points.select("*", *(expressions.micro_score(SHARED, score) for score in level))
    told = [name for name in scores.columns if name.endswith(("_points", "_score"))]
    assert {kind for name, kind in scores.dtypes if name in told} == {"bigint"}

    rows = [row.asDict() for row in scores.collect()]
    assert len(rows) == 2 * 6**3 * 2**3
    wrong = []
    for row in rows:
        values = {name: None if row[name] is None else Fraction(row[name]) for name in MEASURES}
        expected = expected_shared(values, row["peers"])
        actual = {name: row[name] for name in told}
        if actual != expected or max(row["s_score"] or 0, row["total_score"] or 0) > 100_000_000:
            wrong.append((row, expected))
    assert wrong == []
    nothing = [row for row in rows if all(row[name] is None for name in MEASURES)]
    assert [(row["s_score"], row["total_score"]) for row in nothing] == [(None, None)] * 2


def test_coverage_is_the_weight_that_is_measured_below_the_overall_score(measured: DataFrame) -> None:
    weights = {part.metric: part.weight for part in SHARED.components}
    rows = measured.select("*", expressions.coverage(SHARED).alias("coverage")).collect()
    for row in rows:
        of_s = sum(weights[name] for name in MEASURES if name != "rating" and row[name] is not None)
        rated = weights["rating"] if row["rating"] is not None else 0
        assert row["coverage"] == weights["s_score"] * of_s + rated


def test_missing_and_present_ask_for_the_measure_alone(spark: SparkSession) -> None:
    frame = spark.createDataFrame([(0, None), (None, date(2024, 1, 1))], "n INT, d DATE").coalesce(1)
    rules = [rule(metric=name, operator=asked) for name in "nd" for asked in ("missing", "present")]
    assert held(frame, *rules) == [(False, True, True, False), (True, False, False, True)]


def test_conditions_that_hold_are_counted(spark: SparkSession) -> None:
    frame = spark.createDataFrame([(1, 1), (1, 2), (2, 2), (None, 1)], "a INT, b INT").coalesce(1)
    ones = [rule(metric=name, operator="=", value=1) for name in "ab"]
    counted = frame.select(expressions.count_of(ones, SHIPPED, AS_OF).alias("c"))
    assert counted.dtypes == [("c", "int")]
    assert [row["c"] for row in counted.collect()] == [2, 1, 0, 1]


def test_percentile_from_0_to_100_rounds_half_up(spark: SparkSession) -> None:
    cases = [(0, 1), (0, 3), (1, 3), (2, 3), (1, 4), (2, 4), (1, 65), (LARGEST - 2, LARGEST)]
    frame = spark.createDataFrame(cases, "m_below INT, peers INT").coalesce(1)
    percentiles = [row[0] for row in frame.select(expressions.micro_percentile("m")).collect()]
    assert percentiles == [
        int(Fraction(100_000_000 * below, max(peers - 1, 1)) + Fraction(1, 2)) for below, peers in cases
    ]


def test_health_is_what_is_given_else_the_fallback(spark: SparkSession) -> None:
    rows = [(Decimal(70), Decimal(10)), (Decimal(0), None), (None, Decimal(10)), (None, None)]
    frame = spark.createDataFrame(
        rows, "given_health_score DECIMAL(18,6), fallback_score DECIMAL(9,6)"
    ).coalesce(1)
    health = frame.select(*expressions.health("adherence"))
    assert health.dtypes == [("health_score", "decimal(18,6)"), ("health_source", "string")]
    assert [tuple(row) for row in health.collect()] == [
        (Decimal(70), "given"),
        (Decimal(0), "given"),
        (Decimal(10), "adherence"),
        (None, None),
    ]


def test_mean_score_is_rounded_half_up(spark: SparkSession) -> None:
    scores = {1: "0.000001 0.000002", 2: "100 99.999999", 3: "33.333333 33.333333 33.333334"}
    rows = [(group, Decimal(score)) for group, text in scores.items() for score in text.split()]
    frame = spark.createDataFrame(rows, "g INT, a_score DECIMAL(9,6)")
    means = frame.groupBy("g").agg(expressions.mean_score("a_score"))
    assert dict(means.collect()) == {
        1: Decimal("0.000002"),
        2: Decimal("100.000000"),  # 99.9999995
        3: Decimal("33.333333"),
    }


OPERATORS = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def held(
    frame: DataFrame, *rules: Condition, as_of: date = AS_OF, model: ScoringModel = SHIPPED
) -> list[tuple[bool, ...]]:
    """For each row, which conditions hold."""
    columns = [expressions.condition(r, model, as_of).alias(f"c{n}") for n, r in enumerate(rules)]
    return [tuple(row) for row in frame.select(*columns).collect()]


def test_comparison_holds_as_its_operator_says_and_never_for_null(spark: SparkSession) -> None:
    values = [None, -1, 0, 1, 2]
    frame = spark.createDataFrame([(value,) for value in values], "measure INT").coalesce(1)
    rules = [rule(metric="measure", operator=sign, value=1) for sign in OPERATORS]
    assert held(frame, *rules) == [
        tuple(value is not None and compare(value, 1) for compare in OPERATORS.values()) for value in values
    ]


def test_nested_conditions_join_as_written(spark: SparkSession) -> None:
    truth = list(itertools.product((0, 1, None), repeat=3))
    frame = spark.createDataFrame(truth, "a INT, b INT, c INT").coalesce(1)
    a, b, c = ({"metric": name, "operator": "=", "value": 1} for name in "abc")
    rules = [
        rule(any=[{"all": [a, b]}, c]),
        rule(all=[{"any": [a, b]}, c]),
        rule(all=[a, {"any": [b, {"all": [c, a]}]}]),
    ]
    expected = []
    for x, y, z in (tuple(value == 1 for value in row) for row in truth):
        expected.append(((x and y) or z, (x or y) and z, x and (y or (z and x))))
    assert held(frame, *rules) == expected


def test_conditions_compare_text_dates_and_booleans(spark: SparkSession) -> None:
    frame = spark.sql(
        """SELECT "it's" AS t, DATE '2024-02-29' AS d, TRUE AS b, CAST(0.3 AS DECIMAL(3,2)) AS n"""
    )
    rules = {
        rule(metric="t", operator="=", value="it's"): True,
        rule(metric="t", operator="=", value="IT'S"): False,
        rule(metric="d", operator=">=", value="2024-02-29"): True,
        rule(metric="d", operator=">", value="2024-02-29"): False,
        rule(metric="b", operator="!=", value=True): False,
        rule(metric="n", operator="=", value=0.3): True,
    }
    assert held(frame, *rules) == [tuple(rules.values())]


def test_threshold_decides_to_the_last_digit(spark: SparkSession) -> None:
    scores = [Decimal("69.999999"), Decimal("70.000000"), Decimal("70.000001")]
    frame = spark.createDataFrame([(score,) for score in scores], "adherence_score DECIMAL(9,6)").coalesce(1)
    at_least = rule(metric="adherence_score", operator=">=", threshold="high_adherence")
    assert held(frame, at_least) == [(False,), (True,), (True,)]


@pytest.mark.parametrize(
    ("as_of", "months", "limit"),
    [
        (date(2024, 5, 31), 3, date(2024, 2, 29)),
        (date(2023, 5, 31), 3, date(2023, 2, 28)),
        (date(2024, 2, 29), 12, date(2023, 2, 28)),
        (date(2024, 2, 29), 1, date(2024, 1, 29)),
        (date(2024, 3, 31), 1, date(2024, 2, 29)),
        (date(2024, 1, 15), 13, date(2022, 12, 15)),
        (date(2024, 1, 15), 0, date(2024, 1, 15)),
    ],
)
def test_months_before_as_of_end_at_the_shorter_months_last_day(
    spark: SparkSession, as_of: date, months: int, limit: date
) -> None:
    frame = spark.createDataFrame([(limit,)], "day DATE")
    after, on = (rule(metric="day", operator=sign, months_before_as_of=months) for sign in (">", "="))
    assert held(frame, after, on, as_of=as_of) == [(False, True)]


def test_first_exclusion_that_holds_is_the_reason(spark: SparkSession) -> None:
    frame = spark.createDataFrame(
        [(0, 0), (0, 1), (1, 0), (1, 1), (1, None)], "active_months INT, active_accounts INT"
    ).coalesce(1)
    reasons = frame.select(expressions.exclusion_reason(SHIPPED, AS_OF)).collect()
    expected = ["no_event_in_window", "no_event_in_window", "no_active_account", None, None]
    assert [row[0] for row in reasons] == expected


def test_model_without_exclusions_scores_everybody(spark: SparkSession) -> None:
    reason = spark.range(1).select(
        expressions.exclusion_reason(changed(exclusions=()), AS_OF).alias("reason")
    )
    assert reason.dtypes == [("reason", "string")]
    assert reason.collect()[0][0] is None


def test_peer_group_is_json_in_which_null_is_a_value(spark: SparkSession) -> None:
    rows = [("North", 1), (None, 1), ("", None), ('a"b\\c\n', 2), ("null", 3)]
    frame = spark.createDataFrame(rows, "region STRING, active_accounts INT").coalesce(1)
    model = changed(peer_group=("region", "active_accounts"))
    groups = [row[0] for row in frame.select(expressions.peer_group(model)).collect()]
    assert groups[:3] == [
        '{"region":"North","active_accounts":1}',
        '{"region":null,"active_accounts":1}',
        '{"region":"","active_accounts":null}',
    ]
    assert [tuple(json.loads(group).values()) for group in groups] == rows


def test_whole_base_is_an_empty_peer_group(spark: SparkSession) -> None:
    assert spark.range(1).select(expressions.peer_group(SHIPPED)).collect()[0][0] == "{}"


def test_tier_is_the_first_that_holds_else_the_last(spark: SparkSession) -> None:
    low, high = Decimal("69.999999"), Decimal("70.000000")
    frame = spark.createDataFrame(
        [(high, high), (high, low), (low, high), (low, low)],
        "profitability_score DECIMAL(9,6), adherence_score DECIMAL(9,6)",
    ).coalesce(1)
    assert [tuple(row) for row in frame.select(*expressions.tier(SHIPPED, AS_OF)).collect()] == [
        ("A", "Strategic"),
        ("B", "Margin Power"),
        ("C", "High Adherence Cost"),
        ("D", "Basic/Attention"),
    ]


def test_flags_are_all_that_hold_in_order_and_the_fallback_only_when_none_does(spark: SparkSession) -> None:
    old, recent = date(2020, 1, 1), date(2024, 10, 1)  # NEW starts after 2024-09-30
    low, high = Decimal("0.000000"), Decimal("70.000000")
    cases = [
        ((90, 10, 1, high, 1, recent), ["CHURN_RISK", "XSELL", "EXPANSION", "NEW"]),
        ((89, 10, 1, low, 1, old), ["WARNING", "XSELL"]),
        ((60, 9, 1, low, 1, date(2024, 9, 30)), ["WARNING"]),
        ((59, 10, 2, high, 2, old), ["REGULAR"]),
        ((0, 1, 1, low, 1, recent), ["NEW"]),
        ((None, None, None, None, None, None), ["REGULAR"]),
    ]
    frame = spark.createDataFrame(
        [case for case, _ in cases],
        "days_since_last_event INT, active_months INT, distinct_products INT, "
        "profitability_score DECIMAL(9,6), active_accounts INT, first_event_date DATE",
    ).coalesce(1)
    rows = frame.select(expressions.action_flags(SHIPPED, AS_OF)).collect()
    assert [[flag["flag"] for flag in row["action_flags"]] for row in rows] == [flags for _, flags in cases]
    assert rows[1]["action_flags"][0]["recommended_action"] == "Proactive check-in"
    assert rows[5]["action_flags"][0]["recommended_action"] == "Standard monitoring"
