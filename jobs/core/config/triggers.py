"""What sets off a change of an axis, in words that are made of the model's conditions."""

from collections.abc import Sequence
from decimal import Decimal

from jobs.core.config.conditions import Condition, Rule
from jobs.core.config.model import CANCELLED, ScoringModel
from jobs.core.config.segmentation import AT_RISK, CHURNED, Axis, TierMemory

OTHERWISE = "none of the others"  # of the last segment or tier, which has no condition
_OPPOSITES = {"<": ">=", "<=": ">", ">": "<=", ">=": "<", "=": "!=", "!=": "="}


def trigger(model: ScoringModel, axis: Axis, start: str | None, end: str) -> str:
    """What lets a customer change from one value of an axis to another (start None: from no value)."""
    segments = model.segmentation
    if end == CHURNED:
        return in_words(next(rule.when for rule in model.exclusions if rule.reason == CANCELLED), model)
    if axis == "health_state":
        below, above = segments.health.limits(model.thresholds)
        if end == AT_RISK:
            return f"health_score < {below.normalize():f}"
        if start is None:
            return f"health_score >= {below.normalize():f}"
        return f"health_score > {above.normalize():f} for {segments.health.healthy_after_days} days"
    if axis == "behavior_segment":
        return in_words({rule.segment: rule.when for rule in segments.behavior}[end], model)
    ordered: Sequence[tuple[str, Rule]] = (
        [(tier.tier, tier) for tier in model.tiers]
        if axis == "tier"
        else [(segment.segment, segment) for segment in segments.value]
    )
    names, rules = [name for name, _ in ordered], dict(ordered)
    memory = segments.tier_memory if axis == "tier" else TierMemory()
    if start is not None and names.index(end) > names.index(start):
        words = opposite(memory.stays_while.get(start, rules[start].when), model)
    else:
        words = in_words(rules[end].when, model)
    return f"{words} in {memory.snapshots} snapshots in a row" if memory.snapshots > 1 else words


def in_words(condition: Condition | None, model: ScoringModel) -> str:
    """A condition as people read it: `arr >= 25,000 and nps >= 50`."""
    if condition is None:
        return OTHERWISE
    if condition.metric is None:
        word = " and " if condition.all else " or "
        parts = condition.all or condition.any
        return word.join(f"({in_words(p, model)})" if p.metric is None else in_words(p, model) for p in parts)
    if condition.operator in {"missing", "present"}:
        return f"{condition.metric} is {condition.operator}"
    return f"{condition.metric} {condition.operator} {_operand(condition, model)}"


def opposite(condition: Condition | None, model: ScoringModel) -> str:
    """What holds when a condition doesn't, of known measures."""
    if condition is None or condition.metric is None or condition.operator not in _OPPOSITES:
        return f"not ({in_words(condition, model)})"
    return f"{condition.metric} {_OPPOSITES[condition.operator]} {_operand(condition, model)}"


def _operand(condition: Condition, model: ScoringModel) -> str:
    if condition.months_before_as_of is not None:
        months = condition.months_before_as_of
        return f"{months} months before as_of" if months else "as_of"
    limit = condition.limit(model.thresholds)
    return f"{limit.normalize():,f}" if isinstance(limit, Decimal) else str(limit)
