"""The reference of value_potential_strategic and its segments, on cases worked out by hand."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from tests.generate import _fact
from tests.generate_profiles import FULL, MONTHS, QUARTERS, decision, profile, value_history
from tests.reference.exact import Row
from tests.reference.snapshots import Snapshot
from tests.reference_value.conditions import Comparison
from tests.reference_value.decisions import decisions_in_force
from tests.reference_value.model import AXES, Linear, StepScale, TierMemory
from tests.reference_value.profiles import customer_profiles
from tests.reference_value.segments import Segments, segments
from tests.reference_value.snapshots import snapshot
from tests.reference_value.standard import STANDARD

AS_OF = date(2024, 6, 30)
START = date(2024, 1, 1)
SEGMENT = "value_segment"
SCORES = {score: [component.metric for component in STANDARD.of_score(score)] for score in STANDARD.scores}


def scored(profiles: Sequence[Row], facts: Sequence[Row] = (), as_of: date = AS_OF) -> dict[str, Row]:
    accounts = [{"account_id": "open", "status": "active"}]
    rows = snapshot(facts, accounts, profiles, as_of).customer_tiers
    return {row["customer_key"]: row for row in rows}


def reasons(profiles: Sequence[Row], facts: Sequence[Row] = ()) -> dict[str, str]:
    rows = snapshot(facts, [], profiles, AS_OF).excluded_customers
    return {row["customer_key"]: row["reason"] for row in rows}


def measured(as_of: date, **given: Any) -> Row:
    """A scored row with what the axes read."""
    return {
        "as_of": as_of,
        "customer_key": "Acme",
        "customer_name": "Acme",
        "health_score": Decimal(70),
        "arr": Decimal("60000.00"),
        "tier": "Growth",
        "total_score": Decimal("70.000000"),
        "churn_signals": 0,
        "events_trend": None,
        "growth_rate": None,
        "total_events_percentile": Decimal(50),
        "nps": None,
        "distinct_products": 1,
        "reference_rating": None,
        "days_to_renewal": None,
        "cancelled_on": None,
        **given,
    }


def day(number: int) -> date:
    return START + timedelta(days=number)


def history(column: str, values: dict[int, Any]) -> list[Snapshot]:
    """Snapshots of one customer by day; ... stands for absence, a text for why it is not scored."""
    snapshots = []
    for number, value in values.items():
        is_excluded = value in (..., "cancelled", "low_coverage")
        rows = [] if is_excluded else [measured(day(number), **{column: value})]
        excluded = (
            [{"as_of": day(number), "customer_key": "Acme", "customer_name": "Acme", "reason": value}]
            if is_excluded and value is not ...
            else []
        )
        snapshots.append(Snapshot(day(number), rows, excluded))
    return snapshots


def told(published: Sequence[Segments], column: str) -> list[Any]:
    return [row[column] for each in published for row in each.customer_segments]


def fired(published: Sequence[Segments]) -> list[tuple[int, str, str]]:
    return [
        ((row["as_of"] - START).days, row["rule"], row["status"])
        for each in published
        for row in each.migration_actions
    ]


def states_of_health(values: dict[int, Any]) -> list[Any]:
    given = {number: value if value in (..., None) else Decimal(value) for number, value in values.items()}
    return told(segments(history("health_score", given), []), "health_state")


def test_techcorp_has_the_scores_that_its_weights_give() -> None:
    rated = {**FULL, "user_growth_rate": "0.25"}
    others = [profile(f"Lower {n}", None, **{**rated, "arr": f"{1000 + n}.00"}) for n in range(68)]
    others += [profile(f"Higher {n}", None, **{**rated, "arr": f"{65_001 + n}.00"}) for n in range(32)]
    techcorp = scored([*others, profile("TechCorp", None, **{**rated, "arr": "65000"})])["TechCorp"]

    assert techcorp["arr_below"] == 68
    assert techcorp["peers"] == 101
    assert techcorp["value_score"] == Decimal("79.000000")
    assert techcorp["potential_score"] == Decimal("82.500000")
    assert techcorp["strategic_score"] == Decimal("68.250000")
    assert techcorp["total_score"] == Decimal("77.537500")
    assert (techcorp["tier"], techcorp["tier_name"]) == ("Growth", "Tier 2")
    assert techcorp["coverage"] == Decimal("1.00000000")
    points = {name: value for name, value in techcorp.items() if name.endswith("_points")}
    assert points == {
        "arr_points": Decimal("34.000000"),
        "contract_years_points": Decimal("20.000000"),
        "on_time_payment_rate_points": Decimal("25.000000"),
        "growth_rate_points": Decimal("36.000000"),
        "seats_used_share_points": Decimal("22.500000"),
        "use_cases_matched_share_points": Decimal("24.000000"),
        "brand_rating_points": Decimal("21.000000"),
        "reference_rating_points": Decimal("26.250000"),
        "influence_rating_points": Decimal("21.000000"),
        "value_score_points": Decimal("31.600000"),
        "potential_score_points": Decimal("28.875000"),
        "strategic_score_points": Decimal("17.062500"),
    }


def test_a_missing_weight_is_shared_and_each_part_rounded_half_up() -> None:
    given = {**FULL, "reference_rating": None, "influence_rating": "33.333333", "use_cases_total": 0}
    row = scored([profile("Acme", None, **given)])["Acme"]

    # 0.35 of 0.65 and 0.30 of 0.65: 32.30769230..., 15.38461523...
    assert row["brand_rating_points"] == Decimal("32.307692")
    assert row["reference_rating_points"] is None
    assert row["influence_rating_points"] == Decimal("15.384615")
    assert row["strategic_score"] == Decimal("47.692307")
    # 0.4 / 0.7 of 60 and 0.3 / 0.7 of 75: 34.28571428..., 32.14285714...
    assert row["growth_rate_points"] == Decimal("34.285714")
    assert row["seats_used_share_points"] == Decimal("32.142857")
    assert row["use_cases_matched_share_points"] is None
    assert row["coverage"] == Decimal("0.4") + Decimal("0.35") * Decimal("0.7") + Decimal("0.25") * Decimal(
        "0.65"
    )


def test_a_score_without_any_component_is_missing_and_so_are_its_points() -> None:
    given = {**FULL, "brand_rating": None, "reference_rating": None, "influence_rating": None}
    row = scored([profile("Acme", None, **given)])["Acme"]

    assert row["strategic_score"] is None
    assert row["strategic_score_points"] is None
    assert row["coverage"] == Decimal("0.75000000")
    assert row["total_score"] == row["value_score_points"] + row["potential_score_points"]


def test_scales_clamp_and_include_their_limits() -> None:
    growth, seats = (
        Linear(Fraction("-0.2"), Fraction("0.3")),
        Linear(Fraction(1), Fraction("0.2")),
    )
    steps = StepScale(((Fraction(3), Fraction(100)), (Fraction(1), Fraction(50))), Fraction(20))

    assert [growth.scaled(Fraction(x)) for x in ("-1", "-0.2", "0.25", "0.3", "9")] == [0, 0, 90, 100, 100]
    assert [seats.scaled(Fraction(x)) for x in ("1.3", "1", "0.4", "0.2", "0")] == [0, 0, 75, 100, 100]
    assert [steps.scaled(Fraction(x)) for x in ("0.999999", "1", "2.999999", "3")] == [20, 50, 50, 100]


def test_a_missing_arr_ranks_below_a_given_zero() -> None:
    # A refund leaves a negative ARR of the facts, which ranks below zero too.
    facts = [_fact("Refunded", AS_OF, "-5.00")]
    rows = scored(
        [
            profile("Zero", None, **{**FULL, "arr": "0"}),
            profile("Refunded", None, **{**FULL, "arr": None}),
            profile("Tie", None, **{**FULL, "arr": "0"}),
        ],
        facts,
    )

    assert {name: row["arr_below"] for name, row in rows.items()} == {"Refunded": 0, "Tie": 1, "Zero": 1}
    assert rows["Refunded"]["arr_source"] == "revenue"
    assert rows["Zero"]["total_events_percentile"] == Decimal("0.000000")
    assert rows["Refunded"]["total_events_percentile"] == Decimal("100.000000")


def test_who_is_not_scored_and_why() -> None:
    tomorrow = AS_OF + timedelta(days=1)
    profiles = [
        profile("No ARR", None, **{**FULL, "arr": None}),
        profile("No ARR, cancelled", None, cancelled_on=AS_OF),
        profile("Cancelled", None, **FULL, cancelled_on=AS_OF),
        profile("Cancels tomorrow", None, **FULL, cancelled_on=tomorrow),
        profile("ARR only", None, arr="100"),
        profile("Half", None, arr="1", contract_years="1", on_time_payment_rate="1", brand_rating="1"),
        profile("Later", tomorrow, **FULL),
    ]
    facts = [_fact("Events only", AS_OF), _fact("Old events only", date(2020, 1, 1))]

    assert reasons(profiles, facts) == {
        "No ARR": "no_data",
        "No ARR, cancelled": "cancelled",
        "Cancelled": "cancelled",
        "ARR only": "low_coverage",
        "Half": "low_coverage",
        "Events only": "low_coverage",
        "Old events only": "no_data",
    }
    assert list(scored(profiles, facts)) == ["Cancels tomorrow"]


def test_the_profile_is_the_latest_one_known_at_as_of() -> None:
    tomorrow = AS_OF + timedelta(days=1)
    rows = [
        profile("Acme", None, arr="1"),
        profile("Acme", date(2024, 1, 1), arr="2"),
        profile("Acme", AS_OF, arr="30"),
        profile("Acme", AS_OF, arr="4"),
        profile("Acme", tomorrow, arr="5"),
        profile("Always", None, nps="7"),
        profile("Tomorrow", tomorrow),
        profile(" "),
        profile("Negative", None, arr="-1"),
    ]

    known = customer_profiles(rows, AS_OF)

    assert {name: (row["arr"], row["known_since"]) for name, row in known.items()} == {
        "Acme": (Decimal("30.00"), date(2024, 1, 1)),
        "Always": (None, None),
    }


def test_fallbacks_and_the_trend_of_events() -> None:
    days = (AS_OF, date(2024, 3, 31), date(2024, 3, 30), date(2023, 12, 31), date(2023, 12, 30))
    facts = [
        _fact("Acme", each, event_count=count) for each, count in zip(days, (1, 3, 5, 1, 9), strict=True)
    ]
    given = {**FULL, "arr": None, "user_growth_rate": None, "health_score": None}
    row = scored([profile("Acme", None, **given)], facts)["Acme"]

    assert (row["recent_events"], row["earlier_events"]) == (4, 6)
    assert row["events_trend"] == row["growth_rate"] == Decimal("-0.333333")
    assert (row["arr"], row["arr_source"]) == (Decimal("50.00"), "revenue")
    assert (row["growth_source"], row["health_source"]) == ("events", "adherence")
    # A single peer has nothing below, and nothing later than its last event.
    assert row["health_score"] == Decimal("15.000000")
    assert row["churn_signals"] == 1


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({0: 50}, "H"),
        ({0: 40}, "H"),
        ({0: "39.999999"}, "A"),
        ({0: 39, 10: 61, 69: 61}, "AAA"),
        ({0: 39, 10: 61, 70: 61}, "AAH"),
        ({0: 39, 10: 61, 40: 60, 70: 61, 129: 61, 130: 61}, "AAAAAH"),
        ({0: 39, 10: 61, 40: None, 70: 61, 130: 61}, "AAAAH"),
        ({0: 39, 10: 61, 40: ..., 70: 61, 129: 61, 130: 61}, "AAAAAH"),
        ({0: 39, 10: 61, 40: 39, 70: 61, 130: 61}, "AAAAH"),
        ({0: 39, 10: "60.000001", 70: "60.000001"}, "AAH"),
        ({0: None, 10: None, 20: 45, 30: None, 40: 39}, "--HHA"),
        ({0: 70, 10: ..., 20: 50}, "HHH"),
        ({0: 39, 10: ..., 100: 50}, "AAA"),
        ({0: 39, 10: 61, 70: 61, 80: 41, 90: 39, 100: 41}, "AAHHAA"),
    ],
)
def test_health_is_a_state_with_memory(values: dict[int, Any], expected: str) -> None:
    letters = {"At-Risk": "A", "Healthy": "H", None: "-"}
    assert "".join(letters[state] for state in states_of_health(values)) == expected


def test_a_change_of_the_health_state_fires_once() -> None:
    values = {0: Decimal(20), 10: Decimal(61), 20: ..., 30: Decimal(10), 40: Decimal(61), 100: Decimal(61)}
    published = segments(history("health_score", {**values, 110: Decimal(5)}), [])

    assert fired(published) == [
        (0, "any_to_at_risk", "done"),
        (100, "at_risk_to_healthy", "done"),
        (110, "any_to_at_risk", "done"),
    ]
    assert [row["from_value"] for each in published for row in each.migration_actions] == [
        None,
        "At-Risk",
        "Healthy",
    ]
    assert told(published, "is_scored") == [True, True, False, True, True, True, True]


def arr_history(*values: Any) -> list[Snapshot]:
    """Snapshots ten days apart."""
    given = {10 * n: value if value is ... else Decimal(value) for n, value in enumerate(values)}
    return history("arr", given)


def test_an_automatic_change_of_the_value_segment_is_done_at_once() -> None:
    published = segments(arr_history("4999.99", 5000, 25000, 5000, 4999, ..., 99999), [])

    assert told(published, SEGMENT) == ["Starter", "SMB", "Mid-Market", "SMB", "Starter", None, "Mid-Market"]
    assert fired(published) == [
        (10, "starter_to_smb", "done"),
        (20, "smb_to_mid_market", "done"),
        (30, "mid_market_to_any", "done"),
        (40, "smb_to_starter", "done"),
    ]


def test_a_manual_change_waits_until_it_is_approved() -> None:
    approve = decision("Acme", SEGMENT, "approve", "Enterprise", day(30), recorded_on=day(90))
    published = segments(arr_history(60000, "100000.01", 100001, 200000, 200000), [approve])

    assert told(published, SEGMENT) == ["Mid-Market"] * 3 + ["Enterprise"] * 2
    assert told(published, f"computed_{SEGMENT}") == ["Mid-Market"] + ["Enterprise"] * 4
    assert fired(published) == [
        (number, "mid_market_to_enterprise", status)
        for number, status in ((10, "pending"), (20, "pending"), (30, "approved"))
    ]
    rows = [row for each in published for row in each.migration_actions]
    assert [row["pending_since"] for row in rows] == [day(10)] * 3
    assert [row["decided_by"] for row in rows] == [None, None, "ana"]
    assert rows[-1]["decision_reason"] == "approve Enterprise"


def test_a_rejection_holds_until_it_expires() -> None:
    reject = decision("Acme", SEGMENT, "reject", "Enterprise", day(20), expires=day(40))
    published = segments(arr_history(60000, 200000, 200000, 200000, 200000), [reject])

    assert told(published, SEGMENT) == ["Mid-Market"] * 5
    assert [status for *_, status in fired(published)] == ["pending", "rejected", "rejected", "pending"]


def test_an_approval_of_another_value_approves_nothing() -> None:
    approve = decision("Acme", SEGMENT, "approve", "Enterprise", day(0))
    published = segments(arr_history(60000, 200000, 60000, 200000), [approve])

    assert told(published, SEGMENT) == ["Mid-Market", "Enterprise", "Enterprise", "Enterprise"]
    assert fired(published) == [
        (10, "mid_market_to_enterprise", "approved"),
        (20, "enterprise_to_any", "pending"),
    ]


def test_a_waiting_change_is_forgotten_when_it_is_undone_or_the_customer_absent() -> None:
    undone = segments(arr_history(60000, 200000, 60000, 200000), [])
    absent = segments(arr_history(60000, 200000, ..., 200000), [])

    assert told(undone, "pending_since") == [None, day(10), None, day(30)]
    assert told(absent, SEGMENT) == ["Mid-Market", "Mid-Market", None, "Enterprise"]
    assert told(absent, "pending_since") == [None, day(10), None, None]


def test_another_value_waits_anew() -> None:
    published = segments(arr_history(200000, 60000, 6000, 6000), [])

    assert told(published, "pending_since") == [None, day(10), day(20), day(20)]
    assert told(published, "pending_value_segment") == [None, "Mid-Market", "SMB", "SMB"]


def test_an_override_is_assigned_while_in_force_and_changes_nothing_underneath() -> None:
    override = decision("Acme", SEGMENT, "override", "SMB", day(10), expires=day(30))
    approve = decision("Acme", SEGMENT, "approve", "Enterprise", day(5))
    published = segments(arr_history(60000, 200000, 200000, 200000), [override, approve])

    assert told(published, SEGMENT) == ["Mid-Market", "SMB", "SMB", "Enterprise"]
    assert told(published, "held_value_segment") == ["Mid-Market"] * 3 + ["Enterprise"]
    assert [status for *_, status in fired(published)] == ["pending", "pending", "approved"]


@pytest.mark.parametrize("axis", AXES)
def test_every_axis_can_be_overridden_and_the_computed_value_stays(axis: str) -> None:
    chosen = {"tier": "Scale", "value_segment": "SMB", "behavior_segment": "Declining"}.get(axis, "At-Risk")
    override = decision("Acme", axis, "override", chosen, day(10), expires=day(20))
    published = segments(arr_history(60000, 60000, 60000), [override])

    computed = told(published, f"computed_{axis}")
    assert computed[0] == computed[1] == computed[2] != chosen
    assert told(published, axis) == [computed[0], chosen, computed[2]]


def test_one_decision_is_in_force() -> None:
    late = datetime(2025, 1, 1, tzinfo=UTC)
    first = decision("Acme", SEGMENT, "approve", "SMB", day(0))
    later = decision("Acme", SEGMENT, "reject", None, day(5), expires=day(9))
    corrected = {**later, "decision": "override", "value": "Starter", "recorded_at": late}
    contrary = {**corrected, "decision": "approve", "value": "SMB"}
    smaller = {**contrary, "value": "Enterprise"}
    decisions = [corrected, first, later, contrary, smaller]

    def winner(number: int) -> Row | None:
        return decisions_in_force(decisions, day(number)).get(("Acme", SEGMENT))

    assert winner(-1) is None
    assert winner(4) == first
    assert winner(5) == winner(8) == smaller
    assert winner(9) == first


def test_a_cancelled_customer_that_declined_waits_for_winning_back() -> None:
    falling = Decimal("-0.3")
    values = {0: falling, 10: "cancelled", 20: "cancelled", 30: "cancelled", 40: "cancelled"}
    approve = decision("Acme", "behavior_segment", "approve", "churned", day(30))
    published = segments(history("events_trend", values), [approve])

    assert told(published, "behavior_segment") == ["Declining", None, None, None, None]
    assert fired(published) == [
        (number, "declining_to_churned", status)
        for number, status in ((10, "pending"), (20, "pending"), (30, "approved"))
    ]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({0: Decimal(0), 10: "cancelled"}, [(10, "any_to_churned", "pending")]),
        (
            {0: Decimal("-0.3"), 10: "low_coverage", 20: "cancelled"},
            [(20, "declining_to_churned", "pending")],
        ),
        ({0: Decimal("-0.3"), 10: ..., 20: "cancelled"}, [(20, "declining_to_churned", "pending")]),
        # Who is back has a behaviour of its own again, and without a cancellation nothing is asked.
        (
            {0: Decimal("-0.3"), 10: ..., 20: Decimal(0), 30: "cancelled"},
            [(30, "any_to_churned", "pending")],
        ),
        ({0: Decimal("-0.3"), 10: "low_coverage", 20: ...}, []),
    ],
)
def test_who_cancels_is_won_back_from_what_it_was_last(
    values: dict[int, Any], expected: list[tuple[int, str, str]]
) -> None:
    published = segments(history("events_trend", values), [])
    assert fired(published) == expected


def test_a_winback_that_was_approved_is_not_asked_for_again() -> None:
    values = {0: Decimal(0), 10: "cancelled", 20: "cancelled", 30: "low_coverage", 40: "cancelled"}
    approve = decision("Acme", "behavior_segment", "approve", "churned", day(10), expires=day(15))
    assert fired(segments(history("events_trend", values), [approve])) == [(10, "any_to_churned", "approved")]


CHAMPION = {"total_events_percentile": 75, "nps": 50, "health_score": 60, "reference_rating": 50}


@pytest.mark.parametrize(
    ("given", "segment"),
    [
        ({"churn_signals": 2, "events_trend": Decimal(-1)}, "At-Risk"),
        ({"churn_signals": 1, "events_trend": Decimal("-0.2")}, "Declining"),
        ({**CHAMPION, "distinct_products": 3}, "Champions"),
        ({**CHAMPION, "distinct_products": 3, "reference_rating": Decimal("49.9")}, "Power Users"),
        ({**CHAMPION, "reference_rating": None, "events_trend": None}, "unknown"),
        ({"total_events_percentile": 75, "nps": None, "distinct_products": 3}, "Power Users"),
        ({"total_events_percentile": 10, "growth_rate": Decimal("0.2")}, "Expanding"),
        ({"total_events_percentile": 10, "events_trend": Decimal("0.2")}, "Expanding"),
        ({"total_events_percentile": Decimal("24.999999"), "days_to_renewal": 0}, "Light Touch"),
        ({"total_events_percentile": 10, "days_to_renewal": -1}, "unknown"),
        ({"total_events_percentile": 10, "days_to_renewal": None}, "unknown"),
        ({"total_events_percentile": 10, "days_to_renewal": 9, "cancelled_on": day(9)}, "unknown"),
        ({"total_events_percentile": 25, "events_trend": Decimal("0.199999")}, "Steady State"),
        ({"total_events_percentile": 75, "events_trend": Decimal("-0.199999")}, "Steady State"),
        ({"total_events_percentile": Decimal("75.000001"), "events_trend": 0}, "unknown"),
        ({"total_events_percentile": 50, "events_trend": None}, "unknown"),
    ],
)
def test_the_first_behaviour_that_holds_decides(given: Row, segment: str) -> None:
    published = segments([Snapshot(day(0), [measured(day(0), **given)], [])], [])
    assert told(published, "behavior_segment") == [segment]


def test_a_tier_may_have_an_exit_limit_and_a_number_of_snapshots() -> None:
    memory = TierMemory({"Growth": Comparison("total_score", ">=", 55)}, snapshots=2)
    scores = (65, 58, 54, 58, 54, 54, 65, 85, 85)
    tiers = ("Growth", "Scale", "Scale", "Scale", "Scale", "Scale", "Growth", "Enterprise", "Enterprise")
    snapshots = [
        Snapshot(day(n), [measured(day(n), total_score=Decimal(score), tier=tier)], [])
        for n, (score, tier) in enumerate(zip(scores, tiers, strict=True))
    ]
    published = segments(snapshots, [], replace(STANDARD, tier_memory=memory))

    assert told(published, "tier") == [*["Growth"] * 5, "Scale", "Scale", "Scale", "Enterprise"]
    assert told(published, "computed_tier") == list(tiers)
    assert told(segments(snapshots, []), "tier") == list(tiers)


@pytest.mark.parametrize("dates", [MONTHS, QUARTERS])
def test_a_generated_history_holds_everything(dates: tuple[date, ...]) -> None:
    made = value_history(1, dates)
    assert made == value_history(1, dates)
    snapshots = [snapshot(made.facts, made.accounts, made.profiles, day) for day in dates]
    by_id = snapshot(made.facts, made.accounts, made.profiles, dates[5], customer_key="customer_id")
    published = segments(reversed(snapshots), made.decisions)

    assert len(by_id.customer_tiers) == len(snapshots[5].customer_tiers)
    assert {row["reason"] for each in snapshots for row in each.excluded_customers} == {
        "no_data",
        "cancelled",
        "low_coverage",
    }
    assert {row["tier"] for each in snapshots for row in each.customer_tiers} == {
        "Enterprise",
        "Growth",
        "Scale",
        "Tech-touch",
    }
    assert set(told(published, SEGMENT)) == {"Enterprise", "Mid-Market", "SMB", "Starter", None}
    assert set(told(published, "health_state")) >= {"At-Risk", "Healthy"}
    assert len(set(told(published, "behavior_segment"))) >= 7
    assert {row["status"] for each in published for row in each.migration_actions} == {
        "done",
        "pending",
        "approved",
        "rejected",
    }
    assert {row["rule"] for each in published for row in each.migration_actions} >= {
        "smb_to_mid_market",
        "mid_market_to_enterprise",
        "any_to_at_risk",
        "at_risk_to_healthy",
        "declining_to_churned",
        "enterprise_to_any",
        "mid_market_to_any",
        "smb_to_starter",
    }
    for each in snapshots:
        for row in each.customer_tiers:
            for score, parts in SCORES.items():
                points = [row[f"{part}_points"] for part in parts if row[f"{part}_points"] is not None]
                assert row[f"{score}_score"] == (sum(points) if points else None)
