"""Every column of every published table equals an independent reference, on inputs that try to break it."""

import io
import json
from collections import defaultdict
from collections.abc import Sequence
from contextlib import redirect_stdout
from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest

from jobs import explain
from jobs.core.config.model import load_model
from tests.conftest import ACCOUNTS, FACTS, Row, Workspace
from tests.generate import history_inputs, hostile_inputs
from tests.reference.exact import amount
from tests.reference.moves import Migration, migration, tier_summary
from tests.reference.snapshots import Rules, Snapshot, snapshot
from tests.reference_query import reference_rows
from tests.registered import assert_as_registered

LEAST_TABLES = 9  # of a model without segments, and those of every run
QUARTERS = (date(2024, 3, 31), date(2024, 6, 30), date(2024, 9, 30))


def by_key(rows: Sequence[Row], *keys: str) -> list[Row]:
    return sorted(rows, key=lambda row: tuple((row[key] is None, str(row[key]).encode()) for key in keys))


def assert_same_rows(published: Sequence[Row], expected: Sequence[Row], *keys: str) -> None:
    assert len(published) == len(expected)
    for ours, theirs in zip(by_key(published, *keys), by_key(expected, *keys), strict=True):
        assert ours == theirs


def assert_snapshot(workspace: Workspace, expected: Snapshot, output: str = "output") -> None:
    tiers = workspace.rows("customer_tiers", expected.as_of, output)
    assert_same_rows(tiers, expected.customer_tiers, "customer_key")
    excluded = workspace.rows("excluded_customers", expected.as_of, output)
    assert_same_rows(excluded, expected.excluded_customers, "customer_key")


def assert_comparison(
    workspace: Workspace,
    current: Snapshot,
    previous: Snapshot | None,
    list_unchanged: bool = False,
    output: str = "output",
) -> None:
    expected = (
        Migration([], []) if previous is None else migration(previous, current, list_unchanged=list_unchanged)
    )
    moved = workspace.rows("tier_migration", current.as_of, output)
    assert_same_rows(moved, expected.tier_migration, "customer_key")
    totals = workspace.rows("tier_migration_summary", current.as_of, output)
    assert_same_rows(totals, expected.tier_migration_summary, "movement", "from_tier", "to_tier")
    summary = tier_summary(current, previous)
    assert_same_rows(workspace.rows("tier_summary", current.as_of, output), summary, "tier")


def test_hostile_inputs_are_scored_and_compared_as_the_reference_does_it(workspace: Workspace) -> None:
    leap_day, previous_as_of = date(2024, 2, 29), date(2024, 1, 15)
    facts, accounts = hostile_inputs(seed=1, as_of=leap_day)
    workspace.write_source("dim_accounts", accounts, ACCOUNTS)
    # Revenue is exact as it comes, margin a DOUBLE.
    doubles = [{**row, "total_gross_margin": float(row["total_gross_margin"])} for row in facts]
    columns = FACTS.replace("total_gross_margin DECIMAL(24,8)", "total_gross_margin DOUBLE")
    workspace.write_source("fct_revenues", doubles, columns)
    workspace.configure()

    assert workspace.run(leap_day, previous_as_of) == 0
    model = load_model("profitability_adherence")
    assert len(assert_as_registered(workspace.folder / "output", model)) >= LEAST_TABLES

    previous, current = (snapshot(facts, accounts, day) for day in (previous_as_of, leap_day))
    assert_snapshot(workspace, previous)
    assert_comparison(workspace, previous, None)
    assert_snapshot(workspace, current)
    assert_comparison(workspace, current, previous)
    assert_explained(workspace, previous, current)
    stored_facts, stored_accounts = (
        workspace.table(name, output=".") for name in ("fct_revenues", "dim_accounts")
    )
    queried = reference_rows(stored_facts, stored_accounts, leap_day)
    assert_same_rows(workspace.rows("customer_tiers", leap_day), queried, "customer_key")
    customers = [*current.customer_tiers, *current.excluded_customers]
    revenue = sum(amount(row["total_revenue"]) for row in facts if row["event_date"] <= leap_day)
    difference = revenue - sum(Fraction(row["lifetime_revenue"]) for row in customers)
    found = {row["rule"]: row for row in workspace.rows("data_quality", leap_day) if row["failed"]}
    assert f"lifetime_revenue {float(difference):.6f}" in found["rounding_difference"]["example"]
    assert (found["rounding_difference"]["verdict"], found["amount_too_precise"]["verdict"]) == (
        "warned",
        "warned",
    )
    too_precise = [
        row
        for row in facts
        if any(amount(row[name]) != Fraction(row[name]) for name in ("total_revenue", "total_gross_margin"))
    ]
    assert found["amount_too_precise"]["failed"] == len(too_precise)


