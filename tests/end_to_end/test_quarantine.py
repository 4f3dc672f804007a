"""Bad rows are set aside with their reasons and never lost; what the rules say decides what is published."""

import csv
import json
from collections import Counter
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from pyspark.sql import SparkSession

from tests.bad_rows import bad_rows
from tests.conftest import Row, Workspace, active, fact
from tests.end_to_end.test_against_reference import assert_snapshot
from tests.reference.snapshots import snapshot

AS_OF = date(2024, 5, 31)
TYPED = (
    "customer_name STRING, business_unit STRING, product STRING, event_date DATE, total_revenue DOUBLE, "
    "total_gross_margin DOUBLE, event_count INT, cs_representative STRING, region STRING, account_id STRING, "
    "note STRING"
)
COLUMNS = [column.split()[0] for column in TYPED.split(", ")]
SOURCES = {"fct_revenues": {"path": "fct_revenues"}, "dim_accounts": {"path": "dim_accounts"}}
LENIENT = {"limits": {"quarantined_share": 1}}
WARNING = {"rate_out_of_range", "rating_out_of_range", "more_seats_used_than_bought"}
# Profiles as a text file has them, with the rules that each breaks; those that only warn are used.
PROFILES: list[tuple[dict[str, str], set[str]]] = [
    ({"customer_name": "Ann", "arr": "5", "support_plan_rating": "4.5"}, set()),
    ({"customer_name": " ", "arr": "5"}, {"customer_key_missing"}),
    ({"customer_name": "Bob", "arr": "lots"}, {"profile_value_unreadable"}),
    (
        {"customer_name": "Bob", "cancelled_on": "soon", "valid_from": "2024-01-01"},
        {"profile_value_unreadable"},
    ),
    ({"customer_name": "Bob", "arr": "9", "support_plan_rating": "much"}, {"profile_value_unreadable"}),
    ({"customer_name": "Bob", "arr": "-0.01"}, {"arr_negative"}),
    (
        {"customer_name": "Bob", "seats_used": "-1", "use_cases_total": "x"},
        {"profile_count_negative", "profile_value_unreadable"},
    ),
    ({"customer_name": "Cy", "on_time_payment_rate": "1.1"}, {"rate_out_of_range"}),
    ({"customer_name": "Cy", "valid_from": "2024-02-01", "brand_rating": "-1"}, {"rating_out_of_range"}),
    (
        {
            "customer_name": "Cy",
            "valid_from": "2024-03-01",
            "arr": "7",
            "nps": "101",
            "support_plan_rating": "2",
        },
        {"rating_out_of_range"},
    ),
    ({"customer_name": "Dee", "seats_used": "3", "seats_bought": "2"}, {"more_seats_used_than_bought"}),
]
PROFILE_COLUMNS = list(dict.fromkeys(column for row, _ in PROFILES for column in row))


def good_rows(count: int) -> list[Row]:
    return [
        {
            **fact(f"customer {number % 9}", f"2024-{1 + number % 5:02}-15", revenue=f"{10 + number}.00751"),
            "account_id": f"account {number % 9}",
            "note": "good",
        }
        for number in range(count)
    ]


def accounts() -> list[Row]:
    return [{"account_id": f"account {number}", "status": "active"} for number in range(9)]


def checks(workspace: Workspace) -> dict[str, Row]:
    """data_quality of the only run, by rule (of fct_revenues, where several sources have it)."""
    rows = workspace.rows("data_quality")
    return {row["rule"]: row for row in sorted(rows, key=lambda row: str(row["source"]), reverse=True)}


def as_json(column: str, value: Any, as_text: bool) -> Any:
    """A value of a bad row as the row's JSON has it."""
    if as_text:
        return str(value) if value not in (None, "") else None
    if column.startswith("total_") and value is not None:
        return {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}.get(str(value), float(value))
    return value


