"""Lists the changes of segments that wait for a decision, and records decisions and overrides."""

import argparse
import sys
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from pyspark.sql import DataFrame
from pyspark.sql import functions as F  # noqa: N812
from rich.console import Console
from rich.table import Table

from jobs.core.commands.kit import command_parser, date_option, leave, run_command
from jobs.core.config.decisions import COLUMNS, Decision, read_file
from jobs.core.config.model import ScoringModel, load_model
from jobs.core.config.segmentation import AXES
from jobs.core.config.settings import Settings, load_settings
from jobs.core.pipeline.engine import Engine
from jobs.core.publish import decisions
from jobs.core.publish.output import Output
from jobs.core.publish.snapshot import Snapshot
from jobs.core.runtime.errors import ConfigurationError, Problems
from jobs.core.runtime.progress import say
from jobs.core.runtime.session import borrowed_session
from jobs.core.runtime.visible import cell, visible

_WIDTH_OF_FILES = 160  # characters, when the output is no terminal
_MOST_LISTED = 50
# Option and help of each column of a decision.
_OPTIONS = {
    "customer_key": ("--customer", "whom it is about, as customer_key has it"),
    "axis": ("--axis", ", ".join(AXES)),
    "decision": ("--decision", "approve or reject what waits, or override what is computed"),
    "value": ("--value", "what is approved, rejected or set"),
    "decided_by": ("--by", "who decides"),
    "reason": ("--reason", "why; an override must have one"),
    "valid_from": ("--valid-from", "first date of a snapshot for which it counts, like 2024-12-31"),
    "expires": ("--expires", "first date for which it no longer does; an override must have one"),
}