def assert_explained(workspace: Workspace, previous: Snapshot, current: Snapshot) -> None:
    """One customer's components add up to its scores, and its history is that of both snapshots."""
    before = {row["customer_key"]: row for row in previous.customer_tiers}
    customer = max(
        (row for row in current.customer_tiers if row["customer_key"] in before),
        key=lambda row: row["adherence_score"],
    )
    rows = explained(workspace, customer["customer_key"])
    for score in ("profitability", "adherence"):
        points = [row["points"] for row in rows["score_components"] if row["score"] == score]
        assert sum(points) == customer[f"{score}_score"]
    assert [(row["as_of"], row["tier"], row["score"]) for row in rows["history"]] == [
        (str(each["as_of"]), each["tier"], each["adherence_score"])
        for each in (before[customer["customer_key"]], customer)
    ]
    gone = current.excluded_customers[0]
    [row] = explained(workspace, gone["customer_key"])["excluded_customers"]
    assert row["reason"] == gone["reason"]


def explained(workspace: Workspace, key: str) -> dict[str, list[Row]]:
    """What the command tells programs of one customer, by table."""
    given = ["--config", str(workspace.config), "--log-file", str(workspace.folder / "job.log")]
    out = io.StringIO()
    with redirect_stdout(out):
        assert explain.run([*given, "--json", f"--customer={key}"]) == 0
    rows: dict[str, list[Row]] = defaultdict(list)
    for row in json.loads(out.getvalue(), parse_float=Decimal):
        rows[row["table"]].append(row)
    return rows


def test_amounts_rounded_row_by_row_would_come_to_other_sums() -> None:
    facts, _ = hostile_inputs(seed=1, as_of=date(2024, 2, 29))
    for name in ("total_revenue", "total_gross_margin"):
        amounts = [row[name] for row in facts]
        assert round(sum(amounts), 2) != sum(round(amount, 2) for amount in amounts)
        places = {-int(amount.as_tuple().exponent) for amount in amounts}
        assert places >= {2, 3, 4, 5, 6, 7, 8}


@pytest.mark.long
def test_peer_groups_are_ranked_apart(workspace: Workspace) -> None:
    month_end = date(2024, 8, 31)
    facts, accounts = hostile_inputs(seed=3, as_of=month_end)
    workspace.write_sources(facts, accounts)
    workspace.configure(model=workspace.model(peer_group=["region", "active_months"]))

    assert workspace.run(month_end) == 0

    rules = Rules(peer_columns=("region", "active_months"))
    assert_snapshot(workspace, snapshot(facts, accounts, month_end, rules))
    groups = {row["peer_group"]: row["peers"] for row in workspace.rows("customer_tiers")}
    assert 1 in groups.values(), "a peer group of one is among them"
    assert any(peers > 10 for peers in groups.values()), "and a large one"
    assert any(json.loads(group)["region"] is None for group in groups), "NULL is a group like others"


@pytest.mark.long
def test_another_customer_key_has_the_name_beside_it(workspace: Workspace) -> None:
    as_of = date(2024, 5, 31)
    facts, accounts = hostile_inputs(seed=4, as_of=as_of)
    workspace.write_sources(facts, accounts)
    workspace.configure(customer_key="customer_id")

    assert workspace.run(as_of) == 0

    assert_snapshot(workspace, snapshot(facts, accounts, as_of, customer_key="customer_id"))


@pytest.mark.long
def test_every_movement_of_a_history_is_told(workspace: Workspace) -> None:
    facts, accounts = history_inputs(seed=5, dates=QUARTERS)
    workspace.write_sources(facts, accounts)
    workspace.configure(migration={"list_unchanged": True})

    assert workspace.run(*QUARTERS) == 0

    previous = None
    for as_of in QUARTERS:
        current = snapshot(facts, accounts, as_of)
        assert_snapshot(workspace, current)
        assert_comparison(workspace, current, previous, list_unchanged=True)
        previous = current
    movements = {row["movement"] for row in workspace.rows("tier_migration")}
    assert movements == {"new", "returned", "churned", "upgraded", "downgraded", "unchanged"}


@pytest.mark.long
def test_other_weights_and_limits_are_an_edit_of_the_model_alone(workspace: Workspace) -> None:
    as_of = date(2024, 5, 31)
    facts, accounts = hostile_inputs(seed=6, as_of=as_of)
    rules = Rules(
        window_months=5,
        components=(
            ("profitability", "total_gross_margin", 3333, True),
            ("profitability", "total_revenue", 6667, True),
            ("adherence", "total_events", 9999, True),
            ("adherence", "days_since_last_event", 1, False),
        ),
        profitability_threshold=Decimal("62.5"),
        churn_risk_days=75,
    )
    workspace.write_sources(facts, accounts)
    thresholds = {
        "high_profitability": 62.5,
        "high_adherence": 70,
        "churn_risk_days": 75,
        "warning_days": 60,
        "cross_sell_months": 10,
    }
    components = [
        {
            "score": score,
            "metric": metric,
            "weight": weight / 10_000,
            "direction": "higher_is_better" if higher else "lower_is_better",
        }
        for score, metric, weight, higher in rules.components
    ]
    workspace.configure(model=workspace.model(window_months=5, thresholds=thresholds, components=components))

    assert workspace.run(as_of) == 0

    assert_snapshot(workspace, snapshot(facts, accounts, as_of, rules))