def assert_set_aside(workspace: Workspace, bad: list[tuple[Row, list[str]]], *, as_text: bool) -> None:
    """Every bad row is in quarantine once, as it came, with all its reasons, and counted by each rule."""
    kept = workspace.rows("quarantine_fct_revenues")
    found = [(json.loads(row["source_row"]), sorted(row["reasons"])) for row in kept]
    came = [
        ({column: as_json(column, row.get(column), as_text) for column in COLUMNS}, reasons)
        for row, reasons in bad
    ]
    assert sorted(found, key=lambda pair: pair[0]["note"]) == sorted(came, key=lambda pair: pair[0]["note"])
    counted = Counter(reason for _, reasons in bad for reason in reasons)
    checked = checks(workspace)
    assert {rule: checked[rule]["failed"] for rule in counted} == dict(counted)
    assert {checked[rule]["verdict"] for rule in counted} == {"quarantined"}
    assert checked["rows_conserved"]["verdict"] == checked["revenue_conserved"]["verdict"] == "passed"


@pytest.mark.long
def test_bad_rows_of_a_typed_table_are_set_aside(workspace: Workspace) -> None:
    bad = bad_rows(seed=1, count=120, as_text=False)
    rows = [{**dict.fromkeys(COLUMNS), **row} for row in [*good_rows(60), *(row for row, _ in bad)]]
    for row in rows:
        day = row["event_date"]
        row["event_date"] = date.fromisoformat(day) if isinstance(day, str) else day
        for money in ("total_revenue", "total_gross_margin"):
            row[money] = None if row[money] is None else float(row[money])
    workspace.write_sources([], accounts())
    frame = workspace.spark.createDataFrame([tuple(row[name] for name in COLUMNS) for row in rows], TYPED)
    frame.write.format("delta").save(str(workspace.folder / "typed"))
    workspace.configure(
        sources={"fct_revenues": {"path": "typed"}, "dim_accounts": {"path": "dim_accounts"}}, quality=LENIENT
    )

    assert workspace.run(AS_OF) == 0

    assert_set_aside(workspace, bad, as_text=False)
    assert_snapshot(workspace, snapshot(good_rows(60), accounts(), AS_OF))
    assert {row["source_version"] for row in workspace.rows("quarantine_fct_revenues")} == {0}
    assert {row["source_rows"]["fct_revenues"] for row in workspace.published()} == {180}


