"""Decisions about segments: what is refused, what is recorded, and what is shown of it."""

import json
from datetime import date, datetime, tzinfo
from pathlib import Path
from typing import Any

import pytest
import yaml

from jobs import decide
from jobs.core.config.decision_input import COLUMNS, Decision, read_file
from jobs.core.config.model import load_model
from jobs.core.config.settings import load_settings
from jobs.core.delta.identifiers import path_identifier
from jobs.core.delta.versions import latest_version
from jobs.core.delta.written import WrittenTable
from jobs.core.publish.output import Output
from jobs.core.publish.snapshot import Snapshot
from jobs.core.runtime.errors import ConfigurationError
from jobs.core.sources.source_versions import SourceVersions
from tests.conftest import CHECKOUT, PROFILES, Row, Workspace, active, fact
from tests.generate_profiles import profile

NAME = "value_potential_strategic"
AS_OF = date(2024, 12, 31)
APPROVAL = {
    "customer_key": "Ann",
    "axis": "value_segment",
    "decision": "approve",
    "value": "Enterprise",
    "decided_by": "Eve",
    "valid_from": "2024-12-31",
}
OVERRIDE = {**APPROVAL, "decision": "override", "reason": "Pilot", "expires": "2025-03-31"}
HEADER = ",".join(COLUMNS)


def problems(given: Row, **changes: str | None) -> list[str]:
    return list(Decision.of({**given, **changes}).problems(load_model(NAME)))


# Without Spark.


@pytest.mark.parametrize(
    "given",
    [
        APPROVAL,
        OVERRIDE,
        {**APPROVAL, "decision": "reject", "reason": "Too early", "expires": "2025-01-01"},
        {**APPROVAL, "axis": "behavior_segment", "value": "churned"},
        {**OVERRIDE, "axis": "behavior_segment", "value": "Champions"},
        {**OVERRIDE, "axis": "health_state", "value": "At-Risk"},
        {**OVERRIDE, "axis": "tier", "value": "Tech-touch"},
        {**APPROVAL, "customer_key": " Ann; DROP TABLE x -- [bold]"},
    ],
)
def test_decision_that_says_everything_is_taken(given: Row) -> None:
    assert problems(given) == []


@pytest.mark.parametrize("column", APPROVAL)
@pytest.mark.parametrize("blank", [None, "", "  "])
def test_what_every_decision_has_must_be_given(column: str, blank: str | None) -> None:
    assert problems(APPROVAL, **{column: blank}) == [f"{column}: must be given"]


@pytest.mark.parametrize("column", ["reason", "expires"])
def test_override_has_a_reason_and_an_end(column: str) -> None:
    assert problems(OVERRIDE, **{column: " "}) == [f"{column}: must be given with an override"]


@pytest.mark.parametrize(
    ("column", "text", "expected"),
    [
        ("axis", "value segment", "one of value_segment, behavior_segment"),
        ("axis", "tier", "one of value_segment, behavior_segment"),
        ("decision", "Approve", "one of approve, reject, override"),
        ("value", "Champions", "one of Enterprise, Mid-Market, SMB, Starter"),
        ("valid_from", "20241231", "a date like 2024-12-31"),
        ("valid_from", "2024-W52-1", "a date like 2024-12-31"),
        ("expires", "2025-02-29", "a date like 2024-12-31"),
        ("expires", "2024-12-31", "after 2024-12-31, from which the decision is valid"),
        ("decided_by", "\udcff", "Unicode text"),
    ],
)
def test_value_that_is_not_possible_is_refused(column: str, text: str, expected: str) -> None:
    [told] = problems(APPROVAL, **{column: text})
    assert told.partition("; did you mean ")[0] == f"{column}: must be {expected}, got {text!r}"


def test_value_that_is_misspelt_is_told_the_nearest_right_one() -> None:
    assert problems(APPROVAL, decision="Approve", value="Enterprize") == [
        "decision: must be one of approve, reject, override, got 'Approve'; did you mean 'approve'?",
        "value: must be one of Enterprise, Mid-Market, SMB, Starter, got 'Enterprize'; "
        "did you mean 'Enterprise'?",
    ]


def test_nobody_is_put_into_churned() -> None:
    [problem] = problems(OVERRIDE, axis="behavior_segment", value="churned")
    assert problem.startswith("value: must be one of At-Risk, Declining, Champions")


def test_all_problems_are_told_at_once() -> None:
    told = problems(OVERRIDE, customer_key=None, value="Large", valid_from="today", reason="")
    assert [problem.partition(":")[0] for problem in told] == [
        "customer_key",
        "reason",
        "value",
        "valid_from",
    ]


def written(folder: Path, *lines: str) -> Path:
    file = folder / "decisions.csv"
    file.write_text("\n".join(lines) + "\n", encoding="utf-8-sig")
    return file


