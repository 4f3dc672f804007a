"""What a run asked of Spark, from its event log: executions, jobs, tasks, what they read and took.

    python scripts/event_log.py FOLDER [--top 20]

FOLDER holds the log of one run that had `spark.eventLog.enabled true` and `spark.eventLog.dir` in its
settings (spark-defaults.conf in the folder that SPARK_CONF_DIR names), uncompressed and in one file.
"""

import argparse
import json
import re
import statistics
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

# A stage of few or short tasks says nothing about skew.
FEWEST_TASKS = 4
FEWEST_TASK_SECONDS = 10.0
_EVENT = re.compile(r'\{"Event":"(?:[\w.]+\.)?(\w+)"')
# What Delta does for itself is an execution too, described so.
_OF_DELTA = re.compile(r"^(?:Delta: )+(?:.*?: )?(Compute snapshot|Filtering files)", re.DOTALL)
_PLACES = re.compile(r"(\bat |/)\S*/|:\d+$")  # in a description: folders, and the line of a call

_ACCOUNTED = (
    "SparkListenerSQLExecutionStart",
    "SparkListenerSQLAdaptiveExecutionUpdate",
    "SparkListenerDriverAccumUpdates",
    "SparkListenerJobStart",
    "SparkListenerTaskEnd",
)


class NoEventLogError(Exception):
    """There isn't one event log, or it tells of nothing."""


def _events(folder: Path, *wanted: str) -> Iterator[tuple[str, dict[str, Any]]]:
    logs = [file for file in folder.iterdir() if file.is_file()]
    if len(logs) != 1:
        raise NoEventLogError(f"{folder}: must hold one Spark event log, got {len(logs)}")
    with logs[0].open(encoding="utf-8") as lines:
        for line in lines:
            found = _EVENT.match(line)
            if found and found[1] in wanted:
                yield found[1], json.loads(line)


def spark_account(folder: Path) -> dict[str, float | int | None]:
    """Counts, bytes and task times of the one run whose event log is in a folder.

    Returns:
        `executions` (those within others too; `delta_log_reads` of them are Delta's readings of its log),
        `jobs`, `tasks`; `read_bytes` (of whole files, whatever columns are read), `shuffle_written_bytes`,
        `memory_spilled_bytes`, `disk_spilled_bytes`; `task_seconds`, `task_cpu_seconds`, and the worst
        `longest_task_over_mean` of the longest stages, None if no stage is long.

    Raises:
        NoEventLogError: there isn't exactly one event log, or it tells of no task.
    """
    totals: dict[str, int] = defaultdict(int)
    cpu_nanoseconds = 0
    seconds: dict[tuple[int, int], list[float]] = defaultdict(list)
    file_sizes: set[int] = set()  # the metrics of scans that tell them
    for name, event in _events(folder, *_ACCOUNTED):
        if name == "SparkListenerSQLExecutionStart":
            totals["executions"] += 1
            totals["delta_log_reads"] += _OF_DELTA.match(event["description"]) is not None
        if "sparkPlanInfo" in event:
            file_sizes.update(_file_sizes(event["sparkPlanInfo"]))
        elif name == "SparkListenerDriverAccumUpdates":
            updates = (size for metric, size in event["accumUpdates"] if metric in file_sizes)
            totals["read_bytes"] += sum(updates)
        elif name == "SparkListenerJobStart":
            totals["jobs"] += 1
        # A task that failed before it ran has no metrics.
        elif metrics := event.get("Task Metrics"):
            totals["tasks"] += 1
            totals["memory_spilled_bytes"] += metrics["Memory Bytes Spilled"]
            totals["disk_spilled_bytes"] += metrics["Disk Bytes Spilled"]
            totals["shuffle_written_bytes"] += metrics["Shuffle Write Metrics"]["Shuffle Bytes Written"]
            cpu_nanoseconds += metrics["Executor CPU Time"]
            stage = (event["Stage ID"], event["Stage Attempt ID"])
            seconds[stage].append(metrics["Executor Run Time"] / 1000)
    if not seconds:
        raise NoEventLogError(f"{folder}: its event log tells of no task: its format may have changed")
    stragglers = [
        max(stage) / statistics.mean(stage)
        for stage in seconds.values()
        if len(stage) >= FEWEST_TASKS and sum(stage) >= FEWEST_TASK_SECONDS
    ]
    return {
        **totals,
        "task_seconds": round(sum(map(sum, seconds.values())), 3),
        "task_cpu_seconds": round(cpu_nanoseconds / 1e9, 3),
        "longest_task_over_mean": round(max(stragglers), 2) if stragglers else None,
    }


def _file_sizes(plan: dict[str, Any]) -> Iterator[int]:
    """The metrics of a plan's scans that tell the size of the files read."""
    yield from (m["accumulatorId"] for m in plan["metrics"] if m["name"] == "size of files read")
    for child in plan["children"]:
        yield from _file_sizes(child)


def executions_by_kind(folder: Path) -> list[tuple[str, int, float]]:
    """How often each kind of execution was made, and its seconds (those within others counted in both)."""
    kinds: dict[int, tuple[str, int]] = {}
    counts: Counter[str] = Counter()
    seconds: dict[str, float] = defaultdict(float)
    for name, event in _events(folder, "SparkListenerSQLExecutionStart", "SparkListenerSQLExecutionEnd"):
        if name == "SparkListenerSQLExecutionStart":
            delta = _OF_DELTA.match(event["description"])
            kind = f"Delta: {delta[1]}" if delta else _PLACES.sub(r"\1", event["description"].strip())
            kinds[event["executionId"]] = (kind, event["time"])
            counts[kind] += 1
        else:
            kind, started = kinds[event["executionId"]]
            seconds[kind] += (event["time"] - started) / 1000
    return [(kind, count, seconds[kind]) for kind, count in counts.most_common()]


def main() -> None:
    """Prints the account of a run, and the kinds of its executions."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, help="that holds the event log of one run")
    parser.add_argument("--top", type=int, default=20, help="kinds of executions to list (default: 20)")
    given = parser.parse_args()
    try:
        account = spark_account(given.folder)
    except (NoEventLogError, OSError) as error:
        parser.error(str(error))
    for name, value in account.items():
        print(f"{name.replace('_', ' '):<24}{'-' if value is None else f'{value:,}':>16}")
    for kind, count, seconds in executions_by_kind(given.folder)[: given.top]:
        print(f"{count:>6} x {seconds:>8.1f} s  {kind}")


if __name__ == "__main__":
    main()
