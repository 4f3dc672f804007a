"""Checks models against the checklist and the anti-patterns of segmentation, and their latest snapshots."""

import argparse
import sys
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from datetime import date

from rich.console import Console
from rich.table import Table
from rich.text import Text

from jobs.core.commands.kit import command_parser, date_option, leave, run_command
from jobs.core.config.model import ScoringModel, load_model
from jobs.core.config.settings import Settings, load_settings
from jobs.core.publish.output import Output
from jobs.core.publish.snapshot import Snapshot
from jobs.core.report.model_report import ANTI_PATTERNS, Finding, model_findings
from jobs.core.report.segments_report import segments_findings
from jobs.core.report.snapshot_report import THRESHOLDS, history_finding, snapshot_findings
from jobs.core.runtime.errors import BadDataError, Problems
from jobs.core.runtime.progress import timed
from jobs.core.runtime.redaction import redacted
from jobs.core.runtime.session import borrowed_session
from jobs.core.runtime.visible import cell, visible

_WIDTH_OF_FILES = 130  # characters, when the output is no terminal
_STYLES = {"ok": "green", "look": "yellow", "missing": "red"}


def main() -> None:
    """The command; it returns when all is told and else exits with a status that says why not."""
    leave(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Runs the command with arguments as on the command line; its exit status."""
    given = _parser().parse_args(arguments)
    return run_command(lambda _: _check_models(given), given.log_file)


def _parser() -> argparse.ArgumentParser:
    parser = command_parser("check_model", __doc__)
    parser.add_argument("--model", metavar="NAME", help="one of the configuration's models (default: all)")
    parser.add_argument(
        "--today",
        metavar="YYYY-MM-DD",
        help="tells how old the latest snapshot is on that date",
    )
    parser.add_argument(
        "--strict", action="store_true", help="exit with status 3 if anything is found to be missing"
    )
    return parser


def _check_models(given: argparse.Namespace) -> None:
    settings, models, today = _read_everything(given)
    with ExitStack() as stack:
        with timed("Spark session"):
            spark = stack.enter_context(
                borrowed_session("customer-tiers", given.log_file, settings.time_zone)
            )
        output = Output(spark, settings, models)
        missing = sum(_missing(output, model, today) for model in models)
    if given.strict and missing:
        raise BadDataError(f"{missing} findings are missing, and --strict asks for none")


def _missing(output: Output, model: ScoringModel, today: date | None) -> int:
    """Prints what is found about a model; how much of it is missing."""
    findings = [*model_findings(model), *segments_findings(model)]
    published = _published_findings(output, model, today)
    show(model, [*findings, *published])
    if not published:
        place = visible(redacted(str(output.root.location)))
        print(f"\nNothing is published yet in {place}: the model alone is checked.")
    return sum(finding.verdict == "missing" for finding in [*findings, *published])


def _read_everything(given: argparse.Namespace) -> tuple[Settings, list[ScoringModel], date | None]:
    """Settings, the models to check and today, with every problem in any of them told at once."""
    problems = Problems()
    with problems.gathered():
        today = date_option("--today", given.today) if given.today else None
    models: list[ScoringModel] = []
    with problems.gathered():
        settings = load_settings(given.config, given.assignments)
        for name in settings.model_names:
            with problems.gathered():
                models.append(load_model(name))
    chosen = [model for model in models if given.model in {None, model.name}]
    if models and not chosen:
        names = ", ".join(model.name for model in models)
        problems.append(f"--model: must be one of {names}, got {given.model!r:.80}")
    problems.refuse()
    return settings, chosen, today


def _published_findings(output: Output, model: ScoringModel, today: date | None) -> list[Finding]:
    """What the latest published snapshot tells; nothing before the first one."""
    if output.root.properties("runs") is None:
        return []
    snapshots = output.log.published(model.name)
    if not snapshots:
        return []
    latest = snapshots[max(snapshots)]
    tables = output.tables_of(model)
    tiers, segments = (
        tables.read_written(name, latest.as_of, latest.written[name]) if name in latest.written else None
        for name in ("customer_tiers", "customer_segments")
    )
    if tiers is None:
        raise BadDataError(f"run {latest.run_id} of {latest.as_of} has published no customer_tiers")
    with timed(f"snapshot of {latest.as_of}"):
        return [
            _as_published(output, model, latest),
            *snapshot_findings(model, tiers, segments),
            history_finding(model, snapshots, today),
        ]


def _as_published(output: Output, model: ScoringModel, latest: Snapshot) -> Finding:
    """Whether the latest snapshot is this model's, or an earlier version's."""
    if output.log.is_of(model, latest):
        return Finding(THRESHOLDS, "snapshot", "ok", f"{latest.as_of}, published with the model as it is")
    detail = f"{latest.as_of}, published with the model as it was before a change: publish again"
    return Finding(THRESHOLDS, "snapshot", "look", detail)


def show(model: ScoringModel, findings: Iterable[Finding], console: Console | None = None) -> None:
    """Prints what was found, area by area, the anti-patterns last."""
    out = console or Console()
    if not out.is_terminal:
        out.width = _WIDTH_OF_FILES
    areas: dict[str, list[Finding]] = {}
    for finding in sorted(findings, key=lambda finding: finding.area == ANTI_PATTERNS):
        areas.setdefault(finding.area, []).append(finding)
    out.print(Text(f"\n{visible(model.name)}: {visible(model.description)}"))
    for area, found in areas.items():
        table = Table(
            title=Text(f"\n{area}"),
            title_justify="left",
            title_style="bold",
            header_style="",
            box=None,
            pad_edge=False,
        )
        for heading in ("check", "verdict", "detail"):
            table.add_column(heading, overflow="fold")
        for finding in found:
            verdict = Text(finding.verdict, style=_STYLES[finding.verdict])
            table.add_row(cell(finding.check), verdict, cell(finding.detail))
        out.print(table)


if __name__ == "__main__":
    main()
