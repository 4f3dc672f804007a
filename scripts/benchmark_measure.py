"""What a run costs: time and memory of its processes, Spark's account of its tasks, and on what machine."""

import os
import platform
import re
import shutil
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import psutil

from jobs.core.runtime.java import HOW_TO_INSTALL, find_java

SECONDS_BETWEEN_SAMPLES = 0.2
SECONDS_TO_END = 60
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
        cpu_seconds: of processors, in it and all that it started.
        peak_memory_bytes: the largest sum of resident memory that a sample saw.
    """

    seconds: float
    cpu_seconds: float
    peak_memory_bytes: int


def run_measured(
    command: Sequence[str | Path], environment: Mapping[str, str], log: Path, folder: Path | None = None
) -> Cost:
    """Runs a command to its end, in a folder if one is given, its output going to a file.

    Raises:
        RunFailedError: it ended with another status than 0.
    """
    members: set[psutil.Process] = set()
    peak = 0
    cpu: dict[tuple[int, float], float] = {}
    with log.open("w") as output:
        started = time.perf_counter()
        process = psutil.Popen(command, env=environment, cwd=folder, stdout=output, stderr=subprocess.STDOUT)
        try:
            while (status := _ended(process)) is None:
                members |= _tree(process)
                peak = max(peak, sum(map(_resident_bytes, members)))
                cpu |= _cpu_seconds(members)
            seconds = time.perf_counter() - started
            # A Java machine outlives the Python that started it for a moment, and ends its event log then.
            cpu |= _cpu_seconds(members)
            _, alive = psutil.wait_procs(members, timeout=SECONDS_TO_END)
            if alive:
                raise RunFailedError(f"{command[1]} left processes running {SECONDS_TO_END} s after its end")
        finally:
            for member in members:
                if member.is_running():
                    member.kill()
    if status:
        raise RunFailedError(f"{command[1]} ended with status {status}:\n{log.read_text()[-2000:]}")
    return Cost(round(seconds, 3), round(sum(cpu.values()), 3), peak)


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


def _cpu_seconds(members: set[psutil.Process]) -> dict[tuple[int, float], float]:
    """By process, what it has taken of processors; the last sample counts of one that has ended."""
    found = {}
    for member in members:
        try:
            times = member.cpu_times()
            found[member.pid, member.create_time()] = times.user + times.system
        except psutil.Error:
            continue
    return found


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