def test_file_is_read_in_any_order_of_columns_with_the_lines_of_its_rows(tmp_path: Path) -> None:
    file = written(
        tmp_path,
        "axis,customer_key,decision,value,decided_by,valid_from,reason",
        'value_segment,"Ann',
        'and Bob",approve,SMB,Eve,2024-12-31,""',
        "",
        "tier,00012,approve,Scale,Eve,2024-12-31,because",
    )
    first, second = read_file(file)
    assert first.values == {
        **APPROVAL,
        "customer_key": "Ann\nand Bob",
        "value": "SMB",
        "reason": None,
        "expires": None,
    }
    assert second.values["customer_key"] == "00012"
    assert [each.names["axis"] for each in (first, second)] == [
        f"{file}: line 2: axis",
        f"{file}: line 5: axis",
    ]


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["customer_key,axis"], "line 1: must name the columns"),
        ([f"{HEADER},recorded_at"], "line 1: must name the columns"),
        ([f"{HEADER},axis"], "line 1: must name the columns"),
        ([HEADER], "must hold at least one decision"),
        ([HEADER, "Ann,tier"], "line 2: must have 8 cells as line 1 has, got 2"),
        ([HEADER, '"Ann"x'], "line 2: must be a readable CSV file in UTF-8"),
    ],
)
def test_file_of_another_shape_is_refused(tmp_path: Path, lines: list[str], expected: str) -> None:
    with pytest.raises(ConfigurationError, match=expected):
        read_file(written(tmp_path, *lines))


def test_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(
        ConfigurationError, match=r"must be a readable CSV file in UTF-8, got: .*No such file"
    ):
        read_file(tmp_path / "none.csv")


def configured(folder: Path, **settings: Any) -> Path:
    content = {
        "sources": {name: {"path": name} for name in ("fct_revenues", "dim_accounts", "dim_customers")},
        "output": {"path": "output"},
        **settings,
    }
    (folder / "run.yaml").write_text(yaml.safe_dump(content))
    return folder


def run(folder: Path, *arguments: str) -> int:
    return decide.run(
        ["--config", str(folder / "run.yaml"), "--log-file", str(folder / "job.log"), *arguments]
    )


