"""The checklist of segmentation, item by item: which findings answer it, or that it isn't checked here."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from jobs.core.config.model import ChecklistKey, ScoringModel
from jobs.core.config.table_registry import measures_with
from jobs.core.report.model_report import CRITERIA, EDGES, SCORING, Finding
from jobs.core.report.segments_report import ENGAGEMENT, MIGRATION
from jobs.core.report.snapshot_report import INPUTS, THRESHOLDS

CHECKLIST = "Checklist"
_BY_THE_JOB = "customer-tiers publish computes it from the sources, and publishes it in"


@dataclass(frozen=True)
class Item:
    """One item of the checklist.

    Attributes:
        item: what is asked.
        areas: of the findings that answer it.
        checks: those of the areas that do; all of them if empty.
        always: what answers it whatever the model.
        key: under `checklist` in the model, of the answer to what is not checked here.
    """

    item: str
    areas: tuple[str, ...] = ()
    checks: frozenset[str] = frozenset()
    always: str | None = None
    key: ChecklistKey | None = None


_RATIOS = frozenset({"CSM ratios", "CSM ratios in order", "service levels in use"})
ITEMS = (
    Item("Clear criteria for each tier", (CRITERIA,)),
    Item("Scoring methodology documented", (SCORING,)),
    Item("Thresholds validated against data", (THRESHOLDS,)),
    Item("Edge case handling defined", (EDGES,)),
    Item("Value metrics available", (INPUTS,), measures_with("value")),
    Item("Potential indicators tracked", (INPUTS,), measures_with("potential")),
    Item("Strategic scoring inputs defined", (INPUTS,), measures_with("strategic")),
    Item("Automated calculation possible", always=f"{_BY_THE_JOB} customer_tiers"),
    Item("CSM ratios defined per tier", (ENGAGEMENT,), _RATIOS),
    Item("Touchpoint cadence specified", (ENGAGEMENT,), frozenset({"cadence"})),
    Item("Resource allocation approved", key="allocation_approved_by"),
    Item("Escalation paths documented", (ENGAGEMENT,), frozenset({"escalation"})),
    Item("Upgrade triggers defined", (MIGRATION,), frozenset({"upgrades of value segments"})),
    Item("Downgrade criteria specified", (MIGRATION,), frozenset({"downgrades of value segments"})),
    Item("Review process for changes", (MIGRATION,), frozenset({"review"})),
    Item("Customer communication plan", key="communication_plan"),
    Item("Tier field in CRM", key="tier_in_crm"),
    Item("Automated tier calculation", always=f"{_BY_THE_JOB} customer_tiers, tier_migration and runs"),
    Item("CSM assignment automation", key="csm_assignment"),
    Item("Reporting by segment", always=f"{_BY_THE_JOB} tier_summary and, with segments, segment_summary"),
    Item("CSMs understand segment strategies", key="strategies_known_to"),
    Item("Playbooks exist per segment", (ENGAGEMENT,), frozenset({"playbooks"})),
    Item("Training completed", key="training"),
    Item("Metrics tracked by segment", (ENGAGEMENT,), frozenset({"metrics"})),
)


def checklist(model: ScoringModel, findings: Sequence[Finding]) -> Iterator[Finding]:
    """A finding for each item; those that others answer say where to look, and are never missing twice."""
    for item in ITEMS:
        if item.always is not None:
            yield Finding(CHECKLIST, item.item, "ok", item.always)
        elif item.key is not None:
            answer = model.checklist.get(item.key)
            asked = f"not checked here: who knows answers it in the model, checklist: {{{item.key}: ...}}"
            yield Finding(CHECKLIST, item.item, "ok" if answer else "look", answer or asked)
        else:
            yield _answered(item, [each for each in findings if each.area in item.areas])


def _answered(item: Item, findings: Sequence[Finding]) -> Finding:
    of_item = [each for each in findings if not item.checks or each.check in item.checks]
    where = " and ".join(item.areas)
    if not of_item:
        return Finding(CHECKLIST, item.item, "look", f"not checked here: nothing of it under {where}")
    open_ones = [each.check for each in of_item if each.verdict != "ok"]
    if open_ones:
        return Finding(CHECKLIST, item.item, "look", f"{where}: {', '.join(dict.fromkeys(open_ones))}")
    return Finding(CHECKLIST, item.item, "ok", f"{where}: {', '.join(each.check for each in of_item)}")
