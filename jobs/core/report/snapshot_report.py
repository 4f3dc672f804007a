"""What a published snapshot tells of its model: thresholds against the data, inputs, service, staleness.

Each table is read once, for one row of counts.
"""

from collections.abc import Collection, Iterator, Mapping
from datetime import date
from decimal import Decimal
from functools import reduce
from typing import Any

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F  # noqa: N812

from jobs.core.config.model import COVERAGE, ScoringModel
from jobs.core.config.segmentation import Segmentation, Share
from jobs.core.report.explained import percent
from jobs.core.report.model_report import ANTI_PATTERNS, NO_SEGMENTS, Finding, Verdict, digits, limit_of

THRESHOLDS, INPUTS = "Thresholds against the data", "Inputs"
_LONGEST_MONTH = 31  # days

# From where on a person should look.
_MANY_NEAR = Decimal("0.1")  # customers within a point of one threshold
_MANY_OVERRIDES = Decimal("0.05")
_MANY_SERVED_OTHERWISE = Decimal("0.05")
_HALF = Decimal("0.5")  # of an input is missing, or stands in

_NO_COLUMN = "the latest snapshot has no such column: publish again"
# Where a measure comes from, by the column that tells it.
_SOURCES = {"arr_source": "ARR", "growth_source": "growth", "health_source": "health"}
# Where an override would show: an axis as assigned, and as it would be without.
_WITHOUT_OVERRIDE = {
    "tier": "held_tier",
    "value_segment": "held_value_segment",
    "behavior_segment": "computed_behavior_segment",
    "health_state": "computed_health_state",
}


def snapshot_findings(model: ScoringModel, tiers: DataFrame, segments: DataFrame | None) -> list[Finding]:
    """What the rows of one snapshot tell.

    Args:
        model: that published it.
        tiers: its rows of customer_tiers.
        segments: its rows of customer_segments; None if it has none.
    """
    return [*_tiers_findings(model, tiers), *_segments_findings(model.segments, segments)]


def history_finding(model: ScoringModel, dates: Collection[date], today: date | None) -> Finding:
    """Whether snapshots follow one another, a quarter of the window apart or less (as seen from today)."""
    latest = max(dates)
    days = model.window_months * _LONGEST_MONTH // 4
    age = (today - latest).days if today else 0
    found = f"{len(dates)} published, the latest of {latest}" + (
        f", {age} days before {today}" if today else ""
    )
    is_static = len(dates) == 1 or age > days
    wanted = f"; two or more are expected, and one of the last {days} days" if is_static else ""
    return Finding(ANTI_PATTERNS, "static segmentation", "look" if is_static else "ok", found + wanted)


def tier_thresholds(model: ScoringModel) -> list[tuple[str, Decimal]]:
    """The scores' columns and the limits from which on a tier's condition takes them."""
    found = [
        (comparison.metric, limit)
        for rule in model.tiers
        for comparison in (rule.when.comparisons() if rule.when else ())
        if comparison.metric in model.score_columns and comparison.operator == ">="
        if (limit := limit_of(model, comparison)) is not None
    ]
    return list(dict.fromkeys(found))


def _counted(frame: DataFrame, columns: Mapping[str, Column]) -> dict[str, Any]:
    return dict(frame.agg(*(column.alias(name) for name, column in columns.items())).collect()[0].asDict())


def _share(part: Any, whole: Any) -> Decimal:  # noqa: ANN401  (counts or sums of money, NULL for none)
    return Decimal(part or 0) / Decimal(whole) if whole else Decimal(0)


