"""How findings about a model are shown."""

from collections.abc import Sequence
from dataclasses import asdict

from rich.text import Text

from jobs.core.config.model import ScoringModel
from jobs.core.report.answers import Answers
from jobs.core.report.model_report import ANTI_PATTERNS, Finding
from jobs.core.report.tables import add_row, text_table
from jobs.core.runtime.visible import visible

_STYLES = {"ok": "green", "look": "yellow", "missing": "red"}


def show_findings(answers: Answers, model: ScoringModel, findings: Sequence[Finding]) -> None:
    """Shows what was found, area by area, the anti-patterns last."""
    ordered = sorted(findings, key=lambda finding: finding.area == ANTI_PATTERNS)
    if answers.as_json:
        answers.rows("", [asdict(finding) for finding in ordered], model=model.name)
        return
    answers.text(f"\n{visible(model.name)}: {visible(model.description)}")
    for area in dict.fromkeys(finding.area for finding in ordered):
        table = text_table(area, ("check", "verdict", "detail"))
        for finding in ordered:
            if finding.area == area:
                verdict = Text(finding.verdict, style=_STYLES[finding.verdict])
                add_row(table, finding.check, verdict, finding.detail)
        answers.console.print(table)
