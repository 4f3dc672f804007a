"""Measures the ranking alone: counted against SQL's windows, skewed groups, one executor against two.

Every run is a process of its own, which ranks the same rows twice: cold, and warm. The forms run in turn, and
all must come to the same ranks.
"""

import argparse
import json
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

from benchmark_measure import machine, workplace_with_event_log
from event_log import spark_account

from jobs.core.runtime.progress import say

CHECKOUT = Path(__file__).parents[1]
PROGRAM = CHECKOUT / "scripts/benchmark/run_ranking.py"
RUNS = {
    "windows": ("plain", "one", "local[2]"),
    "counted": ("counted", "one", "local[2]"),
    "windows, skewed groups": ("plain", "skewed", "local[2]"),
    "counted, skewed groups": ("counted", "skewed", "local[2]"),
    "counted, 1 executor of 1 core": ("counted", "one", "local-cluster[1,1,3072]"),
    "counted, 2 executors of 1 core": ("counted", "one", "local-cluster[2,1,3072]"),
}


def measured(name: str, customers: int, folder: Path) -> dict[str, Any]:
    """One run: its seconds, checksum and Spark's account of its tasks."""
    events, environment = workplace_with_event_log(folder / "ranking" / "run")
    environment["PYTHONPATH"] = str(CHECKOUT)
    command: list[str | Path] = [sys.executable, PROGRAM, *RUNS[name], str(customers), folder / "ranking"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{name}: {done.stderr[-2000:]}")
    return {**json.loads(done.stdout.splitlines()[-1]), **spark_account(events)}


def main() -> None:
    """Runs all, prints a table, keeps the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--customers", type=int, default=2_000_000)
    parser.add_argument("--runs", type=int, default=3, help="of each form")
    parser.add_argument("--folder", type=Path, default=Path("build/benchmark"), help="for data")
    parser.add_argument("--results", type=Path, default=CHECKOUT / "scripts/benchmark/ranking")
    given = parser.parse_args()
    if min(given.customers, given.runs) < 1:
        parser.error("--customers and --runs must be 1 or more")
    found: dict[str, list[dict[str, Any]]] = {name: [] for name in RUNS}
    for name in list(RUNS) * given.runs:
        run = measured(name, given.customers, given.folder.resolve())
        found[name].append(run)
        cold, warm = run["seconds"]
        straggler = run["longest_task_over_mean"]
        say(f"{name:<32}{cold:>8.1f} s{warm:>8.1f} s   longest task over mean {straggler}")
    for groups in ("one", "skewed"):
        checksums = {run["checksum"] for name in RUNS if RUNS[name][1] == groups for run in found[name]}
        if len(checksums) > 1:
            sys.exit(f"The forms disagree on the ranks of {groups}")
    say("medians")
    for name, runs in found.items():
        cold, warm = (statistics.median(run["seconds"][turn] for run in runs) for turn in (0, 1))
        say(f"{name:<32}{cold:>8.1f} s{warm:>8.1f} s")
    result = {"customers": given.customers, "machine": machine(), "runs": found}
    given.results.mkdir(exist_ok=True)
    file = given.results / f"{given.customers}.json"
    file.write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
