"""What the latest published snapshot of a model tells of it."""

from datetime import date

from jobs.core.config.model import ScoringModel
from jobs.core.publish.output import Output
from jobs.core.publish.recorded import RecordedSnapshot
from jobs.core.report.conditions_report import conditions_findings
from jobs.core.report.model_report import Finding
from jobs.core.report.snapshot_report import THRESHOLDS, history_finding, snapshot_findings


def published_findings(
    output: Output, model: ScoringModel, latest: RecordedSnapshot, today: date | None
) -> list[Finding]:
    """What is found in the latest snapshot, and whether it is recent.

    Args:
        output: where the model is published.
        model: as it is now.
        latest: its latest snapshot.
        today: from where to count its age; None not to.
    """
    segments = latest.read("customer_segments") if latest.has("customer_segments") else None
    tiers = latest.read("customer_tiers")
    return [
        _as_published(output, model, latest),
        *snapshot_findings(model, tiers, segments),
        *conditions_findings(model, tiers, latest.as_of),
        history_finding(model, output.log.published_snapshots(model.name), today),
    ]


def _as_published(output: Output, model: ScoringModel, latest: RecordedSnapshot) -> Finding:
    """Whether the latest snapshot is this model's, or an earlier version's."""
    if output.log.is_of(model, latest.snapshot):
        return Finding(THRESHOLDS, "snapshot", "ok", f"{latest.as_of}, published with the model as it is")
    detail = f"{latest.as_of}, published with the model as it was before a change: publish again"
    return Finding(THRESHOLDS, "snapshot", "look", detail)
