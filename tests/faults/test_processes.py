"""Runs that are killed, that lose an executor, and that run into each other, as processes of their own."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import date
from pathlib import Path

import psutil
import pytest
from pyspark.sql import functions as F  # noqa: N812

from jobs.core.java import use_java
from tests.conftest import CHECKOUT, Row, Workspace
from tests.generate import history_inputs

pytestmark = pytest.mark.faults
DATES = (date(2024, 3, 31), date(2024, 6, 30), date(2024, 9, 30))
SECONDS_TO_WAIT = 300
SECONDS_BETWEEN_APPENDS = 30
ON_A_CLUSTER = """
import sys
from pathlib import Path
from pyspark.sql import SparkSession
from jobs import tier_customers
from jobs.core.session import properties
settings = properties(Path("conf/spark/local.conf").read_text())
settings |= {"spark.master": "local-cluster[2,1,1024]", "spark.executor.memory": "1g"}
settings["spark.driver.memory"] = "1g"
settings["spark.executor.extraJavaOptions"] = settings["spark.driver.extraJavaOptions"]
spark = SparkSession.builder.config(map=settings).getOrCreate()
print("ready", flush=True)
status = tier_customers.run(sys.argv[1:])
spark.stop()
sys.exit(status)
"""
MANY_RUNS = """
import sys
from jobs import tier_customers
from jobs.core.session import open_session
open_session("many runs")
config, log, *dates = sys.argv[1:]
common = ["--config", config, "--log-file", log, "--no-summary"]
print(*(tier_customers.run([*common, "--as-of", day]) for day in dates))
"""


@pytest.fixture
def history(workspace: Workspace) -> Workspace:
    """Sources with a history, and their three snapshots published."""
    workspace.write_sources(*history_inputs(seed=11, dates=DATES))
    workspace.configure()
    assert workspace.run(*DATES) == 0
    return workspace


def started(*arguments: str | Path) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONPATH": str(CHECKOUT)}
    for name in ("PYSPARK_GATEWAY_PORT", "PYSPARK_GATEWAY_SECRET", "SPARK_REMOTE"):
        environment.pop(name, None)
    use_java()
    return subprocess.Popen(
        [sys.executable, *map(str, arguments)],
        cwd=CHECKOUT,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def wait_until(true: Callable[[], bool], process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + SECONDS_TO_WAIT
    while not true():
        assert process.poll() is None, "it ended before"
        assert time.monotonic() < deadline
        time.sleep(0.02)


def read(workspace: Workspace) -> dict[tuple[date, str], list[Row]]:
    return {(day, table): rows for day in DATES for table, rows in workspace.as_readers_see(day).items()}


def hashes(workspace: Workspace) -> dict[date, dict[str, str]]:
    return {run["as_of"]: run["content_hashes"] for run in workspace.published()}


@pytest.mark.parametrize("table", ["customer_features", "customer_tiers", "tier_summary"])
def test_a_killed_run_is_harmless(history: Workspace, table: str) -> None:
    before, expected = read(history), hashes(history)
    log = history.folder / "output" / table / "_delta_log"
    commits = len(list(log.glob("*.json")))
    process = started(
        "-m", "jobs.tier_customers", "--config", history.config, "--as-of", str(DATES[1]), "--no-summary"
    )
    wait_until(lambda: len(list(log.glob("*.json"))) > commits, process)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()

    assert read(history) == before
    runs = history.table("runs").orderBy("happened_at").collect()
    assert runs[-1]["status"] == "started"
    assert history.run(DATES[1]) == 0
    assert hashes(history) == expected


def lose_executor(process: subprocess.Popen[str]) -> None:
    executors = []
    for each in psutil.Process(process.pid).children(recursive=True):
        # Java starts commands that are gone the next moment, as forks that look like their parent at first.
        with suppress(psutil.NoSuchProcess):
            if any("CoarseGrainedExecutorBackend" in part for part in each.cmdline()):
                executors.append(each)
    min(executors, key=lambda each: each.pid).kill()


def test_a_lost_executor_changes_nothing(history: Workspace) -> None:
    expected = hashes(history)
    output = history.folder / "of cluster"
    process = started(
        "-c",
        ON_A_CLUSTER,
        *("--config", history.config, "--no-summary", "--set", f"output.path={output}"),
        *(argument for day in DATES for argument in ("--as-of", str(day))),
    )
    wait_until((output / "customer_features").exists, process)
    lose_executor(process)

    process.communicate(timeout=SECONDS_TO_WAIT)
    assert process.returncode == 0
    told = history.table("runs", "of cluster").where("status = 'published'").orderBy("happened_at").collect()
    assert {run["as_of"]: run["content_hashes"] for run in told} == expected


def append_while(history: Workspace, processes: list[subprocess.Popen[str]]) -> int:
    """Appends events of a later date, which change no snapshot, until all have ended; how many."""
    facts = str(history.folder / "fct_revenues")
    there = history.spark.read.format("delta").load(facts)
    later = there.limit(1).withColumn("event_date", F.lit(date(2100, 1, 1)))
    appended = 0
    while any(process.poll() is None for process in processes):
        later.write.format("delta").mode("append").save(facts)
        appended += 1
        time.sleep(SECONDS_BETWEEN_APPENDS)
    return appended


def test_twenty_runs_in_two_processes_lose_and_mix_nothing(history: Workspace) -> None:
    expected = hashes(history)
    mixes = [[*DATES, *DATES[::-1], *DATES, DATES[1]], [DATES[1], *DATES[::-1], *DATES, *DATES[::-1]]]
    processes = [
        started("-c", MANY_RUNS, history.config, history.folder / f"{number}.log", *map(str, mix))
        for number, mix in enumerate(mixes)
    ]
    assert append_while(history, processes) > 0
    statuses = [process.communicate(timeout=6 * SECONDS_TO_WAIT)[0].split() for process in processes]

    assert [len(each) for each in statuses] == [10, 10]
    assert {status for each in statuses for status in each} <= {"0", "1"}
    told = history.table("runs").collect()
    published_runs = {run["run_id"] for run in told if run["status"] == "published"}
    refused = {run["run_id"] for run in told if run["status"] in {"failed", "refused"}} - published_runs
    assert len(published_runs | refused) == 23
    assert sum(status == "0" for each in statuses for status in each) >= len(published_runs) - 3 - len(
        refused
    )
    # Whoever came last: every date is whole, of one run, and the same as before.
    assert hashes(history) == expected
    for (day, table), rows in read(history).items():
        runs = {row["run_id"] for row in rows}
        assert len(runs) <= 1, (day, table)
