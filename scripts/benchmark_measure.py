"""What a run costs: time and memory of its processes, Spark's account of its tasks, and on what machine."""

import json
import os
import platform
import re
import shutil
import statistics
import subprocess
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import psutil

from jobs.core.runtime.java import HOW_TO_INSTALL, find_java

SECONDS_BETWEEN_SAMPLES = 0.2
SECONDS_TO_END = 60
# A stage of few or short tasks says nothing about skew.
FEWEST_TASKS = 4
FEWEST_TASK_SECONDS = 10.0
# What a local session takes from outside the job: a log of what each task took.
_SPARK_DEFAULTS = """
spark.eventLog.enabled true
spark.eventLog.compress false
spark.eventLog.rolling.enabled false
spark.eventLog.dir {}
"""


def workplace_with_event_log(workplace: Path) -> tuple[Path, dict[str, str]]:
    """An empty folder for a run: where its Spark event log goes, and the environment that asks for one."""
    shutil.rmtree(workplace, ignore_errors=True)
    events = workplace / "events"
    events.mkdir(parents=True)
    (workplace / "spark-defaults.conf").write_text(_SPARK_DEFAULTS.format(events.as_uri()))
    return events, os.environ | {"SPARK_CONF_DIR": str(workplace)}


class RunFailedError(Exception):
    """A process of the benchmark failed, or its result is wrong."""


@dataclass(frozen=True)
class Cost:
    """What a process and all that it started took.

    Attributes:
        seconds: from its start to its end.
        peak_memory_bytes: the largest sum of resident memory that a sample saw.
    """

    seconds: float
    peak_memory_bytes: int


def run_measured(command: Sequence[str | Path], environment: Mapping[str, str], log: Path) -> Cost:
    """Runs a command to its end, its output going to a file.

    Raises:
        RunFailedError: it ended with another status than 0.
    """
    members: set[psutil.Process] = set()
    peak = 0
    with log.open("w") as output:
        started = time.perf_counter()
        process = psutil.Popen(command, env=environment, stdout=output, stderr=subprocess.STDOUT)
        try:
            while (status := _ended(process)) is None:
                members |= _tree(process)
                peak = max(peak, sum(map(_resident_bytes, members)))
            seconds = time.perf_counter() - started
            # A Java machine outlives the Python that started it for a moment, and ends its event log then.
            _, alive = psutil.wait_procs(members, timeout=SECONDS_TO_END)
            if alive:
                raise RunFailedError(f"{command[1]} left processes running {SECONDS_TO_END} s after its end")
        finally:
            for member in members:
                if member.is_running():
                    member.kill()
    if status:
        raise RunFailedError(f"{command[1]} ended with status {status}:\n{log.read_text()[-2000:]}")
    return Cost(round(seconds, 3), peak)


def _ended(process: psutil.Popen) -> int | None:
    """The exit status, or None if it still runs at the time for a sample."""
    try:
        status: int = process.wait(timeout=SECONDS_BETWEEN_SAMPLES)
    except psutil.TimeoutExpired:
        return None
    return status


def _tree(process: psutil.Popen) -> set[psutil.Process]:
    try:
        parent = psutil.Process(process.pid)
        return {parent, *parent.children(recursive=True)}
    except psutil.NoSuchProcess:
        return set()


def _resident_bytes(process: psutil.Process) -> int:
    try:
        parent = process.parent()
        # Between fork and exec a child shows its parent's memory as its own.
        if parent is not None and parent.cmdline() == process.cmdline():
            return 0
        resident: int = process.memory_info().rss
    except psutil.NoSuchProcess:
        return 0
    return resident


def spark_account(event_logs: Path) -> dict[str, float | int | None]:
    """Spill, shuffle, task time and the worst straggler, from the event log of the one run in a folder.

    Raises:
        RunFailedError: there isn't exactly one event log, or it tells of no task.
    """
    logs = list(event_logs.iterdir())
    if len(logs) != 1:
        raise RunFailedError(f"One Spark event log was expected, got {len(logs)}")
    totals: dict[str, int] = defaultdict(int)
    seconds: dict[tuple[int, int], list[float]] = defaultdict(list)
    with logs[0].open(encoding="utf-8") as lines:
        for line in lines:
            if not line.startswith('{"Event":"SparkListenerTaskEnd"'):
                continue
            task = json.loads(line)
            # A task that failed before it ran has no metrics.
            if metrics := task.get("Task Metrics"):
                totals["memory_spilled_bytes"] += metrics["Memory Bytes Spilled"]
                totals["disk_spilled_bytes"] += metrics["Disk Bytes Spilled"]
                totals["shuffle_written_bytes"] += metrics["Shuffle Write Metrics"]["Shuffle Bytes Written"]
                stage = (task["Stage ID"], task["Stage Attempt ID"])
                seconds[stage].append(metrics["Executor Run Time"] / 1000)
    if not seconds:
        raise RunFailedError("Spark's event log tells of no task: its format may have changed")
    stragglers = [
        max(stage) / statistics.mean(stage)
        for stage in seconds.values()
        if len(stage) >= FEWEST_TASKS and sum(stage) >= FEWEST_TASK_SECONDS
    ]
    return {
        **totals,
        "task_seconds": round(sum(map(sum, seconds.values())), 3),
        "longest_task_over_mean": round(max(stragglers), 2) if stragglers else None,
    }


def machine() -> dict[str, Any]:
    """The machine and its software, without names of hosts or folders."""
    cpu = Path("/proc/cpuinfo")
    models = re.findall(r"model name\s*: (.+)", cpu.read_text()) if cpu.exists() else []
    return {
        "cores": os.cpu_count(),
        "cpu": models[0] if models else platform.processor(),
        "memory_bytes": psutil.virtual_memory().total,
        "system": _system(),
        "versions": {
            "Python": platform.python_version(),
            "Java": _java_version(),
            "PySpark": version("pyspark"),
            "Delta": version("delta-spark"),
            "DuckDB": version("duckdb"),
        },
    }


def _system() -> str:
    try:
        return platform.freedesktop_os_release()["PRETTY_NAME"]
    except OSError:  # not a Linux
        return f"{platform.system()} {platform.release()}"


def _java_version() -> str:
    home = find_java()
    if home is None:
        raise RunFailedError(HOW_TO_INSTALL)
    told = subprocess.run([home / "bin" / "java", "-version"], capture_output=True, text=True, check=True)
    return str(re.findall(r'version "(.+?)"', told.stderr)[0])