def test_bad_rows_of_a_text_file_are_set_aside(workspace: Workspace) -> None:
    bad = bad_rows(seed=2, count=120, as_text=True)
    workspace.write_sources([], accounts())
    with (workspace.folder / "facts.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, restval="", extrasaction="ignore", quoting=csv.QUOTE_ALL)
        writer.writeheader()
        writer.writerows([*good_rows(60), *(row for row, _ in bad)])
    workspace.configure(
        sources={
            "fct_revenues": {"path": "facts.csv", "format": "csv"},
            "dim_accounts": {"path": "dim_accounts"},
        },
        quality=LENIENT,
    )

    assert workspace.run(AS_OF) == 0

    assert_set_aside(workspace, bad, as_text=True)
    assert_snapshot(workspace, snapshot(good_rows(60), accounts(), AS_OF))
    assert set(workspace.published()[0]["source_files"]) == {"fct_revenues"}


@pytest.fixture(scope="module")
def profiled(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A run over PROFILES, whose support_plan_rating is the company's own: scored, and compared in a flag."""
    workspace = Workspace(spark, tmp_path_factory.mktemp("profiled"))
    facts = [fact(customer) for customer in ("Ann", "Bob", "Cy", "Dee")]
    workspace.write_sources(facts, [*active("Ann", "Bob", "Cy", "Dee"), {"account_id": None}])
    with (workspace.folder / "profiles.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, PROFILE_COLUMNS, restval="")
        writer.writeheader()
        writer.writerows(row for row, _ in PROFILES)
    rated = {"metric": "support_plan_rating", "operator": ">=", "value": 4}
    model = workspace.model(
        components=[
            {"score": "profitability", "metric": "total_revenue", "weight": 1},
            {"score": "adherence", "metric": "support_plan_rating", "weight": 1},
        ],
        flags=[
            {"flag": "WELL_RATED", "recommended_action": "Ask for a reference", "when": rated},
            {"flag": "REGULAR", "recommended_action": "Standard monitoring"},
        ],
    )
    own = {"support_plan_rating": "number"}
    profiles = {"path": "profiles.csv", "format": "csv", "own_columns": own}
    workspace.configure(sources={**SOURCES, "dim_customers": profiles}, model=model, quality=LENIENT)
    assert workspace.run("2024-12-31") == 0
    return workspace


def test_rules_about_profiles_set_aside_and_warn(profiled: Workspace) -> None:
    kept = [
        (json.loads(row["source_row"]), set(row["reasons"]))
        for row in profiled.rows("quarantine_dim_customers")
    ]
    columns = dict.fromkeys(PROFILE_COLUMNS)
    aside = [({**columns, **row}, rules) for row, rules in PROFILES if rules and not rules & WARNING]
    assert sorted(kept, key=str) == sorted(aside, key=str)
    broken = Counter(rule for _, rules in PROFILES for rule in rules)
    expected = {rule: ("warned" if rule in WARNING else "quarantined", n) for rule, n in broken.items()}
    found = {
        row["rule"]: (row["verdict"], row["failed"])
        for row in profiled.rows("data_quality")
        if row["source"] in {"dim_customers", "dim_accounts"} and row["failed"]
    }
    assert found == {**expected, "account_id_missing": ("warned", 1)}
    arr = {row["customer_key"]: row["arr"] for row in profiled.rows("customer_features")}
    assert arr == {"Ann": Decimal(5), "Bob": Decimal(100), "Cy": Decimal(7), "Dee": Decimal(100)}


def test_a_companys_own_column_is_scored_compared_and_published(profiled: Workspace) -> None:
    tiers = {row["customer_key"]: row for row in profiled.rows("customer_tiers")}
    # Two of the four have none, which ranks lowest.
    shown = {
        key: (row["support_plan_rating"], row["support_plan_rating_below"], row["adherence_score"])
        for key, row in tiers.items()
    }
    assert shown == {
        "Ann": (Decimal("4.5"), 3, Decimal(100)),
        "Cy": (Decimal(2), 2, Decimal("66.666667")),
        "Bob": (None, 0, Decimal(0)),
        "Dee": (None, 0, Decimal(0)),
    }
    flags = {key: row["action_flag"] for key, row in tiers.items()}
    assert flags == {"Ann": "WELL_RATED", "Bob": "REGULAR", "Cy": "REGULAR", "Dee": "REGULAR"}


@pytest.mark.long
def test_what_warns_is_told_and_used(workspace: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    facts = [
        fact("Ann", revenue="100"),
        fact("Ann", revenue="-40"),
        fact("Bob", total_gross_margin=Decimal(101)),
        fact("Cy", account_id="unheard of"),
        fact("Cy"),
    ]
    workspace.write_sources(facts, [*active("Ann", "Bob", "Cy"), {"account_id": "Bob-1", "status": "closed"}])
    workspace.configure(quality={"severity": {"event_count_negative": "fail"}})

    assert workspace.run("2024-12-31") == 0

    found = checks(workspace)
    told = {
        rule: (row["failed"], row["example"]) for rule, row in found.items() if row["verdict"] == "warned"
    }
    assert told == {
        "refund": (1, "Ann"),
        "margin_above_revenue": (1, "Bob"),
        "unknown_account": (1, "Cy"),
        "conflicting_account_status": (1, "Bob"),
    }
    assert found["unknown_account"]["checked"] == 4
    assert "warned: refund (fct_revenues): negative revenue: 1 of 5, e.g. Ann" in capsys.readouterr().err
    assert len(workspace.rows("customer_tiers")) == 3


def test_what_fails_is_refused_with_rule_rows_and_example_all_at_once(
    workspace: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    day = "2024-08-30"
    rows = [
        fact("Ann", day, region="EUR"),
        fact("Ann", day, region="USD"),
        fact("Bob", day, revenue="-1", region=None),
        *[fact(" ", day, revenue="0")] * 3,
    ]
    workspace.write_sources(rows, active("Ann"))
    currency = {"path": "fct_revenues", "columns": {"currency": "region"}}
    workspace.configure(
        sources={**SOURCES, "fct_revenues": currency}, quality={"severity": {"refund": "fail"}}
    )
    told = {
        "too_much_quarantined": "50.00% of the rows or the revenue",
        "refund": "negative revenue: 1 of 6, e.g. Bob",
        "facts_too_old": "the latest is of 2024-08-30, 92 days before",
        "several_currencies": "EUR and USD",
    }

    assert workspace.run("2024-12-31") == 3

    message = capsys.readouterr().err
    for rule, said in told.items():
        assert f"{rule} (fct_revenues)" in message
        assert said in message
    assert "Look at data_quality and quarantine_*" in message
    failed = [row["rule"] for row in workspace.rows("data_quality") if row["verdict"] == "failed"]
    assert sorted(failed) == sorted(told)
    (started, refused) = workspace.table("runs").orderBy("happened_at").collect()
    assert (started["status"], refused["status"]) == ("started", "refused")
    assert all(rule in refused["message"] for rule in told)


@pytest.mark.long
def test_what_fell_since_the_last_run_is_refused_or_told(
    workspace: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    workspace.write_sources([fact("Ann", "2024-09-01", revenue="1000"), *[fact("Ann")] * 3], active("Ann"))
    workspace.configure()
    assert workspace.run("2024-09-30") == 0

    workspace.write_sources([fact("Ann", revenue="799")], active("Ann"))
    assert workspace.run("2024-12-31") == 3
    said = capsys.readouterr().err
    assert (
        "source_rows_fell (fct_revenues): the source lost rows since the last published run: 3 of 4" in said
    )

    workspace.configure(quality={"severity": {"source_rows_fell": "off"}})
    assert workspace.run("2024-12-31") == 0
    said = capsys.readouterr().err
    assert "warned: revenue_fell (customer_tiers)" in said
    assert "799.00 after 1,000.00 on 2024-09-30" in said


@pytest.mark.long
def test_duplicates_are_set_aside_if_asked_for(workspace: Workspace) -> None:
    facts = [
        fact("Ann", revenue="7"),
        fact("Ann", revenue="5"),
        fact("Bob", revenue="3"),
        fact("Bob", revenue="3"),
        fact(None, revenue="1"),  # type: ignore[arg-type]  # a row without a key
        fact(None, revenue="2"),  # type: ignore[arg-type]  # a row without a key
    ]
    workspace.write_sources(facts, active("Ann", "Bob"))
    keyed = {"path": "fct_revenues", "unique_key": ["customer_name"]}
    workspace.configure(
        quality={"severity": {"duplicate_key": "quarantine", "duplicate_row": "warn"}, **LENIENT},
        sources={"fct_revenues": keyed, "dim_accounts": {"path": "dim_accounts"}},
    )

    assert workspace.run("2024-12-31") == 0

    revenue = {row["customer_key"]: row["total_revenue"] for row in workspace.rows("customer_tiers")}
    assert revenue == {"Ann": Decimal("5.00"), "Bob": Decimal("3.00")}
    assert checks(workspace)["duplicate_row"]["failed"] == 1
    reasons = [tuple(row["reasons"]) for row in workspace.rows("quarantine_fct_revenues")]
    assert sorted(reasons) == [("customer_key_missing",)] * 2 + [("duplicate_key",)] * 2


@pytest.mark.long
def test_a_rerun_that_is_refused_leaves_the_published_runs_quarantine_alone(workspace: Workspace) -> None:
    workspace.write_sources([fact("Ann")] * 3 + [fact(" ")], active("Ann"))
    workspace.configure(quality=LENIENT)
    assert workspace.run("2024-12-31") == 0
    (first,) = workspace.published()

    workspace.configure()
    assert workspace.run("2024-12-31") == 3

    runs = Counter(row["run_id"] for row in workspace.table("quarantine_fct_revenues").collect())
    assert len(runs) == 2
    assert runs[first["run_id"]] == 1
    assert [row["run_id"] for row in workspace.published()] == [first["run_id"]]
