"""Checks models against the checklist and the anti-patterns of segmentation, and their latest snapshots."""

import sys
from collections.abc import Sequence
from datetime import date

from jobs.core.commands.arguments import Parser
from jobs.core.commands.configuration import read_configuration_and_date
from jobs.core.commands.kit import Command, leave, run_command
from jobs.core.config.model import ScoringModel
from jobs.core.publish.output import Output
from jobs.core.publish.recorded import find_snapshot
from jobs.core.report.answers import Answers
from jobs.core.report.checklist import checklist
from jobs.core.report.findings import show_findings
from jobs.core.report.model_report import Finding, model_findings
from jobs.core.report.published_report import published_findings
from jobs.core.report.segments_report import segments_findings
from jobs.core.runtime.errors import BadDataError
from jobs.core.runtime.progress import timed
from jobs.core.runtime.redaction import redacted
from jobs.core.runtime.visible import visible


def main() -> None:
    """The command; it returns when all is told and else exits with a status that says why not."""
    leave(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Runs the command with arguments as on the command line; its exit status."""
    return run_command(_parser(), arguments, _check_models)


def _parser() -> Parser:
    parser = Parser("check-model", __doc__)
    parser.add_argument("--model", metavar="NAME", help="one of the configuration's models (default: all)")
    parser.add_argument(
        "--today", metavar="YYYY-MM-DD", help="say how old the latest snapshot is on that date"
    )
    parser.add_argument(
        "--strict", action="store_true", help="exit with status 3 if anything is found to be missing"
    )
    parser.add_json()
    return parser


def _check_models(command: Command) -> None:
    settings, models, today = read_configuration_and_date(command.arguments, "--today")
    with command.session(settings.time_zone) as spark:
        output = Output(spark, settings, models)
        with Answers(as_json=command.arguments.json) as answers:
            found = [finding for model in models for finding in _findings(answers, output, model, today)]
    missing = sum(finding.verdict == "missing" for finding in found)
    if command.arguments.strict and missing:
        raise BadDataError(f"{missing} findings are missing, and --strict asks for none")


def _findings(answers: Answers, output: Output, model: ScoringModel, today: date | None) -> list[Finding]:
    """Shows what is found about a model, and about its latest published snapshot."""
    found = [*model_findings(model), *segments_findings(model)]
    snapshot = find_snapshot(output, model)
    if snapshot is not None:
        with timed(f"snapshot of {snapshot.as_of}"):
            found += published_findings(output, model, snapshot, today)
    found += checklist(model, found)
    show_findings(answers, model, found)
    if snapshot is None:
        location = visible(redacted(str(output.root.location)))
        answers.text(f"\nNothing is published yet in {location}: the model alone is checked.")
    return found


if __name__ == "__main__":
    main()
