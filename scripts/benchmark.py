"""Measures the job against DuckDB and against a naive Spark port, which must all come to the same result.

Every run is a process of its own, from its start to its written result. Results are JSON files, one per size
and engine, written run by run: a benchmark that was stopped goes on where it was.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import sys
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import benchmark_report as report
import duckdb
import yaml
from benchmark_measure import (
    RunFailedError,
    machine,
    run_measured,
    workplace_with_event_log,
)
from deltalake import DeltaTable
from event_log import spark_account

from jobs.core.runtime.progress import say

CHECKOUT = Path(__file__).parents[1]
PROGRAMS = Path("scripts/benchmark")
AS_OF = date(2024, 12, 31)
USUAL_FACTS = 7.4
# A naive port of more facts takes hours, or fails.
MOST_NAIVE_FACTS = 2_000_000 * USUAL_FACTS
# What the code of an engine, and of the data, consists of: results of other code don't count.
CODE = {
    "job": ["jobs/**/*.py", "sql/**/*.sql", "conf/**/*.*"],
    "duckdb": [f"{PROGRAMS}/run_duckdb.py", f"{PROGRAMS}/duckdb.sql"],
    "naive": [
        f"{PROGRAMS}/run_naive.py",
        f"{PROGRAMS}/naive.sql",
        "jobs/core/runtime/session.py",
        "conf/spark/*",
    ],
    "data": ["scripts/make_sample_data.py"],
}
COMPARED = ("customer_key", "profitability_score", "adherence_score", "tier")
MISMATCHES = """
SELECT count(DISTINCT customer_key)
FROM (
    SELECT customer_key
    FROM (SELECT *, 1 AS side FROM one UNION ALL SELECT *, -1 AS side FROM other)
    GROUP BY customer_key, profitability_score, adherence_score, tier
    HAVING sum(side) <> 0
)
"""


@dataclass(frozen=True)
class Size:
    """How much data."""

    customers: int
    facts_per_customer: float

    def __str__(self) -> str:
        return f"{self.customers}x{self.facts_per_customer:g}"

    def suits(self, engine: str) -> bool:
        """Whether the engine can be expected to manage it."""
        return engine != "naive" or self.customers * self.facts_per_customer <= MOST_NAIVE_FACTS


SIZES = [
    *(Size(customers, USUAL_FACTS) for customers in (100_000, 1_000_000, 2_000_000, 5_000_000, 10_000_000)),
    Size(1_000_000, 60),
]


class Benchmark:
    """The runs of one size, in a folder that keeps its data and each engine's latest output."""

    def __init__(self, size: Size, folder: Path, results: Path) -> None:
        self._size = size
        self._folder = (folder / str(size)).resolve()
        self._results = results
        self._outputs = self._folder / "outputs"

    def run(self, wanted: dict[str, int], again: bool) -> None:
        """Makes the runs that are still to be made, the engines in turn.

        Args:
            wanted: how many runs of each engine there shall be.
            again: don't count the runs that are there already.
        """
        results = {engine: self._result(engine, again) for engine in wanted}
        missing = {engine: wanted[engine] - len(results[engine]["runs"]) for engine in wanted}
        turns = range(max(missing.values(), default=0))
        todo = [engine for turn in turns for engine in wanted if turn < missing[engine]]
        if not todo:
            say(f"{self._size}: all runs are there")
            return
        data = self._data()
        for engine in todo:
            result = results[engine]
            result.update(facts=data["fct_revenues_rows"], accounts=data["dim_accounts_rows"], data=data)
            self._run(engine, result)

    def _result(self, engine: str, again: bool) -> report.Result:
        """What is known of an engine at this size: the stored runs if they are of the same code."""
        known = self._file(engine)
        code = code_version(engine)
        if known.exists() and not again:
            result: report.Result = json.loads(known.read_text())
            same = (result["code_version"], result["data"]["generator"]) == (code, code_version("data"))
            if same and result["agrees"]:
                return result
        return {
            "engine": engine,
            "customers": self._size.customers,
            "facts_per_customer": self._size.facts_per_customer,
            "code_version": code,
            "machine": machine(),
            "agrees": True,
            "runs": [],
        }

    def _file(self, engine: str) -> Path:
        return self._results / f"{self._size}-{engine}.json"

    def _data(self) -> dict[str, Any]:
        """Describes the data, which is made first if it isn't there or was made by another generator."""
        described = self._folder / "data.json"
        generator = code_version("data")
        if not described.exists() or json.loads(described.read_text())["generator"] != generator:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder.mkdir(parents=True)
            say(f"{self._size}: making the data ...")
            arguments = (self._folder, str(self._size.customers), str(round(self._size.facts_per_customer)))
            command: list[str | Path] = [
                sys.executable,
                CHECKOUT / PROGRAMS / "make_data.py",
                *arguments,
                generator,
            ]
            run_measured(command, os.environ, self._folder / "data.log")
        data: dict[str, Any] = json.loads(described.read_text())
        return data

    def _run(self, engine: str, result: report.Result) -> None:
        """One run: measured, compared with the other engines' results, and noted."""
        workplace = self._outputs / engine
        events, environment = workplace_with_event_log(workplace)
        cost = run_measured(self._command(engine, workplace), environment, workplace / "run.log")
        account = {} if engine == "duckdb" else spark_account(events)
        (workplace / "complete").touch()

        mismatches = self._mismatches(engine)
        run = {
            "seconds": cost.seconds,
            "facts_per_second": round(result["facts"] / cost.seconds),
            "cpu_seconds": cost.cpu_seconds,
            "peak_memory_bytes": cost.peak_memory_bytes,
            **account,
            "mismatching_customers": mismatches,
        }
        result["runs"].append(run)
        result["agrees"] = not any(mismatches.values())
        self._results.mkdir(parents=True, exist_ok=True)
        self._file(engine).write_text(json.dumps(result, indent=2) + "\n")
        memory = cost.peak_memory_bytes / report.GIB
        say(f"{self._size}: {engine:<7}{cost.seconds:>9.1f} s{memory:>7.2f} GiB")
        if not result["agrees"]:
            found = ", ".join(f"{count:,} from {other}" for other, count in mismatches.items())
            raise RunFailedError(f"{self._size}: customers whose scores or tier by {engine} differ: {found}")

    def _command(self, engine: str, workplace: Path) -> list[str | Path]:
        """The process of a run, which writes what it computes to the workplace's `output`."""
        output, log = workplace / "output", workplace / "spark.log"
        if engine == "job":
            config = workplace / "config.yaml"
            tables = {name: {"path": str(self._folder / name)} for name in ("fct_revenues", "dim_accounts")}
            settings = {
                "sources": tables,
                "output": {"path": str(output)},
                "model": "profitability_adherence",
            }
            config.write_text(yaml.safe_dump(settings))
            arguments: list[str | Path] = [
                "--config",
                config,
                "--as-of",
                str(AS_OF),
                "--no-summary",
                "--log-file",
                log,
            ]
            return [sys.executable, "-m", "jobs.publish", *arguments]
        program = CHECKOUT / PROGRAMS / f"run_{engine}.py"
        last = workplace / "spill" if engine == "duckdb" else log
        return [sys.executable, program, self._folder, output, str(AS_OF), last]

    def _mismatches(self, engine: str) -> dict[str, int]:
        """How many customers have other scores or another tier, by each other engine that has a result."""
        finished = [done.parent.name for done in self._outputs.glob("*/complete")]
        with duckdb.connect(config={"temp_directory": str(self._folder / "spill")}) as connection:
            connection.execute("SET preserve_insertion_order = false")
            connection.read_parquet(self._output_files(engine)).select(*COMPARED).create_view("one")
            mismatches = {}
            for other in sorted(set(finished) - {engine}):
                rows = connection.read_parquet(self._output_files(other)).select(*COMPARED)
                rows.create_view("other", replace=True)
                mismatches[other] = connection.sql(MISMATCHES).fetchall()[0][0]
        return mismatches

    def _output_files(self, engine: str) -> list[str]:
        """The Parquet files of an engine's customer_tiers."""
        output = self._outputs / engine / "output"
        if engine == "duckdb":
            return [str(output)]
        return DeltaTable(output / "customer_tiers" if engine == "job" else output).file_uris()


