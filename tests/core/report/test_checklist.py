"""The checklist of segmentation: each of its items is answered, or says that it isn't checked here."""

import re
from typing import get_args

from jobs.core.config.model import ChecklistKey, load_model
from jobs.core.config.table_registry import Aspect, measures_with
from jobs.core.report.checklist import CHECKLIST, ITEMS, checklist
from jobs.core.report.model_report import Finding, model_findings
from jobs.core.report.segments_report import segments_findings

VALUE = load_model("value_potential_strategic")


def items(*snapshot: Finding, **answers: str) -> dict[str, Finding]:
    """The findings of the shipped model's checklist by item, with findings of a snapshot and answers."""
    model = VALUE.model_copy(update={"checklist": answers})
    found = [*model_findings(model), *segments_findings(model), *snapshot]
    return {finding.check: finding for finding in checklist(model, found)}


def test_each_of_the_items_has_a_finding() -> None:
    found = items()
    assert len(found) == len(ITEMS) == 24
    assert {finding.area for finding in found.values()} == {CHECKLIST}
    assert {finding.verdict for finding in found.values()} == {"ok", "look"}, "what is missing is told once"
    assert {item.key for item in ITEMS if item.key} == set(get_args(ChecklistKey))


def test_findings_that_items_name_are_made() -> None:
    made = {finding.check for finding in [*model_findings(VALUE), *segments_findings(VALUE)]}
    measures = {name for aspect in get_args(Aspect) for name in measures_with(aspect)}
    assert {check for item in ITEMS for check in item.checks} - measures <= made
    without = [
        level.model_copy(update={"customers_per_csm": None}) for level in VALUE.segmentation.service_levels
    ]
    segments = VALUE.segmentation.model_copy(update={"service_levels": tuple(without)})
    model = VALUE.model_copy(update={"segments": segments})
    [ratios] = (each for each in checklist(model, segments_findings(model)) if "ratios" in each.check)
    assert (ratios.verdict, ratios.detail) == ("look", "Engagement: CSM ratios")


def test_what_nothing_here_can_tell_is_answered_by_the_model() -> None:
    found = items(communication_plan="Letters by the CSM, see the wiki")
    answered, asked = found["Customer communication plan"], found["Training completed"]
    assert (answered.verdict, answered.detail) == ("ok", "Letters by the CSM, see the wiki")
    assert asked.verdict == "look"
    assert re.match(r"not checked here: .* checklist: \{training: ", asked.detail)


def test_an_item_is_as_good_as_the_findings_that_answer_it() -> None:
    before = items()["Value metrics available"]
    assert (before.verdict, before.detail) == ("look", "not checked here: nothing of it under Inputs")
    known = Finding("Inputs", "arr", "ok", "")
    gone = Finding("Inputs", "contract_years", "missing", "")
    other = Finding("Inputs", "brand_rating", "missing", "")
    assert items(known, other)["Value metrics available"].verdict == "ok"
    spoilt = items(known, gone)["Value metrics available"]
    assert (spoilt.verdict, spoilt.detail) == ("look", "Inputs: contract_years")
    assert items()["Playbooks exist per segment"].verdict == "look", "two levels have none"
    assert items()["Touchpoint cadence specified"].verdict == "ok"
