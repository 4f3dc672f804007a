"""The model for ARR and profiles: published tables equal an independent reference, and a printed example."""

import json
from datetime import date
from decimal import Decimal

import pytest

from jobs import explain, publish
from tests.conftest import PROFILES, Row, Workspace, active, fact
from tests.end_to_end.test_against_reference import assert_same_rows
from tests.generate_profiles import History, profile, value_history
from tests.reference_value.snapshots import snapshot
from tests.reference_value.standing import flagged_tiers
from tests.test_methodology import VALUE, table

MODEL = "value_potential_strategic"
WITH_PROFILES = {name: {"path": name} for name in ("fct_revenues", "dim_accounts", "dim_customers")}


# What the summary tells of the example: 33 in Mid-Market, 32 of them with an ARR of 90,000, and 68 Starters.
TOLD = (
    "Tiers on 2024-12-31",
    "Growth Tier 2 33 32.7% 2,945,000 97.7% 15.0 72.2 60.7 50.6 62.8 - -",
    "All tiers 101 100.0% 3,013,000 100.0% 15.0 48.8 60.2 50.2 53.2 - -",
    "The first snapshot of this model: nothing to compare it with yet.",
    "Enterprise 0 0.0% 5.0% to 10.0% 0 0.0% 40.0% to 50.0% -",
    "Mid-Market 33 32.7% 15.0% to 25.0% 2,945,000 97.7% 25.0% to 35.0% 15.0",
    "Starter 68 67.3% 30.0% to 40.0% 68,000 2.3% 5.0% to 10.0% -",
    "Mid-Market Approaches the Enterprise threshold low 32",
)

EXPLAINED = (
    "value_potential_strategic on 2024-12-31",
    "Why TechCorp is Growth Tier 2: HIGH_POTENTIAL (Account growth)",
    "arr 65,000.00 68 of 100 0.6800 0.50 34.000000",
    "total score 77.537500",
    "value_segment Mid-Market Mid-Market arr >= 25,000",
    "behavior_segment Expanding Expanding events_trend >= 0.2 or growth_rate >= 0.2",
    "No move since the snapshot before, or there is none.",
    "2024-12-31 Growth 77.537500 ▇",
)


def write(workspace: Workspace, history: History, **settings: object) -> None:
    workspace.write_sources(history.facts, history.accounts)
    workspace.write_source("dim_customers", history.profiles, PROFILES)
    workspace.configure(sources=WITH_PROFILES, model=MODEL, **settings)


def without(rows: list[Row], columns: set[str]) -> list[Row]:
    return [{name: value for name, value in row.items() if name not in columns} for row in rows]


@pytest.mark.long
@pytest.mark.parametrize("key", ["customer_name", "customer_id"])
def test_profiles_are_scored_as_the_reference_does_it(workspace: Workspace, key: str) -> None:
    history = value_history(seed=1)
    as_of = history.dates[7]
    write(workspace, history, customer_key=key)

    assert workspace.run(as_of) == 0

    expected = snapshot(history.facts, history.accounts, history.profiles, as_of, customer_key=key)
    flagged = flagged_tiers(expected)
    assert_same_rows(workspace.rows("customer_tiers"), flagged, "customer_key")
    assert_same_rows(workspace.rows("excluded_customers"), expected.excluded_customers, "customer_key")
    assert {row["reason"] for row in expected.excluded_customers} == {"no_data", "cancelled", "low_coverage"}


def test_the_printed_example_has_the_scores_that_its_weights_give(
    workspace: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    as_of = date(2024, 12, 31)
    example = profile(
        "TechCorp",
        arr="65000",
        contract_years="2",
        on_time_payment_rate="1",
        user_growth_rate="0.25",
        seats_used=40,
        seats_bought=100,
        use_cases_matched=8,
        use_cases_total=10,
        brand_rating="60",
        reference_rating="75",
        influence_rating="70",
    )
    others = [
        profile(
            f"Peer {n:03d}",
            arr="1000" if n < 68 else "90000",
            contract_years="1",
            brand_rating="50",
            on_time_payment_rate="1",
            user_growth_rate="0.1",
        )
        for n in range(100)
    ]
    workspace.write_sources([fact("TechCorp", "2024-12-01")], active("TechCorp"))
    workspace.write_source("dim_customers", [example, *others], PROFILES)
    workspace.configure(sources=WITH_PROFILES, model=MODEL)

    given = ["--config", workspace.config, "--log-file", workspace.folder / "job.log", "--as-of", as_of]
    assert publish.run([str(argument) for argument in given]) == 0

    told = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    for line in TOLD:
        assert line in told, line
    [techcorp] = [row for row in workspace.rows("customer_tiers") if row["customer_key"] == "TechCorp"]
    assert [techcorp[f"{score}_score"] for score in ("value", "potential", "strategic", "total")] == [
        Decimal(number) for number in ("79", "82.5", "68.25", "77.5375")
    ]
    assert (techcorp["arr_below"], techcorp["peers"], techcorp["tier"]) == (68, 101, "Growth")
    assert techcorp["coverage"] == 1
    # The page works it out.
    worked = table("score", "measure", "value", "scaled", "weight", "points")
    assert [row[:2] for row in worked] == [(each["score"], each["metric"]) for each in VALUE["components"]]
    for score, measure, value, scaled, weight, points in worked:
        assert techcorp[measure] == Decimal(value), measure
        assert techcorp[f"{measure}_points"] == Decimal(points), measure
        assert Decimal(scaled) * Decimal(weight.strip("%")) / 100 == Decimal(points), measure
        [component] = [line for line in VALUE["components"] if line["metric"] == measure]
        assert (component["score"], f"{component['weight']:.0%}") == (score, weight)

    # What the command tells of one customer, for people and for programs.
    asked = [*map(str, given[:4]), "--customer"]
    assert explain.run([*asked, "TechCorp"]) == 0
    told = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    for line in EXPLAINED:
        assert line in told, line
    assert explain.run([*asked, "TechCorp", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out, parse_float=Decimal)
    told_points = [row["points"] for row in rows if row["table"] == "score_components"]
    assert sum(told_points) == sum(
        techcorp[f"{score}_score"] for score in ("value", "potential", "strategic", "total")
    )
    assert {row["table"] for row in rows} >= {"customer_tiers", "customer_segments", "history"}
    assert explain.run([*asked, "techcrop"]) == 2
    assert "got 'techcrop'; did you mean 'TechCorp'?" in capsys.readouterr().err
    assert explain.run([*asked, "TechCorp", "--as-of", "2024-12-30"]) == 2
    assert "there are 2024-12-31" in capsys.readouterr().err