def test_model_without_segments_is_refused_beside_other_problems(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    configured(tmp_path, model="profitability_adherence")
    assert run(tmp_path, "list", "--as-of", "soon") == 2
    said = capsys.readouterr().err
    assert "--as-of: must be a date like 2024-12-31, got 'soon'" in said
    assert "model: must have segments to decide about, got profitability_adherence without" in said


def test_model_is_chosen_among_those_with_segments(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    content = yaml.safe_load((CHECKOUT / f"conf/models/{NAME}.yaml").read_text())
    (tmp_path / "own.yaml").write_text(yaml.safe_dump({**content, "name": "own"}))
    configured(tmp_path, models=[NAME, "own.yaml", "profitability_adherence"])
    assert run(tmp_path, "list") == 2
    assert f"--model: must be given, one of {NAME}, own" in capsys.readouterr().err
    assert run(tmp_path, "--model", "other", "list") == 2
    assert (
        f"--model: must be one of {NAME}, own, profitability_adherence, got 'other'"
        in capsys.readouterr().err
    )


def test_file_stands_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    configured(tmp_path, model=NAME)
    assert run(tmp_path, "record", "--file", "x.csv", "--by", "Eve", "--axis", "tier") == 2
    assert "--file: must be given alone, got it beside --axis, --by" in capsys.readouterr().err


# On tables made by hand.

_ACTIONS = (
    "as_of DATE, model STRING, run_id STRING, customer_key STRING, customer_name STRING, axis STRING, "
    "rule STRING, from_value STRING, to_value STRING, trigger STRING, mode STRING, action STRING, "
    "status STRING, pending_since DATE, decided_by STRING, decision_reason STRING"
)


def waiting(customer: str, axis: str = "value_segment", status: str = "pending") -> tuple[Any, ...]:
    changed = ("mid_market_to_enterprise", "Mid-Market", "Enterprise", "ARR > 100,000", "manual", "Assign")
    name = f"[bold]{customer}[/]\x1b[2J"
    return (AS_OF, NAME, "1", customer, name, axis, *changed, status, AS_OF, None, None)


@pytest.fixture
def published(workspace: Workspace) -> Workspace:
    """A published snapshot with Ann and Bob waiting, and what an unpublished run wrote since."""
    configured(workspace.folder, model=NAME)
    settings, model = load_settings(workspace.config, []), load_model(NAME)
    output = Output(workspace.spark, settings, [model])
    output.log.prepare(model)
    actions = [waiting("Ann"), waiting("Bob", "behavior_segment"), waiting("Cid", status="done")]
    segments = [(AS_OF, "1", name) for name in ("Ann", "Bob", "Cid")]
    for rows, known in ((actions, segments), ([waiting("Dan")], [(AS_OF, "1", "Dan")])):
        for table, content, columns in (
            ("migration_actions", rows, _ACTIONS),
            ("customer_segments", known, "as_of DATE, run_id STRING, customer_key STRING"),
        ):
            frame = workspace.spark.createDataFrame(content, columns).coalesce(1)
            frame.write.format("delta").mode("overwrite").save(str(workspace.folder / "output" / table))
    tables = {table: WrittenTable(0, 3, "", "1") for table in ("migration_actions", "customer_segments")}
    output.log.tell("published", model, Snapshot(AS_OF, "1", SourceVersions(), written=tables, revenue=0))
    return workspace


def arguments(given: Row) -> list[str]:
    options = {"customer_key": "--customer", "decided_by": "--by", "valid_from": "--valid-from"}
    return ["record", *(f"{options.get(name, '--' + name)}={text}" for name, text in given.items())]


class SlowClock:
    """Of a machine that is years behind."""

    @staticmethod
    def now(zone: tzinfo) -> datetime:
        return datetime(2001, 1, 1, tzinfo=zone)


def test_what_waits_is_listed_as_published_with_what_was_decided_since(
    published: Workspace, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run(published.folder, "list") == 0
    lines = capsys.readouterr().out.strip().splitlines()
    assert lines[0].strip() == "2 waiting on 2024-12-31"
    # In order of axis, with markup and control characters as text that does nothing.
    assert [line.split()[:3] for line in lines[2:]] == [
        ["Bob", "[bold]Bob[/]\\x1b[2J", "behavior_segment"],
        ["Ann", "[bold]Ann[/]\\x1b[2J", "value_segment"],
    ]

    assert run(published.folder, *arguments(APPROVAL)) == 0
    # The later decision counts, whatever the clock says.
    monkeypatch.setattr("jobs.core.delta.stamps.datetime", SlowClock)
    assert run(published.folder, *arguments({**APPROVAL, "decision": "reject", "expires": "2025-01-01"})) == 0
    assert run(published.folder, "list", "--axis", "value_segment") == 0
    lines = capsys.readouterr().out.strip().splitlines()
    assert lines[0].strip() == "1 waiting on 2024-12-31"
    assert "reject Enterprise Eve 2024-12-31" in " ".join(lines[2].split())
    assert run(published.folder, "--json", "list") == 0
    bob, ann = json.loads(capsys.readouterr().out)
    assert bob["latest_decision"] is None
    assert ann == {
        "customer_key": "Ann",
        "customer_name": "[bold]Ann[/]\x1b[2J",
        "axis": "value_segment",
        "from_value": "Mid-Market",
        "to_value": "Enterprise",
        "trigger": "ARR > 100,000",
        "action": "Assign",
        "pending_since": "2024-12-31",
        "latest_decision": {
            "decision": "reject",
            "value": "Enterprise",
            "decided_by": "Eve",
            "valid_from": "2024-12-31",
        },
    }

    assert run(published.folder, "history", "--customer", "Ann") == 0
    lines = capsys.readouterr().out.strip().splitlines()
    assert lines[0].strip() == "2 decisions about Ann"
    assert [line.split()[2] for line in lines[2:]] == ["approve", "reject"]
    assert run(published.folder, "list", "--as-of", "2024-09-30") == 2
    said = capsys.readouterr().err
    assert f"must hold a published snapshot of 2024-09-30 of {NAME}; there are 2024-12-31" in said
    assert run(published.folder, "history", "--customer", "Nobody", "--json") == 0
    assert json.loads(capsys.readouterr().out) == []


def test_decisions_are_recorded_all_in_one_commit_or_none(
    published: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    table = path_identifier(str(published.folder / "output/tier_decisions"))
    good = [
        'Ann,value_segment,override,SMB,"Eve ""O\'Neil"" \\ ; -- [x]",Pilot,2024-12-31,2025-03-31',
        "Bob,behavior_segment,approve,churned,Eve,,2024-12-31,",
    ]
    bad = [
        "Ann,value_segment,approve,Enterprise,Eve,,2024-12-31,",
        "Dan,value_segment,approve,Enterprise,Eve,,2024-12-31,",
        "Cid,value_segment,override,SMB,Eve,,2024-12-31,2024-12-30",
    ]
    file = written(published.folder, HEADER, *good, *bad)
    assert run(published.folder, "record", "--file", str(file)) == 2
    said = [line for line in capsys.readouterr().err.splitlines() if line.startswith(str(file))]
    assert [line.removeprefix(f"{file}: ") for line in said] == [
        "line 6: reason: must be given with an override",
        "line 6: expires: must be after 2024-12-31, from which the decision is valid, got '2024-12-30'",
        "line 4: customer_key: must be decided on once for 'value_segment' from '2024-12-31' on, got 'Ann'",
        "line 5: customer_key: must be a customer that the snapshot of 2024-12-31 knows, got 'Dan'",
    ]
    assert latest_version(published.spark, table) is None

    assert run(published.folder, "record", "--file", str(written(published.folder, HEADER, *good))) == 0
    assert latest_version(published.spark, table) == 1  # made, and appended to once
    rows = {row["customer_key"]: row for row in published.rows("tier_decisions")}
    assert len({row.pop("recorded_at") for row in rows.values()}) == 1
    both = {"decided_by": "Eve", "valid_from": AS_OF, "expires": None, "reason": None}
    assert rows == {
        "Ann": {
            **both,
            "customer_key": "Ann",
            "axis": "value_segment",
            "decision": "override",
            "value": "SMB",
            "decided_by": 'Eve "O\'Neil" \\ ; -- [x]',
            "reason": "Pilot",
            "expires": date(2025, 3, 31),
        },
        "Bob": {
            **both,
            "customer_key": "Bob",
            "axis": "behavior_segment",
            "decision": "approve",
            "value": "churned",
        },
    }
    dan = arguments({**APPROVAL, "customer_key": "Dan"})
    assert run(published.folder, *dan) == 2
    assert run(published.folder, *dan, "--allow-unknown") == 0
    assert published.table("tier_decisions").count() == 3


def test_without_a_snapshot_nothing_is_listed_or_made(
    workspace: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    configured(workspace.folder, model=NAME)
    assert run(workspace.folder, "list") == 2
    assert f"must hold a published snapshot of {NAME}; there is none" in capsys.readouterr().err
    assert run(workspace.folder, *arguments({**APPROVAL, "value": "Large"})) == 2
    said = capsys.readouterr().err
    assert "--value: must be one of" in said
    assert "must hold a published snapshot, to know its customers; there is none" in said
    assert not (workspace.folder / "output").exists()
    assert run(workspace.folder, *arguments(APPROVAL), "--allow-unknown") == 0
    assert workspace.table("tier_decisions").count() == 1


# From sources to published segments and back.


@pytest.mark.long
def test_published_segments_follow_decisions(
    workspace: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    known = {
        "contract_years": "2",
        "on_time_payment_rate": "1",
        "user_growth_rate": "0.1",
        "health_score": "70",
        "brand_rating": "60",
    }
    profiles = [
        profile("Ann", arr="65000", valid_from=date(2024, 1, 1), **known),
        profile("Ann", arr="150000", valid_from=date(2024, 9, 1), **known),
        profile("Bob", arr="65000", valid_from=date(2024, 1, 1), **known),
    ]
    workspace.write_sources([fact("Ann", "2024-06-01"), fact("Bob", "2024-06-01")], active("Ann", "Bob"))
    workspace.write_source("dim_customers", profiles, PROFILES)
    configured(workspace.folder, model=NAME, quality={"limits": {"latest_event_days": 400}})

    def segments(as_of: date) -> dict[str, tuple[str, str]]:
        rows = workspace.rows("customer_segments", as_of)
        return {row["customer_key"]: (row["computed_value_segment"], row["value_segment"]) for row in rows}

    autumn, winter = date(2024, 9, 30), AS_OF
    assert workspace.run(date(2024, 6, 30), autumn) == 0
    assert segments(autumn) == {"Ann": ("Enterprise", "Mid-Market"), "Bob": ("Mid-Market", "Mid-Market")}
    assert run(workspace.folder, "list") == 0
    assert capsys.readouterr().out.strip().splitlines()[0].strip() == "1 waiting on 2024-09-30"

    assert run(workspace.folder, *arguments({**APPROVAL, "valid_from": "2024-09-30"})) == 0
    override = {**OVERRIDE, "customer_key": "Bob", "value": "SMB"}
    assert run(workspace.folder, *arguments(override)) == 0
    assert workspace.run(autumn, winter) == 0
    assert segments(autumn) == {"Ann": ("Enterprise", "Enterprise"), "Bob": ("Mid-Market", "Mid-Market")}
    assert segments(winter) == {"Ann": ("Enterprise", "Enterprise"), "Bob": ("Mid-Market", "SMB")}
    [action] = [row for row in workspace.rows("migration_actions", autumn) if row["axis"] == "value_segment"]
    assert (action["status"], action["decided_by"]) == ("approved", "Eve")
    assert run(workspace.folder, "list") == 0
    assert capsys.readouterr().out.strip().splitlines()[0].strip() == "0 waiting on 2024-12-31"
