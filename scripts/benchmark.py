"""Measures the job against DuckDB, a naive Spark port and its previous release; all must come to one result.

Every run is a process of its own, from its start to its written result. Results are JSON files, one per size
and engine, written run by run: a benchmark that was stopped goes on where it was.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import benchmark_report as report
import yaml
from benchmark_agreement import mismatches
from benchmark_code import PROGRAMS, code_version
from benchmark_measure import (
    RunFailedError,
    machine,
    run_measured,
    workplace_with_event_log,
)
from benchmark_sizes import MONTHS, SIZES, USUAL_FACTS, Size
from event_log import spark_account

from jobs.core.runtime.progress import say

CHECKOUT = Path(__file__).parents[1]


class Benchmark:
    """The runs of one size, in a folder that keeps its data and each engine's latest output."""

    def __init__(self, size: Size, folder: Path, results: Path, release: Path | None = None) -> None:
        """Measures in a folder; the previous release, if it is wanted, in a checkout of it."""
        self._size = size
        self._folder = (folder / size.data).resolve()
        self._results = results
        self._outputs = self._folder / f"outputs-{size.months}"
        self._release = release or CHECKOUT

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
        code = code_version(self._checkout(engine), engine)
        if known.exists() and not again:
            result: report.Result = json.loads(known.read_text())
            same = (result["code_version"], result["data"]["generator"]) == (
                code,
                code_version(CHECKOUT, "data"),
            )
            if same and result["agrees"]:
                return result
        return {
            "engine": engine,
            "customers": self._size.customers,
            "facts_per_customer": self._size.facts_per_customer,
            "dates": self._size.months,
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
        generator = code_version(CHECKOUT, "data")
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
        command, checkout = self._command(engine, workplace), self._checkout(engine)
        cost = run_measured(command, environment, workplace / "run.log", checkout)
        account = {} if engine == "duckdb" else spark_account(events)
        (workplace / "complete").touch()

        found = mismatches(self._outputs, engine, self._size.dates, self._folder / "spill")
        run = {
            "seconds": cost.seconds,
            "facts_per_second": round(result["facts"] / cost.seconds),
            "cpu_seconds": cost.cpu_seconds,
            "peak_memory_bytes": cost.peak_memory_bytes,
            **account,
            "mismatching_customers": found,
        }
        result["runs"].append(run)
        result["agrees"] = not any(found.values())
        self._results.mkdir(parents=True, exist_ok=True)
        self._file(engine).write_text(json.dumps(result, indent=2) + "\n")
        memory = cost.peak_memory_bytes / report.GIB
        say(f"{self._size}: {engine:<7}{cost.seconds:>9.1f} s{memory:>7.2f} GiB")
        if not result["agrees"]:
            others = ", ".join(f"{count:,} from {other}" for other, count in found.items())
            raise RunFailedError(f"{self._size}: customers whose scores or tier by {engine} differ: {others}")

    def _command(self, engine: str, workplace: Path) -> list[str | Path]:
        """The process of a run, which writes what it computes to the workplace's `output`."""
        output, log = workplace / "output", workplace / "spark.log"
        if engine in {"job", "release"}:
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
                *(part for day in self._size.dates for part in ("--as-of", str(day))),
                "--no-summary",
                "--log-file",
                log,
            ]
            module = "publish" if (self._checkout(engine) / "jobs/publish.py").exists() else "tier_customers"
            return [sys.executable, "-m", f"jobs.{module}", *arguments]
        program = CHECKOUT / PROGRAMS / f"run_{engine}.py"
        last = workplace / "spill" if engine == "duckdb" else log
        dates = ",".join(map(str, self._size.dates))
        return [sys.executable, program, self._folder, output, dates, last]

    def _checkout(self, engine: str) -> Path:
        """Where the code of an engine is."""
        return self._release if engine == "release" else CHECKOUT


def stored(results: Path) -> list[report.Result]:
    """All results, by size and in the order of the engines."""
    found = [json.loads(file.read_text()) for file in results.glob("*.json")]
    order = list(report.ENGINES)
    return sorted(
        found,
        key=lambda one: (
            one.get("dates", 1),
            one["facts_per_customer"],
            one["customers"],
            order.index(one["engine"]),
        ),
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
        "--months",
        type=int,
        default=1,
        help=f"ends of months that are asked for, up to {len(MONTHS)} (default 1)",
    )
    parser.add_argument(
        "--engines",
        default=",".join(engine for engine in report.ENGINES if engine != "release"),
        help=f"some of {','.join(report.ENGINES)}, by commas (default %(default)s)",
    )
    parser.add_argument(
        "--release", type=Path, help="a checkout of the previous release, for the engine of that name"
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
    if "release" in arguments.engines and arguments.release is None:
        parser.error("--engines release needs --release CHECKOUT")
    if not 1 <= arguments.months <= len(MONTHS):
        parser.error(f"--months must be from 1 to {len(MONTHS)}, got {arguments.months}")
    facts_per_customer = arguments.facts_per_customer or USUAL_FACTS
    if min(arguments.runs, arguments.customers or 1) < 1 or facts_per_customer < 1:
        parser.error("--runs, --customers and --facts-per-customer must be 1 or more")
    sizes = [Size(arguments.customers, facts_per_customer)] if arguments.customers else SIZES
    arguments.sizes = [replace(size, months=arguments.months) for size in sizes]
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
            Benchmark(size, arguments.folder, arguments.results, arguments.release).run(
                wanted, arguments.again
            )
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
