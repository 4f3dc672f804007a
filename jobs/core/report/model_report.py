"""What a model says and leaves open: the checklist and anti-patterns of segmentation, by the model alone."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Literal

from jobs.core.config.components import Component
from jobs.core.config.conditions import Condition
from jobs.core.config.model import COVERAGE, ScoringModel
from jobs.core.config.table_registry import measures_with

Verdict = Literal["ok", "look", "missing"]
CRITERIA, SCORING, EDGES, ANTI_PATTERNS = "Criteria", "Scoring", "Edge cases", "Anti-patterns"
NO_SEGMENTS = "does not apply: the model has no segments"


@dataclass(frozen=True)
class Finding:
    """What one check found.

    Attributes:
        area: the part of the checklist.
        check: what was looked at.
        verdict: ok; look, where a person should judge; missing, where something is not defined or not there.
        detail: in words.
    """

    area: str
    check: str
    verdict: Verdict
    detail: str


def listed(area: str, check: str, problems: Iterable[str], fine: str, verdict: Verdict = "look") -> Finding:
    """All problems of one kind as one finding; what is fine if there are none."""
    found = "; ".join(problems)
    return Finding(area, check, verdict, found) if found else Finding(area, check, "ok", fine)


def limit_of(model: ScoringModel, comparison: Condition) -> Decimal | None:
    """The number that a comparison compares with; None if it is something else."""
    value = comparison.limit(model.thresholds)
    return value if isinstance(value, Decimal) else None


def digits(number: Decimal) -> str:
    """A number without an exponent and needless zeros."""
    return f"{number.normalize():f}"


def model_findings(model: ScoringModel) -> list[Finding]:
    """What a model tells of its criteria, scores and edge cases, and its anti-patterns."""
    return [
        *_criteria(model),
        *_scoring(model),
        *_edge_cases(model),
        *_anti_patterns(model),
    ]


def _criteria(model: ScoringModel) -> Iterator[Finding]:
    segments = model.segments
    ordered = {"tiers": [(rule.tier, rule.when) for rule in model.tiers]}
    if segments is None:
        yield Finding(CRITERIA, "segments", "ok", NO_SEGMENTS)
    else:
        ordered["value segments"] = [(rule.segment, rule.when) for rule in segments.value]
        ordered["behavior segments"] = [(rule.segment, rule.when) for rule in segments.behavior]
        ordered["risk levels"] = [(rule.level, rule.when) for rule in segments.risk]
    for what, rules in ordered.items():
        open_ends = [f"{name} has no condition" for name, when in rules[:-1] if when is None]
        names, last = [name for name, _ in rules], rules[-1]
        if last[1] is not None:
            open_ends.append(f"{last[0]} has a condition, so that some customers are in none")
        fine = f"{', '.join(names)}: a condition each but the last, which takes everybody else"
        yield listed(CRITERIA, what, open_ends, fine, "missing")
        fine = "no lower limit takes all customers of another one"
        yield listed(CRITERIA, f"{what} in order", _unreachable(model, rules), fine)
    yield listed(CRITERIA, "thresholds", _unnamed(model), f"{len(model.thresholds)} named, all of them used")


def _unreachable(model: ScoringModel, rules: Sequence[tuple[str, Condition | None]]) -> Iterator[str]:
    """The rules of one lower limit that an earlier rule's limit, or the end of the scale, leaves nobody."""
    # The lowest limit so far of each measure, and whether it is itself above what it lets in.
    taken_from = dict.fromkeys(model.score_columns, (Decimal(100), True))
    for name, when in rules:
        limit = limit_of(model, when) if when and when.metric and when.operator in {">", ">="} else None
        if when is None or when.metric is None or limit is None:
            continue
        start = (limit, when.operator == ">")
        if when.metric in taken_from and start >= taken_from[when.metric]:
            nobody = f"nobody is left with {when.metric} {when.operator} {digits(limit)}"
            yield f"{name} can't be reached: {nobody}"
        taken_from[when.metric] = min(start, taken_from.get(when.metric, start))