def _tiers_findings(model: ScoringModel, tiers: DataFrame) -> Iterator[Finding]:
    there = set(tiers.columns)
    thresholds = [(score, limit) for score, limit in tier_thresholds(model) if score in there]
    gone = {score: None for score, _ in tier_thresholds(model) if score not in there}
    yield from (Finding(THRESHOLDS, score, "missing", _NO_COLUMN) for score in gone)
    scored = [each.metric for each in model.components if each.metric not in model.score_columns]
    measures = [*dict.fromkeys([*scored, *_compared_measures(model, there)])]
    near = [F.abs(F.col(score) - F.lit(limit)) <= 1 for score, limit in thresholds]
    columns = {"customers": F.count(F.lit(1)), "near": F.count_if(reduce(Column.__or__, near, F.lit(False)))}
    columns |= {f"in {rule.tier}": F.count_if(F.col("tier") == rule.tier) for rule in model.tiers}
    columns |= {f"near {place}": F.count_if(each) for place, each in enumerate(near)}
    columns |= {f"has {name}": F.count(name) for name in (*measures, *_SOURCES) if name in there}
    columns |= {
        f"given {name}": F.count_if(F.col(name).isin("given", "mrr")) for name in _SOURCES if name in there
    }
    if COVERAGE in there:
        columns[COVERAGE] = F.avg(COVERAGE)
    found = _counted(tiers, columns)
    if found["customers"]:
        yield from _distribution(model, thresholds, found)
        yield from _inputs(measures, found)
    else:
        yield Finding(THRESHOLDS, "customers", "missing", "nobody is scored in the latest snapshot")


def _compared_measures(model: ScoringModel, there: Collection[str]) -> list[str]:
    """What customers are judged by beside scores; not what is only asked for being there."""
    made = {*model.score_columns, *model.counts, *_WITHOUT_OVERRIDE, COVERAGE}
    return [
        each.metric
        for place, condition in model.conditions()
        if not place.startswith("exclusions")
        for each in condition.comparisons()
        if each.metric and each.metric in {*there} - made and each.operator not in {"missing", "present"}
    ]


def _distribution(
    model: ScoringModel, thresholds: list[tuple[str, Decimal]], found: Mapping[str, Any]
) -> Iterator[Finding]:
    customers = found["customers"]
    for rule in model.tiers:
        count = found[f"in {rule.tier}"]
        detail = f"{count:,} of {customers:,} customers, {percent(_share(count, customers))}"
        yield Finding(THRESHOLDS, f"tier {rule.tier}", "ok" if count else "look", detail)
    for place, (score, limit) in enumerate(thresholds):
        count, share = found[f"near {place}"], _share(found[f"near {place}"], customers)
        detail = f"{count:,} customers within a point of it, {percent(share)}"
        yield Finding(THRESHOLDS, f"{score} {digits(limit)}", "look" if share > _MANY_NEAR else "ok", detail)
    if thresholds:
        detail = f"{found['near']:,} customers within a point, {percent(_share(found['near'], customers))}"
        yield Finding(THRESHOLDS, "any threshold of a tier", "ok", detail)
    if not tier_thresholds(model):
        yield Finding(THRESHOLDS, "scores", "ok", "does not apply: no tier has a lower limit of a score")


def _inputs(measures: list[str], found: Mapping[str, Any]) -> Iterator[Finding]:
    for metric in measures:
        yield _measured(metric, found.get(f"has {metric}"), found["customers"])
    for name, what in _SOURCES.items():
        if f"has {name}" in found:
            yield _given(what, found[f"given {name}"], found[f"has {name}"], found["customers"])
    average = found.get(COVERAGE)
    if average is not None:
        detail = f"{percent(Decimal(average))} of the weight is measured on average"
        yield Finding(INPUTS, COVERAGE, "look" if average < _HALF else "ok", detail)


def _measured(metric: str, has: int | None, customers: int) -> Finding:
    if has is None:
        return Finding(INPUTS, metric, "missing", _NO_COLUMN)
    share = _share(has, customers)
    verdict: Verdict = "missing" if not has else "look" if share < _HALF else "ok"
    return Finding(INPUTS, metric, verdict, f"known of {has:,} customers, {percent(share)}")


def _given(what: str, given: int, has: int, customers: int) -> Finding:
    parts = {"given": given, "stands in": has - given, "unknown": customers - has}
    shares = {name: _share(count, customers) for name, count in parts.items()}
    detail = ", ".join(f"{name} {parts[name]:,} ({percent(share)})" for name, share in shares.items())
    verdict: Verdict = "missing" if not has else "look" if shares["given"] < _HALF else "ok"
    return Finding(INPUTS, f"{what}, source", verdict, detail)


