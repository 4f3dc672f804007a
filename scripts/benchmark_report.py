"""The benchmark's results as a table and a plot: medians of the runs of each size and engine."""

import statistics
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullFormatter

Result = dict[str, Any]

ENGINES = {
    "job": "this job",
    "duckdb": "DuckDB",
    "naive": "naive Spark port",
    "release": "previous release",
}
COLORS = {"job": "#0b6e99", "duckdb": "#d98e04", "naive": "#8a8a8a", "release": "#8cc5dd"}
GIB = 2**30
HEADINGS = (
    "customers",
    "facts",
    "dates",
    "engine",
    "seconds",
    "CPU seconds",
    "facts/s",
    "peak memory GiB",
    "spilled GiB (memory + disk)",
    "read GiB",
    "shuffled GiB",
    "executions",
    "task seconds",
    "longest/mean task",
    "runs",
    "agrees",
)


def median(result: Result, measure: str) -> float | None:
    """The median of one measure over the runs that have it."""
    values = [run[measure] for run in result["runs"] if run.get(measure) is not None]
    return statistics.median(values) if values else None


def table(results: Sequence[Result]) -> str:
    """The results as a Markdown table, with the machines they are from below."""
    lines: list[tuple[str, ...]] = [HEADINGS, ("---:",) * 3 + ("---",) + ("---:",) * 11 + ("---",)]
    lines += [_row(result) for result in results]
    machines = sorted({_machine(result) for result in results})
    return "\n".join([*(f"| {' | '.join(line)} |" for line in lines), "", *machines])


def _row(result: Result) -> tuple[str, ...]:
    seconds = median(result, "seconds")
    memory = median(result, "memory_spilled_bytes")
    disk = median(result, "disk_spilled_bytes")
    return (
        f"{result['customers']:,}",
        f"{result['facts']:,}",
        str(result.get("dates", 1)),
        ENGINES[result["engine"]],
        _number(seconds, 1),
        _number(median(result, "cpu_seconds"), 1),
        _number(result["facts"] / seconds if seconds else None, 0),
        _number(median(result, "peak_memory_bytes"), 2, GIB),
        "-" if memory is None or disk is None else f"{memory / GIB:,.2f} + {disk / GIB:,.2f}",
        _number(median(result, "read_bytes"), 2, GIB),
        _number(median(result, "shuffle_written_bytes"), 2, GIB),
        _number(median(result, "executions"), 0),
        _number(median(result, "task_seconds"), 1),
        _number(median(result, "longest_task_over_mean"), 2),
        str(len(result["runs"])),
        "yes" if result["agrees"] else "NO",
    )


def _number(value: float | None, places: int, unit: int = 1) -> str:
    return "-" if value is None else f"{value / unit:,.{places}f}"


def _machine(result: Result) -> str:
    machine = result["machine"]
    versions = ", ".join(f"{name} {version}" for name, version in machine["versions"].items())
    return (
        f"{machine['cores']} cores ({machine['cpu']}), {machine['memory_bytes'] / GIB:.0f} GiB of memory, "
        f"{machine['system']}; {versions}"
    )


def draw(results: Sequence[Result], file: Path) -> None:
    """Draws seconds and peak memory of one date against customers.

    A line per engine; other numbers of facts as open marks.
    """
    results = [result for result in results if result.get("dates", 1) == 1]
    # The same results make the same file.
    mpl.rcParams.update({"svg.hashsalt": "benchmark", "font.size": 10})
    figure = Figure(figsize=(10, 4.2), layout="constrained")
    left, right = figure.subplots(1, 2)
    _panel(left, results, "seconds", 1, "Seconds, from start to written result")
    _panel(right, results, "peak_memory_bytes", GIB, "Peak memory, GiB")
    right.legend(frameon=False, loc="lower right")
    figure.savefig(file, metadata={"Date": None} if file.suffix == ".svg" else None, dpi=150)


def _panel(axes: Axes, results: Sequence[Result], measure: str, unit: int, title: str) -> None:
    usual = Counter(result["facts_per_customer"] for result in results).most_common(1)[0][0]
    for engine, label in ENGINES.items():
        of_engine = [result for result in results if result["engine"] == engine]
        if not of_engine:
            continue
        line = [result for result in of_engine if result["facts_per_customer"] == usual]
        others = [result for result in of_engine if result["facts_per_customer"] != usual]
        style: dict[str, Any] = {"color": COLORS[engine], "marker": "o"}
        if line:
            axes.plot(*_points(line, measure, unit), label=label, **style)
        axes.plot(*_points(others, measure, unit), linestyle="none", markerfacecolor="none", **style)
        for result, x, y in zip(others, *_points(others, measure, unit), strict=True):
            note = f"{result['facts_per_customer']:g} facts each"
            # Below on the left, where the rising lines leave room.
            text: dict[str, Any] = {"color": COLORS[engine], "ha": "right", "va": "center", "size": 8}
            axes.annotate(note, (x, y), (-4, -9), textcoords="offset points", **text)
    axes.set(xscale="log", yscale="log", xlabel=f"Customers, with about {usual:g} facts each")
    axes.set_title(title, loc="left", size=11)
    customers = sorted({result["customers"] for result in results})
    axes.set_xticks(customers, [_short(size) for size in customers])
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.yaxis.set_minor_formatter(FuncFormatter(lambda value, _: f"{value:g}" if _labelled(value) else ""))
    axes.grid(visible=True, which="major", color="#e5e5e5", linewidth=0.8)
    axes.spines[["top", "right"]].set_visible(False)


def _points(results: Sequence[Result], measure: str, unit: int) -> tuple[list[int], list[float]]:
    medians = [(result["customers"], median(result, measure)) for result in results]
    known = [(customers, value / unit) for customers, value in medians if value is not None]
    return [customers for customers, _ in known], [value for _, value in known]


def _labelled(value: float) -> bool:
    """Whether a tick between powers of ten has its number: 2 and 5 do."""
    return f"{value:e}"[0] in "25"


def _short(customers: int) -> str:
    for size, letter in ((1_000_000, "M"), (1_000, "k")):
        if customers >= size:
            return f"{customers / size:g}{letter}"
    return str(customers)