def main() -> None:
    """The command; it returns when all is done and else exits with a status that says why not."""
    leave(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Runs the command with arguments as on the command line; its exit status."""
    given = _parser().parse_args(arguments)
    return run_command(lambda _: _decide(given), given.log_file)


def _parser() -> argparse.ArgumentParser:
    parser = command_parser("decide", __doc__)
    parser.add_argument("--model", metavar="NAME", help="which model, where several have segments")
    actions = parser.add_subparsers(dest="action", required=True)
    listing = actions.add_parser("list", help="what waits for a decision", description="What waits.")
    listing.add_argument("--axis", choices=AXES, help="of this axis alone")
    listing.add_argument("--as-of", metavar="YYYY-MM-DD", help="date of the snapshot (default: the latest)")
    recording = actions.add_parser(
        "record",
        help="record one decision, or those of a file",
        description="Records one decision, or those of a file: all, or none if one is wrong.",
    )
    for column, (option, text) in _OPTIONS.items():
        recording.add_argument(option, dest=column, metavar="TEXT", help=text)
    recording.add_argument(
        "--file", type=Path, help=f"CSV file of {', '.join(COLUMNS)}, instead of the options"
    )
    recording.add_argument(
        "--allow-unknown", action="store_true", help="also about customers that no snapshot knows"
    )
    past = actions.add_parser("history", help="the decisions about a customer", description="Its decisions.")
    past.add_argument("--customer", required=True, metavar="KEY", help="as customer_key has it")
    return parser


def _decide(given: argparse.Namespace) -> None:
    settings, model, as_of, recorded = _read_everything(given)
    with borrowed_session("customer-decisions", given.log_file, settings.time_zone) as spark:
        output = Output(spark, settings, [model])
        if given.action == "list":
            _list(output, model, as_of, given.axis)
        elif given.action == "record":
            _record(output, model, recorded, given.allow_unknown)
        else:
            _history(output, model, given.customer)


def _read_everything(
    given: argparse.Namespace,
) -> tuple[Settings, ScoringModel, date | None, list[Decision]]:
    """Settings, model and what the action is given, with every problem in any of them told at once."""
    problems = Problems()
    as_of, recorded = None, []
    if given.action == "list" and given.as_of is not None:
        with problems.gathered():
            as_of = date_option("--as-of", given.as_of)
    if given.action == "record":
        with problems.gathered():
            recorded = _given_decisions(given)
    with problems.gathered():
        settings = load_settings(given.config, given.assignments)
        model = _model(settings, given.model)
    problems.refuse()
    return settings, model, as_of, recorded


def _given_decisions(given: argparse.Namespace) -> list[Decision]:
    cells = {column: getattr(given, column) for column in _OPTIONS}
    if given.file is None:
        return [Decision.of(cells, {column: option for column, (option, _) in _OPTIONS.items()})]
    beside = [_OPTIONS[column][0] for column, text in cells.items() if text is not None]
    if beside:
        raise ConfigurationError(f"--file: must be given alone, got it beside {', '.join(beside)}")
    return read_file(given.file)


def _model(settings: Settings, wanted: str | None) -> ScoringModel:
    """The model that is decided about: the one with segments, or the one that is asked for."""
    problems = Problems()
    configured: list[ScoringModel] = []
    for name in settings.model_names:
        with problems.gathered():
            configured.append(load_model(name))
    problems.refuse()
    asked_for = [model for model in configured if wanted in {None, model.name}]
    segmented = [model for model in asked_for if model.segments is not None]
    if not asked_for:
        raise ConfigurationError(f"--model: must be one of {_names(configured)}, got {wanted!r:.80}")
    if not segmented:
        raise ConfigurationError(
            f"model: must have segments to decide about, got {_names(asked_for)} without"
        )
    if len(segmented) > 1:
        raise ConfigurationError(f"--model: must be given, one of {_names(segmented)}")
    return segmented[0]


def _names(models: list[ScoringModel]) -> str:
    return ", ".join(model.name for model in models)


def _snapshot(output: Output, model: ScoringModel, as_of: date | None = None) -> Snapshot | None:
    """The published snapshot of a date, or the latest one."""
    if output.root.properties("runs") is None:
        return None
    published = output.log.published(model.name)
    return published.get(as_of or max(published, default=date.min))


def _list(output: Output, model: ScoringModel, as_of: date | None, axis: str | None) -> None:
    snapshot = _snapshot(output, model, as_of)
    if snapshot is None:
        of_date = f" of {as_of}" if as_of else ""
        raise ConfigurationError(
            f"{output.root.location}: must hold a published snapshot{of_date} of {model.name}; there is none"
        )
    tables = output.tables_of(model)
    with Engine(output.root.spark, model=model, tier_decisions=decisions.decided(tables)) as engine:
        rows = decisions.pending(engine, tables, snapshot, axis)
        total, latest = rows.count(), F.col("latest")
        decided = F.concat_ws(" ", latest["decision"], latest["value"], latest["valid_from"])
        shown = rows.select(
            *("customer_key", "customer_name", "axis", "from_value", "to_value", "trigger", "action"),
            "pending_since",
            decided.alias("latest_decision"),
        )
        first = f", the first {_MOST_LISTED}" if total > _MOST_LISTED else ""
        _show(f"{total:,} waiting on {snapshot.as_of}{first}", shown.limit(_MOST_LISTED))


def _record(output: Output, model: ScoringModel, recorded: list[Decision], allow_unknown: bool) -> None:
    snapshot = _snapshot(output, model)
    if snapshot is None and allow_unknown:
        output.log.prepare(model)  # refuses the place of another model
    decisions.record(output.tables_of(model), model, recorded, snapshot=snapshot, allow_unknown=allow_unknown)
    say(f"{len(recorded):,} recorded. A snapshot follows them once it is published, or published again")


def _history(output: Output, model: ScoringModel, customer_key: str) -> None:
    _show(
        f"Decisions about {visible(customer_key)}", decisions.history(output.tables_of(model), customer_key)
    )


def _show(title: str, rows: DataFrame) -> None:
    """Prints rows as they are: what they hold is never read as markup or sent as control characters."""
    out = Console()
    if not out.is_terminal:
        out.width = _WIDTH_OF_FILES
    table = Table(title=cell(title), title_justify="left", title_style="bold", header_style="", box=None)
    for name in rows.columns:
        table.add_column(name.replace("_", " "), overflow="fold")
    # Dates and times as text in the session's time zone.
    for row in rows.select(*(F.col(name).cast("string") for name in rows.columns)).collect():
        table.add_row(*map(cell, row))
    out.print(table)


if __name__ == "__main__":
    main()
