"""What happens beside and after `published`: other dates, later comparisons, other runs, exit status."""

from datetime import date
from typing import Any

import pytest
from pyspark.sql import DataFrame

from jobs.core.publish.date_run import DateRun
from jobs.core.publish.publisher import Publisher
from jobs.core.publish.runs import RunLog
from tests.conftest import Row, Workspace, active, fact

MARCH, JUNE, SEPTEMBER = date(2024, 3, 31), date(2024, 6, 30), date(2024, 9, 30)
FACTS = [
    fact("Ann", "2024-03-01"),
    fact("Bob", "2024-03-02", "50"),
    fact("Bob", "2024-05-02", "1"),
    fact("Ann", "2024-09-01"),
]


def events(workspace: Workspace, as_of: date) -> list[tuple[str, str]]:
    told = workspace.table("runs").where(f"as_of = DATE '{as_of}'").orderBy("happened_at").collect()
    return [(event["run_id"], event["status"]) for event in told]


def statuses(workspace: Workspace, as_of: date) -> list[str]:
    return [status for _, status in events(workspace, as_of)]


def previous(workspace: Workspace, as_of: date) -> str | None:
    """The run that a date's published snapshot was compared with."""
    compared: list[str | None] = [
        run["previous_run_id"] for run in workspace.published() if run["as_of"] == as_of
    ]
    return compared[-1]


def latest_run(workspace: Workspace, as_of: date) -> str:
    return str([run["run_id"] for run in workspace.published() if run["as_of"] == as_of][-1])


@pytest.mark.long
def test_a_refused_comparison_of_a_later_date_keeps_the_earlier_one_and_is_tried_again(
    workspace: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    workspace.write_sources(FACTS, active("Ann", "Bob"))
    workspace.configure(quality={"severity": {"revenue_fell": "fail"}})
    # Nobody can be scored in 2019: that date is refused, and the others go on.
    assert workspace.run("2019-12-31", MARCH, SEPTEMBER) == 3
    assert statuses(workspace, date(2019, 12, 31)) == ["started", "refused"]
    before = workspace.as_readers_see(SEPTEMBER)
    march = latest_run(workspace, MARCH)

    # In June there is far more revenue than in September, to whose window it doesn't belong.
    workspace.write_sources([*FACTS, fact("Bob", "2023-07-15", "9000")], active("Ann", "Bob"))
    capsys.readouterr()
    assert workspace.run(JUNE) == 0

    said = capsys.readouterr().err
    assert "refused, and left as it was" in said
    assert "revenue_fell" in said
    assert statuses(workspace, JUNE) == ["started", "published"]
    assert statuses(workspace, SEPTEMBER) == ["started", "published", "started", "comparison_refused"]
    assert workspace.as_readers_see(SEPTEMBER) == before
    assert previous(workspace, SEPTEMBER) == march
    failed = workspace.table("data_quality").where("rule = 'revenue_fell' AND verdict = 'failed'").collect()
    assert [row["as_of"] for row in failed] == [SEPTEMBER]

    # Any later run tries again; the rule only warns now.
    workspace.configure()
    assert workspace.run("2019-12-31") == 3
    assert statuses(workspace, SEPTEMBER)[-2:] == ["started", "published"]
    assert previous(workspace, SEPTEMBER) == latest_run(workspace, JUNE)


@pytest.mark.long
def test_what_a_killed_run_left_and_two_runs_at_once_are_found(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    workspace.write_sources(FACTS, active("Ann", "Bob"))
    workspace.configure()
    assert workspace.run(MARCH, SEPTEMBER) == 0
    with monkeypatch.context() as patched:
        # Killed between `published` and the comparison of the next date.
        patched.setattr(Publisher, "compare_stale_days", lambda *_: None)
        assert workspace.run(JUNE) == 0
    assert previous(workspace, SEPTEMBER) == latest_run(workspace, MARCH)

    tell = RunLog.tell

    def told_beside(log: RunLog, status: Any, model: Any, snapshot: Any, *given: Any, **named: Any) -> None:
        tell(log, status, model, snapshot, *given, **named)
        if status == "published" and snapshot.as_of == MARCH:
            # Another run publishes the same date a moment later.
            patched.setattr(RunLog, "tell", tell)
            log.tell("published", model, type(snapshot)(**{**vars(snapshot), "run_id": "another"}))

    capsys.readouterr()
    with monkeypatch.context() as patched:
        patched.setattr(RunLog, "tell", told_beside)
        assert workspace.run(MARCH) == 1

    said = capsys.readouterr().err
    assert f"{MARCH}: this run's snapshot doesn't count, for run another published it" in said
    assert [status for run, status in events(workspace, MARCH)].count("failed") == 0
    # The run found what the killed one had left, of another date than its own.
    assert previous(workspace, SEPTEMBER) == latest_run(workspace, JUNE)
    assert previous(workspace, JUNE) == "another"


@pytest.mark.long
def test_a_failed_model_or_date_leaves_the_others_to_go_on_and_status_1_is_the_last(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace.write_sources(FACTS, active("Ann", "Bob"))
    second = workspace.model(name="second")
    workspace.configure(model=None, models=["profitability_adherence", second])
    publish = Publisher.publish

    def failing(publisher: Publisher, run: DateRun, features: DataFrame, allow_empty: bool) -> None:
        if publisher.model.name != "second" and run.snapshot.as_of == JUNE:
            raise RuntimeError("disk full")
        publish(publisher, run, features, allow_empty)

    with monkeypatch.context() as patched:
        patched.setattr(Publisher, "publish", failing)
        assert workspace.run(MARCH, JUNE, SEPTEMBER) == 1

    told: dict[tuple[str, date], Row] = {}
    for event in workspace.table("runs").orderBy("happened_at").collect():
        told[event["model"], event["as_of"]] = event.asDict()
    assert {key: event["status"] for key, event in told.items()} == {
        (model, day): "failed" if (model, day) == ("profitability_adherence", JUNE) else "published"
        for model in ("profitability_adherence", "second")
        for day in (MARCH, JUNE, SEPTEMBER)
    }
