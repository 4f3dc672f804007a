"""What check-source tells of the sources, and that it ends as a run does and writes nothing."""

import io
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from jobs import check_source
from jobs.core.config.rules import QualityRules
from jobs.core.config.settings import Settings
from jobs.core.report.answers import Answers
from jobs.core.report.source_report import SourceReport
from jobs.core.sources.opening import open_sources
from jobs.core.sources.source_versions import SourceVersions
from tests.conftest import Workspace, active, fact

ESCAPE = "\x1b[2J\u202e"


def checked(workspace: Workspace, *options: str) -> int:
    log = str(workspace.folder / "check.log")
    return check_source.run(["--config", str(workspace.config), "--log-file", log, *options])


def lines(text: str) -> list[str]:
    return [" ".join(line.split()) for line in text.splitlines()]


def files(folder: Path) -> set[str]:
    return {str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file()} - {"check.log"}


def csv(workspace: Workspace, facts: str, **settings: Any) -> None:
    (workspace.folder / "facts.csv").write_text(facts)
    (workspace.folder / "accounts.csv").write_text("account_id,status\nX,active\nY,active\n")
    sources = {
        "fct_revenues": {"path": "facts.csv", "format": "csv", "columns": {"customer_name": "Who"}},
        "dim_accounts": {"path": "accounts.csv", "format": "csv"},
    }
    workspace.configure(sources=sources, **settings)


HEADER = (
    "Who,business_unit,product,event_date,total_revenue,total_gross_margin,event_count,cs_representative,"
    "region,account_id,currency\n"
)


def reported(workspace: Workspace) -> tuple[list[str], date | None]:
    """What is shown of the facts' columns and of the accounts' join, and the latest date."""
    settings = Settings.model_validate(
        {
            "sources": {
                "fct_revenues": {
                    "path": str(workspace.folder / "facts.csv"),
                    "format": "csv",
                    "columns": {"customer_name": "Who"},
                },
                "dim_accounts": {"path": str(workspace.folder / "accounts.csv"), "format": "csv"},
            },
            "output": {"path": "/nowhere"},
            "model": "profitability_adherence",
        }
    )
    printed = io.StringIO()
    console = Console(file=printed, width=200)
    report = SourceReport(Answers(console=console), settings, QualityRules.of(settings))
    sources = open_sources(workspace.spark, settings, SourceVersions())
    latest = report.columns("fct_revenues", sources["fct_revenues"])
    report.join(sources["fct_revenues"], sources["dim_accounts"], "account_id", "dim_accounts")
    return lines(printed.getvalue()), latest


def test_columns_are_told_as_they_came_and_as_they_are_read(workspace: Workspace) -> None:
    csv(
        workspace,
        HEADER
        + f"Ann{ESCAPE},U,P,2024-12-30,9,1,1,,N,X,n\n"
        + "[bold],U,P,2024-11-30,100,1,1,,N,Z,n\n"
        + "Cid,U,P,9999-12-31,some,1,1,,N,Z,n\n"
        + "Dan,U,,yesterday,,1,1,,N,,n\n",
    )

    said, latest = reported(workspace)

    assert latest == date(2024, 12, 30), "an absurd date is none"
    assert said[1:3] == [
        "fct_revenues: 4 rows",
        "column read as type empty unreadable distinct least most example",
    ]
    told = {line.split()[0]: line for line in said[3:] if line}
    ann = "Ann\\x1b[2J\\u202e"
    assert told["Who"].startswith("Who customer_key, customer_name string 0 0 ~4 Ann\\x1b[2J\\u202e [bold] ")
    assert told["Who"].split()[-1] in {ann, "[bold]", "Cid", "Dan"}
    assert told["total_revenue"].startswith("total_revenue total_revenue string 1 1 ~2 9.000000 100.000000 ")
    assert told["event_date"].startswith("event_date event_date string 0 1 ~3 2024-11-30 9999-12-31 ")
    assert told["cs_representative"] == "cs_representative cs_representative string 4 0 0"
    assert told["currency"] == "currency string 0 0 1 n n n", "not read unless mapped, and shown all the same"
    assert said[-1] == (
        "account_id: 1 of 2 in fct_revenues (2 rows, e.g. Z) are not in dim_accounts; "
        "1 of 2 in dim_accounts have no facts, e.g. Y; 1 rows of fct_revenues have none"
    )


