"""The account of a run from Spark's event log, here one written by hand."""

import json
from pathlib import Path
from typing import Any

import pytest
from event_log import NoEventLogError, executions_by_kind, main, spark_account

SQL = "org.apache.spark.sql.execution.ui.SparkListener"


def scan(metric: int) -> dict[str, Any]:
    size = {"name": "size of files read", "accumulatorId": metric, "metricType": "size"}
    return {"nodeName": "Scan parquet", "metrics": [size], "children": []}


def started(number: int, description: str, *metrics: int) -> dict[str, Any]:
    plan = {"nodeName": "Union", "metrics": [], "children": [scan(metric) for metric in metrics]}
    event = {"executionId": number, "description": description, "sparkPlanInfo": plan, "time": 1000 * number}
    return {"Event": f"{SQL}SQLExecutionStart", **event}


def task(stage: int, seconds: float) -> dict[str, Any]:
    metrics = {
        "Memory Bytes Spilled": 1,
        "Disk Bytes Spilled": 2,
        "Shuffle Write Metrics": {"Shuffle Bytes Written": 100},
        "Executor Run Time": int(seconds * 1000),
        "Executor CPU Time": int(seconds * 5e8),
    }
    return {
        "Event": "SparkListenerTaskEnd",
        "Stage ID": stage,
        "Stage Attempt ID": 0,
        "Task Metrics": metrics,
    }


EVENTS = [
    {"Event": "SparkListenerApplicationStart"},
    started(1, "collect at /somebody/jobs/codes.py:12", 7, 8),
    started(2, "Delta: collect at /somebody/jobs/codes.py:12: Filtering files for query"),
    started(3, "Delta: Compute snapshot for version: 0"),
    # Files are told when the plan is known, and a plan that is adapted has other metrics.
    {"Event": f"{SQL}SQLAdaptiveExecutionUpdate", "executionId": 1, "sparkPlanInfo": scan(9)},
    {"Event": f"{SQL}DriverAccumUpdates", "executionId": 1, "accumUpdates": [[7, 10], [9, 30], [99, 5]]},
    {"Event": "SparkListenerJobStart"},
    *(task(0, seconds) for seconds in (1, 1, 1, 9)),
    {"Event": "SparkListenerTaskEnd", "Stage ID": 1, "Stage Attempt ID": 0},
    {"Event": f"{SQL}SQLExecutionEnd", "executionId": 1, "time": 3500},
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    lines = (json.dumps(event, separators=(",", ":")) for event in EVENTS)
    (tmp_path / "local-1").write_text("\n".join(lines))
    return tmp_path


def test_a_run_is_accounted_for(folder: Path) -> None:
    assert spark_account(folder) == {
        "executions": 3,
        "delta_log_reads": 2,
        "jobs": 1,
        "tasks": 4,
        "read_bytes": 40,
        "memory_spilled_bytes": 4,
        "disk_spilled_bytes": 8,
        "shuffle_written_bytes": 400,
        "task_seconds": 12,
        "task_cpu_seconds": 6,
        "longest_task_over_mean": 3,
    }


def test_executions_are_counted_by_what_they_are_and_not_by_where_files_lie(folder: Path) -> None:
    assert executions_by_kind(folder) == [
        ("collect at codes.py", 1, 2.5),
        ("Delta: Filtering files", 1, 0),
        ("Delta: Compute snapshot", 1, 0),
    ]


def test_a_folder_without_a_log_or_a_log_without_tasks_is_refused_in_plain_words(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    log = folder / "local-1"
    log.write_text('{"Event":"SparkListenerJobStart"}\n')
    with pytest.raises(NoEventLogError, match="tells of no task"):
        spark_account(folder)
    log.unlink()
    monkeypatch.setattr("sys.argv", ["event_log.py", str(folder)])
    with pytest.raises(SystemExit):
        main()
    assert "must hold one Spark event log, got 0" in capsys.readouterr().err
