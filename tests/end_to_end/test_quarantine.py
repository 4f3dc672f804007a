"""Bad rows are set aside with their reasons and never lost; what the rules say decides what is published."""

import csv
import json
from collections import Counter
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from tests import reference
from tests.bad_rows import bad_rows
from tests.conftest import Row, Workspace, active, fact
from tests.end_to_end.test_against_reference import assert_snapshot

AS_OF = date(2024, 5, 31)
TYPED = (
    "customer_name STRING, business_unit STRING, product STRING, event_date DATE, total_revenue DOUBLE, "
    "total_gross_margin DOUBLE, event_count INT, cs_representative STRING, region STRING, account_id STRING, "
    "note STRING"
)
COLUMNS = [column.split()[0] for column in TYPED.split(", ")]
SOURCES = {"fct_revenues": {"path": "fct_revenues"}, "dim_accounts": {"path": "dim_accounts"}}
LENIENT = {"limits": {"quarantined_share": 1}}


def good_rows(count: int) -> list[Row]:
    return [
        {
            **fact(f"customer {number % 9}", f"2024-{1 + number % 5:02}-15", revenue=str(10 + number)),
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


def assert_set_aside(workspace: Workspace, bad: list[tuple[Row, list[str]]]) -> None:
    """Every bad row is in quarantine once, as it came, with all its reasons, and counted by each rule."""
    kept = workspace.rows("quarantine_fct_revenues")
    came = {json.loads(row["source_row"])["note"]: sorted(row["reasons"]) for row in kept}
    assert len(came) == len(kept) == len(bad)
    assert came == {row["note"]: reasons for row, reasons in bad}
    counted = Counter(reason for _, reasons in bad for reason in reasons)
    found = checks(workspace)
    assert {rule: found[rule]["failed"] for rule in counted} == dict(counted)
    assert {found[rule]["verdict"] for rule in counted} == {"quarantined"}
    assert found["rows_conserved"]["verdict"] == found["revenue_conserved"]["verdict"] == "passed"


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

    assert_set_aside(workspace, bad)
    assert_snapshot(workspace, reference.snapshot(good_rows(60), accounts(), AS_OF))
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

    assert_set_aside(workspace, bad)
    assert_snapshot(workspace, reference.snapshot(good_rows(60), accounts(), AS_OF))
    assert set(workspace.published()[0]["source_files"]) == {"fct_revenues"}


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


@pytest.mark.parametrize(
    ("settings", "rows", "told"),
    [
        ({}, [fact("Ann"), fact(" ")], ("too_much_quarantined", "50.00% of the rows or the revenue")),
        (
            {"quality": {"severity": {"refund": "fail"}}},
            [fact("Ann"), fact("Bob", revenue="-1")],
            ("refund", "negative revenue: 1 of 2, e.g. Bob"),
        ),
        ({}, [fact("Ann", "2024-08-30")], ("facts_too_old", "the latest is of 2024-08-30, 92 days before")),
        (
            {
                "sources": {
                    **SOURCES,
                    "fct_revenues": {"path": "fct_revenues", "columns": {"currency": "region"}},
                }
            },
            [fact("Ann", region="EUR"), fact("Ann", region="USD"), fact("Ann", region=None)],
            ("several_currencies", "EUR and USD"),
        ),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else "",
)
def test_what_fails_is_refused_with_rule_rows_and_example(
    workspace: Workspace,
    capsys: pytest.CaptureFixture[str],
    settings: dict[str, Any],
    rows: list[Row],
    told: tuple[str, str],
) -> None:
    rule, said = told
    workspace.write_sources(rows, active("Ann"))
    workspace.configure(**settings)

    assert workspace.run("2024-12-31") == 3

    message = capsys.readouterr().err
    assert f"{rule} (fct_revenues)" in message
    assert said in message
    assert "Look at data_quality and quarantine_*" in message
    failed = [row["rule"] for row in workspace.rows("data_quality") if row["verdict"] == "failed"]
    assert failed == [rule]
    (started, refused) = workspace.table("runs").orderBy("happened_at").collect()
    assert (started["status"], refused["status"]) == ("started", "refused")
    assert rule in refused["message"]


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
        fact(None, revenue="1"),  # type: ignore[arg-type]
        fact(None, revenue="2"),  # type: ignore[arg-type]
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