def _unnamed(model: ScoringModel) -> Iterator[str]:
    comparisons = [each for _, condition in model.conditions() for each in condition.comparisons()]
    used = {comparison.threshold for comparison in comparisons}
    if model.segments is not None:
        health = model.segments.health
        used |= {str(health.at_risk_below), str(health.healthy_above)}
    yield from (f"{name} is used nowhere" for name in model.thresholds if name not in used)
    written = Counter(
        (each.metric, limit)
        for each in comparisons
        if each.threshold is None and (limit := limit_of(model, each)) is not None
    )
    for (metric, limit), times in written.items():
        if times > 1:
            yield f"{metric} {digits(limit)} stands in {times} conditions without a name"


def _scoring(model: ScoringModel) -> Iterator[Finding]:
    read = {each.metric for _, condition in model.conditions() for each in condition.comparisons()}
    read |= {component.metric for component in model.components}
    for score, column in zip(model.scores, model.score_columns, strict=True):
        components = model.components_of(score)
        made_of = ", ".join(f"{digits(each.weight)} {each.metric} ({_scale(each)})" for each in components)
        total = sum((component.weight for component in components), Decimal(0))
        problems = [f"weights sum to {digits(total)}, not 1: {made_of}"] if total != 1 else []
        if column not in read:
            problems.append(f"no tier, flag, segment or other score reads {column}")
        yield listed(SCORING, f"{score} score", problems, made_of)


def _scale(component: Component) -> str:
    return str(component.scale or f"percentile, {component.direction.replace('_', ' ')}")


def _edge_cases(model: ScoringModel) -> Iterator[Finding]:
    reasons = [rule.reason for rule in model.exclusions]
    yield Finding(
        EDGES,
        "who is not scored",
        "ok" if reasons else "missing",
        f"listed with the reason: {', '.join(reasons)}"
        if reasons
        else "everybody is scored, even without data",
    )
    by_coverage = [
        comparison
        for rule in model.exclusions
        for comparison in (rule.when.comparisons() if rule.when else ())
        if comparison.metric == COVERAGE
    ]
    if model.missing == "lowest":
        yield Finding(EDGES, "missing measures", "ok", "a missing measure ranks as the lowest")
    elif by_coverage:
        limits = ", ".join(
            digits(limit) for each in by_coverage if (limit := limit_of(model, each)) is not None
        )
        detail = f"the others share its weight; not scored below a coverage of {limits}"
        yield Finding(EDGES, "missing measures", "ok", detail)
    else:
        detail = "the others share its weight, and no exclusion by coverage says how much must be measured"
        yield Finding(EDGES, "missing measures", "missing", detail)
    if model.health is not None:
        stand_in = f"the {model.health.fallback_score} score of {model.health.fallback_model} stands in"
        yield Finding(EDGES, "health not given", "ok", stand_in)
    elif model.segments is not None:
        yield Finding(EDGES, "health not given", "missing", "nothing stands in for it")


def deciding_weights(model: ScoringModel) -> dict[str, Fraction]:
    """The measures that the tiers follow from, each with its part of the weight; all together 1."""
    weights: dict[str, Fraction] = {}

    def add(metric: str, part: Fraction) -> None:
        if metric not in model.score_columns:
            weights[metric] = weights.get(metric, Fraction(0)) + part
            return
        for component in model.components_of(metric.removesuffix("_score")):
            add(component.metric, part * Fraction(component.weight))

    compared = {
        comparison.metric
        for rule in model.tiers
        for comparison in (rule.when.comparisons() if rule.when else ())
        if comparison.metric
    }
    for metric in sorted(compared):
        add(metric, Fraction(1, len(compared)))
    return weights


def _anti_patterns(model: ScoringModel) -> Iterator[Finding]:
    weights = deciding_weights(model)
    of_value, of_potential = measures_with("value"), measures_with("potential")
    value, potential = (
        sum(weight for metric, weight in weights.items() if metric in family)
        for family in (of_value, of_potential)
    )
    only_value = weights and of_value.issuperset(weights)
    detail = f"{float(value):.0%} of what decides the tiers is current value"
    yield Finding(ANTI_PATTERNS, "ARR-only tiers", "look" if only_value or not weights else "ok", detail)
    detail = f"{float(potential):.0%} of what decides the tiers is growth or potential"
    yield Finding(ANTI_PATTERNS, "ignoring potential", "ok" if potential else "look", detail)