def code_version(engine: str) -> str:
    """What tells the code of an engine, or of the data, from that of another day: a hash of its files."""
    content = hashlib.sha256()
    for file in sorted({file for pattern in CODE[engine] for file in CHECKOUT.glob(pattern)}):
        content.update(file.read_bytes())
    return content.hexdigest()[:12]


def stored(results: Path) -> list[report.Result]:
    """All results, by size and in the order of the engines."""
    found = [json.loads(file.read_text()) for file in results.glob("*.json")]
    order = list(report.ENGINES)
    return sorted(
        found, key=lambda one: (one["facts_per_customer"], one["customers"], order.index(one["engine"]))
    )


def parse_arguments(argv: list[str] | None) -> argparse.Namespace:
    """The command line, checked; argparse exits with status 2 and a message."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--customers", type=int, metavar="N", help="one size only (default: all sizes)")
    parser.add_argument(
        "--facts-per-customer",
        type=float,
        metavar="F",
        help=f"of that one size, about (default {USUAL_FACTS})",
    )
    parser.add_argument(
        "--engines", default=",".join(report.ENGINES), help="some of these, by commas (default %(default)s)"
    )
    parser.add_argument("--runs", type=int, default=3, help="of each engine (default 3); of naive always one")
    parser.add_argument("--folder", type=Path, default=Path("build/benchmark"), help="for data and outputs")
    parser.add_argument("--results", type=Path, default=PROGRAMS / "results", help="for results and plot")
    parser.add_argument("--again", action="store_true", help="make runs anew that are there already")
    parser.add_argument(
        "--report", action="store_true", help="only print and draw the results that are there"
    )
    arguments = parser.parse_args(argv)
    arguments.engines = arguments.engines.split(",")
    if not set(arguments.engines) <= set(report.ENGINES):
        parser.error(
            f"--engines must be some of {','.join(report.ENGINES)}, got {','.join(arguments.engines)}"
        )
    if arguments.facts_per_customer is not None and arguments.customers is None:
        parser.error("--facts-per-customer needs --customers")
    facts_per_customer = arguments.facts_per_customer or USUAL_FACTS
    if min(arguments.runs, arguments.customers or 1) < 1 or facts_per_customer < 1:
        parser.error("--runs, --customers and --facts-per-customer must be 1 or more")
    arguments.sizes = [Size(arguments.customers, facts_per_customer)] if arguments.customers else SIZES
    return arguments


def main(argv: list[str] | None = None) -> int:
    """Makes the missing runs, prints the table and draws the plot."""
    arguments = parse_arguments(argv)
    for size in arguments.sizes if not arguments.report else ():
        wanted = {
            engine: 1 if engine == "naive" else arguments.runs
            for engine in arguments.engines
            if size.suits(engine)
        }
        try:
            Benchmark(size, arguments.folder, arguments.results).run(wanted, arguments.again)
        except RunFailedError as error:
            say(str(error))
            return 1
    results = stored(arguments.results)
    if not results:
        say(f"No results in {arguments.results}")
        return 1
    print(report.table(results))
    report.draw(results, arguments.results / "benchmark.svg")
    return 0


if __name__ == "__main__":
    sys.exit(main())
