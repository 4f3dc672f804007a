"""What is refused, with which exit status and words; and that what was published before stays as it is."""

import re
from decimal import Decimal
from pathlib import Path

import pytest

from tests.conftest import ACCOUNTS, FACTS, Workspace, active, fact


def refused(workspace: Workspace, capsys: pytest.CaptureFixture[str], *dates: str) -> tuple[int, str]:
    """The exit status and what stderr says; never a stack trace."""
    capsys.readouterr()
    status = workspace.run(*dates)
    said = capsys.readouterr().err
    assert "Traceback" not in said
    assert not re.search(r"^\s*at [\w.$]+\(", said, re.MULTILINE)
    return status, said


def test_everything_wrong_with_settings_model_and_dates_is_told_at_once(
    workspace: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    weights = [
        {"score": "profitability", "metric": "total_revenue", "weight": 0.5},
        {"score": "profitability", "metric": "total_gross_margin", "weight": 0.4},
    ]
    workspace.configure(model=workspace.model(components=weights, colour="blue"))

    status, said = refused(workspace, capsys, "2024-12-31", "31.12.2024")

    assert status == 2
    assert "--as-of: must be a date like 2024-12-31, got '31.12.2024'" in said
    assert "components: must have weights of profitability that sum to 1, got 0.9" in said
    assert "colour: must be a known key" in said

    workspace.configure(outptu={"path": "x"}, output={"schema": "a; DROP TABLE b"}, customer_key="`x`")
    status, said = refused(workspace, capsys, "2024-12-31")
    assert status == 2
    assert "outptu: must be a known key" in said
    assert "output.schema: must be a plain name like catalog.schema, got 'a; DROP TABLE b'" in said
    assert "customer_key: must be the name of a column, got '`x`'" in said


def test_everything_wrong_with_the_sources_is_told_at_once(
    workspace: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    workspace.write_sources([fact()], active("Ann"))
    facts = workspace.table("fct_revenues", ".").drop("product")
    facts = facts.withColumn("total_revenue", facts["total_revenue"].cast("string"))
    facts.write.format("delta").save(str(workspace.folder / "retyped"))
    workspace.configure(
        sources={"fct_revenues": {"path": "retyped"}, "dim_accounts": {"table": "nowhere.accounts"}}
    )

    status, said = refused(workspace, capsys, "2024-12-31")

    assert status == 2
    assert "sources.fct_revenues: column product must exist" in said
    assert (
        "sources.fct_revenues: column total_revenue must be DECIMAL, DOUBLE, FLOAT or a whole number" in said
    )
    assert "got STRING" in said
    assert "sources.dim_accounts: must be an existing table, got 'nowhere.accounts'" in said
    assert not (workspace.folder / "output").exists()


def test_sums_that_no_column_can_hold_are_refused_by_customer_and_column(
    workspace: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    most = "9999999999999999.99"
    facts = [
        *[fact("huge", revenue=most, total_gross_margin=Decimal(1))] * 2,
        *[fact("loss", total_gross_margin=-Decimal(most))] * 2,
        fact("long ago", "2020-01-01", revenue=most),
        fact("long ago", revenue="0.01"),
        fact("milliseconds", event_count=1735603200000),
        *[fact("bytes", event_count=2**63 - 1)] * 2,
        fact("ordinary"),
    ]
    workspace.write_source("dim_accounts", active(*(row["customer_name"] for row in facts)), ACCOUNTS)
    workspace.write_source("fct_revenues", facts, FACTS.replace("event_count INT", "event_count BIGINT"))
    workspace.configure()

    status, said = refused(workspace, capsys, "2024-12-31")

    assert status == 3
    told = re.findall(r"sums_fit \(customer_features\.(\w+)\): .*?: (\d) of 6, e\.g\. ([\w ]+) \(", said)
    assert told == [
        ("total_revenue", "1", "huge"),
        ("total_gross_margin", "1", "loss"),
        ("lifetime_revenue", "2", "huge"),
        ("total_events", "1", "bytes"),
        ("recent_events", "1", "bytes"),
        ("events_per_active_month", "1", "milliseconds"),
    ]
    assert not (workspace.folder / "output" / "customer_tiers").exists()
    assert workspace.published() == []


def test_a_model_that_names_what_is_not_measured_is_refused(
    workspace: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    workspace.write_sources([fact()], active("Ann"))
    flags = [
        {"flag": "X", "recommended_action": "y", "when": {"metric": "region", "operator": ">", "value": 3}},
        {"flag": "Z", "recommended_action": "z"},
    ]
    workspace.configure(model=workspace.model(peer_group=["regoin"], flags=flags))

    status, said = refused(workspace, capsys, "2024-12-31")

    assert status == 2
    assert "peer_group.0: must be one of" in said
    assert "got 'regoin'" in said
    assert "flags.0.when: region must be compared with text, got a number" in said


@pytest.mark.long
def test_bad_rows_and_an_empty_base_leave_what_was_published_readable(
    workspace: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    workspace.write_sources([fact("Ann"), fact("Bob")], active("Ann", "Bob"))
    workspace.configure()
    assert workspace.run("2024-12-31") == 0
    before = workspace.rows("customer_tiers")

    bad = [
        fact("  "),
        fact("Cy", total_revenue=None),
        fact("Di", event_date=None, event_count=None),
        fact("Ed"),
    ]
    workspace.write_sources(bad, active("Ann"))
    status, said = refused(workspace, capsys, "2024-12-31")
    assert status == 3
    assert "too_much_quarantined (fct_revenues)" in said
    assert "3 of 4 (75.00% of the rows or the revenue, at most 1.00% allowed)" in said

    workspace.write_sources([fact("Ann"), fact("Bob")], active("Nobody"))
    status, said = refused(workspace, capsys, "2024-12-31")
    assert status == 3
    assert "no customer can be scored (2 seen, all excluded)" in said
    assert workspace.rows("customer_tiers") == before
    assert len(workspace.published()) == 1

    assert workspace.run("2024-12-31", options=["--allow-empty"]) == 0
    assert workspace.rows("customer_tiers") == []
    reasons = {row["customer_key"]: row["reason"] for row in workspace.rows("excluded_customers")}
    assert reasons == {"Ann": "no_active_account", "Bob": "no_active_account"}
    summary = {row["tier"]: row["customers"] for row in workspace.rows("tier_summary")}
    assert summary == {"A": 0, "B": 0, "C": 0, "D": 0, "total": 0}


def test_sources_without_a_row_are_an_empty_base(
    workspace: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    workspace.write_sources([], [])
    workspace.configure()

    status, said = refused(workspace, capsys, "2024-12-31")

    assert status == 3
    assert "no customer can be scored (0 seen" in said


def test_an_unexpected_failure_is_one_line_and_a_log(
    workspace: Workspace, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace.configure()
    monkeypatch.setattr("jobs.core.commands.kit.borrowed_session", lambda *_: 1 / 0)

    status, said = refused(workspace, capsys, "2024-12-31")

    assert status == 1
    assert "Failed: ZeroDivisionError: division by zero" in said
    assert "Traceback" in Path(workspace.folder / "job.log").read_text()
