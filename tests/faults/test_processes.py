"""Runs that are killed, that lose an executor, and that run into each other, as processes of their own."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import date
from pathlib import Path

import psutil
import pytest
from pyspark.sql import functions as F  # noqa: N812

from jobs.core.delta.identifiers import Location
from jobs.core.delta.tables import OutputTables
from jobs.core.publish.runs import RunLog
from jobs.core.runtime.java import use_java
from tests.conftest import CHECKOUT, Row, Workspace
from tests.generate import history_inputs

DATES = (date(2024, 3, 31), date(2024, 6, 30), date(2024, 9, 30))
SECONDS_TO_WAIT = 300
SECONDS_BETWEEN_APPENDS = 30
ON_A_CLUSTER = """
import sys
from pathlib import Path
from pyspark.sql import SparkSession
from jobs import publish
from jobs.core.runtime.session import properties
settings = properties(Path("conf/spark/local.conf").read_text())
settings |= {"spark.master": "local-cluster[2,1,1024]", "spark.executor.memory": "1g"}
settings["spark.driver.memory"] = "1g"
settings["spark.executor.extraJavaOptions"] = settings["spark.driver.extraJavaOptions"]
spark = SparkSession.builder.config(map=settings).getOrCreate()
print("ready", flush=True)
status = publish.run(sys.argv[1:])
spark.stop()
sys.exit(status)
"""
MANY_RUNS = """
import sys
from jobs import publish
from jobs.core.runtime.session import open_session
open_session("many runs")
config, log, *dates = sys.argv[1:]
common = ["--config", config, "--log-file", log, "--no-summary"]
print(*(publish.run([*common, "--as-of", day]) for day in dates))
"""


@pytest.fixture
def history(workspace: Workspace) -> Workspace:
    """Sources with a history, and their three snapshots published."""
    return publish(workspace, *DATES)


def publish(workspace: Workspace, *dates: date) -> Workspace:
    workspace.write_sources(*history_inputs(seed=11, dates=DATES))
    workspace.configure()
    assert workspace.run(*dates) == 0
    return workspace


def started(*arguments: str | Path) -> subprocess.Popen[str]:
    # A process of one or a few runs ends before the thorough compiler has saved what it takes.
    environment = {**os.environ, "PYTHONPATH": str(CHECKOUT), "JDK_JAVA_OPTIONS": "-XX:TieredStopAtLevel=1"}
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


@pytest.mark.faults
@pytest.mark.parametrize("table", ["customer_features", "customer_tiers", "tier_summary"])
def test_a_killed_run_is_harmless(history: Workspace, table: str) -> None:
    before, expected = read(history), hashes(history)
    log = history.folder / "output" / table / "_delta_log"
    commits = len(list(log.glob("*.json")))
    process = started(
        "-m", "jobs.publish", "--config", history.config, "--as-of", str(DATES[1]), "--no-summary"
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


@pytest.mark.faults
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


def other_sources(history: Workspace) -> Workspace:
    """Other facts for the same output, with a configuration of their own."""
    other = Workspace(history.spark, history.folder / "other")
    other.folder.mkdir()
    other.write_sources(*history_inputs(seed=12, dates=DATES))
    other.configure(output={"path": str(history.folder / "output")})
    return other


def published_alone(other: Workspace) -> dict[date, list[Row]]:
    """The rows of customer_tiers that other facts come to in an output of their own."""
    assert other.run(*DATES, options=["--set", f"output.path={other.folder / 'output'}"]) == 0
    return {day: without_run(other.as_readers_see(day)["customer_tiers"]) for day in DATES}


def without_run(rows: list[Row]) -> list[Row]:
    return [{name: value for name, value in row.items() if name != "run_id"} for row in rows]


@pytest.mark.faults
def test_twenty_runs_of_two_processes_with_other_facts_lose_and_mix_nothing(history: Workspace) -> None:
    ours = {day: without_run(history.as_readers_see(day)["customer_tiers"]) for day in DATES}
    other = other_sources(history)
    others = published_alone(other)
    assert all(ours[day] != others[day] for day in DATES)
    mixes = [[*DATES, *DATES[::-1], *DATES, DATES[1]], [DATES[1], *DATES[::-1], *DATES, *DATES[::-1]]]
    processes = [
        started("-c", MANY_RUNS, config, history.folder / f"{number}.log", *map(str, mix))
        for number, (mix, config) in enumerate(zip(mixes, (history.config, other.config), strict=True))
    ]
    assert append_while(history, processes) > 0
    statuses = [process.communicate(timeout=6 * SECONDS_TO_WAIT)[0].split() for process in processes]

    assert [len(each) for each in statuses] == [10, 10]
    assert {status for each in statuses for status in each} <= {"0", "1"}
    told = [event.asDict() for event in history.table("runs").collect()]
    ends = {run: {event["status"] for event in told if event["run_id"] == run} for run in run_ids(told)}
    assert len(ends) == 23
    assert all(end & {"published", "failed"} for end in ends.values()), ends
    assert not any({"published", "failed"} <= end for end in ends.values()), ends

    # Every date is whole, and of the facts of the run that counts: nothing of the other's is among them.
    snapshots = RunLog.snapshots(
        OutputTables(history.spark, Location(path=str(history.folder / "output"))), None
    )
    before = None
    for day in DATES:
        counts = snapshots[day]
        assert counts.configuration is not None
        expected = others if "/other/" in counts.configuration.text else ours
        tables = history.as_readers_see(day)
        assert without_run(tables["customer_tiers"]) == expected[day], day
        for table, rows in tables.items():
            assert {row["run_id"] for row in rows} <= {counts.run_id}, (day, table)
        assert counts.previous_run_id == (before.run_id if before else None)
        if before:
            (total,) = (row for row in tables["tier_migration_summary"] if row["movement"] == "total")
            assert (total["revenue_before"], total["revenue_after"]) == (before.revenue, counts.revenue)
        before = counts


def test_a_run_beside_another_that_is_killed_publishes_its_own_rows_alone(workspace: Workspace) -> None:
    day = DATES[0]
    history = publish(workspace, day)
    ours = {table: without_run(rows) for table, rows in history.as_readers_see(day).items()}
    expected = hashes(history)
    other = other_sources(history)
    tables = [
        history.folder / "output" / table / "_delta_log" for table in ("customer_features", "customer_tiers")
    ]
    features, tiers = [{*log.glob("*.json")} for log in tables]
    process = started("-m", "jobs.publish", "--config", other.config, "--as-of", str(day), "--no-summary")
    wait_until(lambda: {*tables[0].glob("*.json")} > features, process)

    def kill_in_the_middle() -> None:
        wait_until(lambda: {*tables[1].glob("*.json")} > tiers, process)
        os.killpg(process.pid, signal.SIGKILL)

    with ThreadPoolExecutor() as pool:
        killed = pool.submit(kill_in_the_middle)
        assert history.run(day) == 0
        killed.result()
    assert process.wait() == -signal.SIGKILL

    told = history.table("runs").orderBy("happened_at").collect()
    ends = {run["run_id"]: run["status"] for run in told}
    assert sorted(ends.values()) == ["published", "published", "started"]
    (last,) = (run["run_id"] for run in told[-1:])
    seen = history.as_readers_see(day)
    assert {row["run_id"] for rows in seen.values() for row in rows} == {last}
    assert {table: without_run(rows) for table, rows in seen.items()} == ours
    assert hashes(history) == expected


def run_ids(told: list[Row]) -> set[str]:
    return {event["run_id"] for event in told}