def test_a_table_without_events_has_no_date(workspace: Workspace) -> None:
    csv(workspace, HEADER)
    said, latest = reported(workspace)
    assert latest is None
    assert "fct_revenues: 0 rows" in said


def test_what_is_published_is_rehearsed_and_nothing_is_written(
    workspace: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = fact("Bad", event_count=-1)
    late = fact("Eve", day="2024-12-30")
    rows = [fact(), fact("ANN"), fact(f"E{ESCAPE}", revenue="-1"), late, bad]
    workspace.write_sources(rows, active("Ann", "Eve"))
    workspace.configure(quality={"limits": {"quarantined_share": 1}})
    before = files(workspace.folder)

    status = checked(workspace)

    printed = capsys.readouterr()
    assert status == 0
    assert files(workspace.folder) == before
    said = lines(printed.err)
    assert "As of 2024-12-30, the latest event's date" in said
    assert (
        "quarantined: event_count_negative (fct_revenues): a negative event count: 1 of 5, e.g. Bad" in said
    )
    assert "warned: refund (fct_revenues): negative revenue: 1 of 5, e.g. E\\x1b[2J\\u202e" in said
    assert any(
        line.startswith("warned: keys_look_alike (") and line.endswith(": 2 of 4, e.g. ANN and Ann")
        for line in said
    )
    assert said[-1] == "A run for 2024-12-30 would publish profitability_adherence"
    assert "\x1b" not in printed.out + printed.err
    shown = lines(printed.out)
    at = shown.index("quarantine_fct_revenues: rows that would be set aside")
    assert shown[at + 2].startswith('event_count_negative 1 a negative event count {"customer_id":"Bad",')


def test_what_a_run_refuses_is_refused_in_the_same_words(
    workspace: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    workspace.write_sources([fact(), fact(" "), fact("Bob", event_date=None)], active("Ann"))
    workspace.configure()
    assert checked(workspace, "--as-of", "2024-12-31") == 3
    of_check = lines(capsys.readouterr().err)
    assert not (workspace.folder / "output").exists()

    assert workspace.run("2024-12-31") == 3

    of_run = lines(capsys.readouterr().err)
    refused = "Bad data: 2024-12-31: nothing is published for this date, because of"
    gate = slice(of_run.index(refused), of_run.index(refused) + 2)
    assert of_run[gate] == of_check[of_check.index(refused) :][:2]
    assert sum("customer-tiers check-source" in line for line in of_run) == 1, "where to look further"
    assert not any("customer-tiers check-source" in line for line in of_check)


def test_nobody_to_score_and_what_is_left_to_do_is_told(
    workspace: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    workspace.write_sources([fact()], active("Bob"))
    (workspace.folder / "accounts.sql").write_text(
        "SELECT account_id,\n    status -- TODO: choose\u202e one\nFROM accounts\n"
    )
    sources = {
        "fct_revenues": {"path": "fct_revenues"},
        "dim_accounts": {"query": "accounts.sql", "inputs": {"accounts": {"path": "dim_accounts"}}},
    }
    workspace.configure(sources=sources)

    assert checked(workspace) == 3

    printed = capsys.readouterr()
    assert "2024-12-01: no customer can be scored (1 seen, all excluded)" in printed.err
    out = lines(printed.out)
    at = out.index("Left to do in the configuration:")
    assert out[at + 1] == "accounts.sql, line 2: status -- TODO: choose\\u202e one"


def test_what_can_not_be_read_is_2(workspace: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    csv(workspace, HEADER.replace(",region", ""), model="nothing")
    assert checked(workspace, "--as-of", "today") == 2
    said = capsys.readouterr().err
    assert "--as-of: must be a date like 2024-12-31, got 'today'" in said
    assert "nothing" in said

    csv(workspace, HEADER.replace(",region", ""))
    assert checked(workspace) == 2
    assert "sources.fct_revenues: column region must exist" in capsys.readouterr().err


def test_no_date_at_all_is_told(workspace: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    csv(workspace, HEADER + "Ann,U,P,31.12.2024,9,1,1,,N,X,n\n")
    assert checked(workspace) == 3
    said = capsys.readouterr().err
    assert "As of 2000-01-01, for no event has a date that can be read" in said
    assert "event_date_unreadable (fct_revenues)" in said