def _segments_findings(segmentation: Segmentation | None, rows: DataFrame | None) -> Iterator[Finding]:
    if segmentation is None:
        yield Finding(THRESHOLDS, "value segments", "ok", NO_SEGMENTS)
    elif rows is None:
        detail = "the latest snapshot has no customer_segments: publish again"
        yield Finding(THRESHOLDS, "value segments", "missing", detail)
    else:
        yield from _segmented(segmentation, rows.where("is_scored"))


def _segmented(segmentation: Segmentation, scored: DataFrame) -> Iterator[Finding]:
    levels = F.array(*(F.lit(level.service_level) for level in segmentation.service_levels))
    # From 1, the highest; 0 for what is no level, NULL where it isn't known.
    delivered, due = (F.array_position(levels, F.col(f"{kind}service_level")) for kind in ("delivered_", ""))
    overridden = [~F.col(axis).eqNullSafe(F.col(without)) for axis, without in _WITHOUT_OVERRIDE.items()]
    columns = {
        "customers": F.count(F.lit(1)),
        "arr": F.sum("arr"),
        "overridden": F.count_if(reduce(Column.__or__, overridden)),
        "known": F.count_if((delivered > 0) & (due > 0)),
        "over": F.count_if((delivered > 0) & (delivered < due)),
        "under": F.count_if((due > 0) & (delivered > due)),
        "strange": F.count_if(delivered == 0),
    }
    for rule in segmentation.value:
        inside = F.col("value_segment") == rule.segment
        columns |= {
            f"in {rule.segment}": F.count_if(inside),
            f"arr {rule.segment}": F.sum(F.when(inside, F.col("arr"))),
        }
    found = _counted(scored, columns)
    if not found["customers"]:
        return
    for rule in segmentation.value:
        expected = rule.expected
        bounds = {
            "customers": expected.customers if expected else None,
            "ARR": expected.arr if expected else None,
        }
        shares = {
            "customers": _share(found[f"in {rule.segment}"], found["customers"]),
            "ARR": _share(found[f"arr {rule.segment}"], found["arr"]),
        }
        verdicts, details = zip(*(_beside(what, shares[what], bounds[what]) for what in shares), strict=True)
        worst: Verdict = max(verdicts, key=("ok", "look", "missing").index)
        yield Finding(THRESHOLDS, f"value segment {rule.segment}", worst, "; ".join(details))
    yield from _service(found)
    share = _share(found["overridden"], found["customers"])
    detail = (
        f"{found['overridden']:,} of {found['customers']:,} customers are other than computed by an override"
    )
    verdict: Verdict = "look" if share > _MANY_OVERRIDES else "ok"
    yield Finding(ANTI_PATTERNS, "manual assignment", verdict, f"{detail}, {percent(share)}")


def _beside(what: str, share: Decimal, expected: tuple[Share, Share] | None) -> tuple[Verdict, str]:
    """An actual share beside the expected one."""
    if expected is None:
        return "missing", f"{what} {percent(share)}, no share expected"
    inside = expected[0] <= share <= expected[1]
    bounds = f"{percent(expected[0])} to {percent(expected[1])}"
    detail = f"{what} {percent(share)}, {'within' if inside else 'outside'} {bounds}"
    return "ok" if inside else "look", detail


def _service(found: Mapping[str, Any]) -> Iterator[Finding]:
    known, over, under = (found[name] for name in ("known", "over", "under"))
    strange = f"; {found['strange']:,} get what is no service level of the model" if found["strange"] else ""
    checks = {
        "segment leakage": (over, f"{over:,} get more service than is due"),
        "resource mismatch": (over + under, f"{over:,} get more service than is due, {under:,} get less"),
    }
    for check, (count, described) in checks.items():
        if not known:
            detail = f"what service customers get is not known{strange}"
            yield Finding(ANTI_PATTERNS, check, "missing", detail)
        else:
            share = _share(count, known)
            look = share > _MANY_SERVED_OTHERWISE or bool(strange)
            detail = f"of {known:,} customers whose service is known {described}, {percent(share)}{strange}"
            yield Finding(ANTI_PATTERNS, check, "look" if look else "ok", detail)
