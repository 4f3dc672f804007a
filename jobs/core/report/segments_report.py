"""What a model's segments say and leave open: engagement, migration rules, and the anti-patterns of both."""

from collections.abc import Iterator, Sequence
from itertools import combinations, pairwise, permutations

from jobs.core.config.model import ScoringModel
from jobs.core.config.segmentation import (
    ANY,
    AT_RISK,
    CHURNED,
    HEALTHY,
    Axis,
    MigrationRule,
    Segmentation,
    ServiceLevel,
)
from jobs.core.report.model_report import ANTI_PATTERNS, NO_SEGMENTS, Finding, Verdict, digits, listed

ENGAGEMENT, MIGRATION = "Engagement", "Migration rules"

_Change = tuple[Axis, str | None, str]


def segments_findings(model: ScoringModel) -> list[Finding]:
    """What the segments of a model tell; that they don't apply if it has none."""
    if model.segments is None:
        checks = {
            ENGAGEMENT: ["service levels"],
            MIGRATION: ["rules"],
            ANTI_PATTERNS: ["one-size engagement", "no migration path"],
        }
        return [Finding(area, check, "ok", NO_SEGMENTS) for area in checks for check in checks[area]]
    tiers = model.tier_names
    return [
        *_engagement(model.segments),
        *_migration(model.segments, tiers),
        *_anti_patterns(model.segments),
    ]


def _engagement(segments: Segmentation) -> Iterator[Finding]:
    users = {
        level.service_level: [
            rule.segment for rule in segments.value if rule.service_level == level.service_level
        ]
        for level in segments.service_levels
    }
    for level in segments.service_levels:
        if users[level.service_level]:
            yield _engaged(level, users[level.service_level])
    unused = [f"{name} is due to no value segment" for name, used_by in users.items() if not used_by]
    yield listed(ENGAGEMENT, "service levels in use", unused, f"all of {', '.join(users)}")
    fine = "the higher the level, the fewer customers a CSM has"
    yield listed(ENGAGEMENT, "CSM ratios in order", _loose_ratios(segments.service_levels), fine)
    yield from _open_levels(segments)
    escalation = segments.rules_by_change(()).get(("health_state", HEALTHY, AT_RISK))
    nothing = [] if escalation else ["no migration rule says what is done when a customer gets at risk"]
    fine = f"at risk: {escalation.action}" if escalation else ""
    yield listed(ENGAGEMENT, "escalation", nothing, fine, "missing")
    alerts = [f"{alert.alert} ({alert.severity})" for alert in segments.alerts]
    yield listed(ENGAGEMENT, "alerts", [] if alerts else ["none are defined"], ", ".join(alerts), "missing")


def _open_levels(segments: Segmentation) -> Iterator[Finding]:
    """What the checklist asks of each service level, and some leave open."""
    levels = {level.service_level: level for level in segments.service_levels}
    checks = {
        "CSM ratios": ("customers a CSM", ("customers_per_csm",)),
        "cadence": ("reviews and contacts", ("qbrs_per_year", "touches_per_year")),
        "playbooks": ("activities", ("success_activities",)),
        "metrics": ("metrics", ("metrics_focus",)),
    }
    for check, (what, fields) in checks.items():
        of = {name: [getattr(level, field) for field in fields] for name, level in levels.items()}
        left = ", ".join(name for name, values in of.items() if any(value in (None, ()) for value in values))
        problems = [f"no {what} for {left}"] if left else []
        yield listed(ENGAGEMENT, check, problems, f"{what} for each service level")


def _engaged(level: ServiceLevel, used_by: list[str]) -> Finding:
    ratio, touches = level.customers_per_csm, level.touches_per_year
    highest = "" if ratio is None else "+" if ratio[1] is None else f"-{digits(ratio[1])}"
    figures = {
        "CSM ratio": None if ratio is None else f"CSM ratio 1:{digits(ratio[0])}{highest}",
        "QBRs": None if level.qbrs_per_year is None else f"QBRs {digits(level.qbrs_per_year)} a year",
        "touches": None if touches is None else f"touches {digits(touches)} a year",
    }
    words = {
        "engagement model": level.engagement_model,
        "activities": level.success_activities,
        "metrics": level.metrics_focus,
        "resources": level.resources,
    }
    open_figures = [name for name, figure in figures.items() if figure is None]
    open_words = [name for name, entries in words.items() if not entries]
    parts = [f"for {', '.join(used_by)}", *(figure for figure in figures.values() if figure)]
    if open_figures + open_words:
        parts.append(f"not defined: {', '.join(open_figures + open_words)}")
    verdict: Verdict = "missing" if open_figures else "look" if open_words else "ok"
    return Finding(ENGAGEMENT, level.service_level, verdict, "; ".join(parts))


def _loose_ratios(levels: Sequence[ServiceLevel]) -> Iterator[str]:
    ratios = [(each.service_level, each.customers_per_csm) for each in levels if each.customers_per_csm]
    for name, (low, high) in ratios:
        if high is not None and high < low:
            yield f"{name} goes from {digits(low)} to {digits(high)}"
    for (name, higher), (next_name, lower) in pairwise(ratios):
        if higher[0] > lower[0]:
            yield f"{name} has {digits(higher[0])} customers a CSM, {next_name} below it {digits(lower[0])}"


def _migration(segments: Segmentation, tiers: Sequence[str]) -> Iterator[Finding]:
    rules = segments.migration_rules
    detail = f"{len(rules)}, on {', '.join(dict.fromkeys(rule.axis for rule in rules))}" if rules else "none"
    yield Finding(MIGRATION, "rules", "ok" if rules else "missing", detail)
    covered = set(segments.rules_by_change(tiers))
    values = segments.values_of("value_segment")  # from the highest
    changes = list(permutations(values, 2))
    for kind, pairs in (
        ("upgrades", [pair for pair in changes if values.index(pair[0]) > values.index(pair[1])]),
        ("downgrades", [pair for pair in changes if values.index(pair[0]) < values.index(pair[1])]),
    ):
        ruleless = [
            f"{start} to {end}" for start, end in pairs if ("value_segment", start, end) not in covered
        ]
        verdict: Verdict = "missing" if len(ruleless) == len(pairs) else "look"
        problems = [f"no rule for {', '.join(ruleless)}"] if ruleless else []
        yield listed(
            MIGRATION, f"{kind} of value segments", problems, f"a rule for each of {len(pairs)}", verdict
        )
    reviewed = [rule.rule for rule in rules if rule.mode == "manual"]
    nothing = [] if reviewed else ["no change waits for a decision"]
    yield listed(MIGRATION, "review", nothing, f"a person decides on {', '.join(reviewed)}")
    yield listed(
        MIGRATION, "rules that never fire", _dead(segments, tiers), "each rule has a change of its own"
    )
    yield listed(
        MIGRATION, "contradictions", _contradictions(segments, tiers), "no change has rules that differ"
    )
    yield listed(MIGRATION, "one way only", _one_way(segments, tiers), "each change with a rule has one back")
    yield listed(MIGRATION, "stuck", _stuck(segments, tiers), "a rule leads out of each value")


def _changes(segments: Segmentation, rule: MigrationRule, tiers: Sequence[str]) -> set[_Change]:
    """What a rule would take if it were the only one."""
    return set(segments.model_copy(update={"migration_rules": (rule,)}).rules_by_change(tiers))


def _dead(segments: Segmentation, tiers: Sequence[str]) -> Iterator[str]:
    winners = segments.rules_by_change(tiers)
    for rule in segments.migration_rules:
        values = {ANY, *segments.values_of(rule.axis, tiers)}
        to_values = values | ({CHURNED} if rule.axis == "behavior_segment" else set())
        strange = {rule.from_value} - values | {rule.to_value} - to_values
        changes = _changes(segments, rule, tiers)
        if strange:
            yield f"{rule.rule}: {rule.axis} is never {' or '.join(sorted(strange))}"
        elif not changes:
            yield f"{rule.rule}: from {rule.from_value} to {rule.to_value} is no change"
        elif all(winners[change] is not rule for change in changes):
            earlier = sorted({winners[change].rule for change in changes})
            yield f"{rule.rule}: {', '.join(earlier)} before it takes all its changes"


def _contradictions(segments: Segmentation, tiers: Sequence[str]) -> Iterator[str]:
    taken = [(rule, _changes(segments, rule, tiers)) for rule in segments.migration_rules]
    for (earlier, narrow), (later, wide) in combinations(taken, 2):
        # An exception before the general rule contradicts nothing.
        if (earlier.mode, earlier.action) == (later.mode, later.action) or narrow < wide:
            continue
        for _, start, end in sorted(narrow & wide, key=str):
            yield (
                f"{earlier.rule} ({earlier.mode}, {earlier.action}) and {later.rule} ({later.mode}, "
                f"{later.action}) both take {start or 'the first health'} to {end}; the first one wins"
            )


def _ladders(
    segments: Segmentation, tiers: Sequence[str]
) -> Iterator[tuple[Axis, Sequence[str], set[_Change]]]:
    """The ordered axes that have rules: their values from the highest, and the changes with a rule."""
    covered = set(segments.rules_by_change(tiers))
    axes: dict[Axis, Sequence[str]] = {
        "tier": tiers,
        "value_segment": segments.values_of("value_segment"),
        "health_state": (HEALTHY, AT_RISK),
    }
    for axis, values in axes.items():
        if any(rule.axis == axis for rule in segments.migration_rules):
            yield axis, values, covered


def _one_way(segments: Segmentation, tiers: Sequence[str]) -> Iterator[str]:
    for axis, values, covered in _ladders(segments, tiers):
        for higher, lower in combinations(values, 2):
            up, down = ((axis, *ends) in covered for ends in ((lower, higher), (higher, lower)))
            if up and not down:
                yield f"{axis} goes up from {lower} to {higher} by a rule, and down without one"
            if down and not up:
                yield f"{axis} goes down from {higher} to {lower} by a rule, and up without one"


def _stuck(segments: Segmentation, tiers: Sequence[str]) -> Iterator[str]:
    for axis, values, covered in _ladders(segments, tiers):
        left = {start for of_axis, start, _ in covered if of_axis == axis}
        yield from (f"no rule leads out of {axis} {value}" for value in values if value not in left)


def _anti_patterns(segments: Segmentation) -> Iterator[Finding]:
    due = {segment.service_level for segment in segments.value}
    kinds = {
        level.model_copy(update={"service_level": ""}).model_dump_json()
        for level in segments.service_levels
        if level.service_level in due
    }
    detail = (
        f"{len(segments.value)} value segments with {len(due)} service levels, {len(kinds)} of them different"
    )
    yield Finding(ANTI_PATTERNS, "one-size engagement", "look" if len(kinds) == 1 else "ok", detail)
    rules = segments.migration_rules
    detail = f"{len(rules)} migration rules" if rules else "no rule says what is done when a customer moves"
    yield Finding(ANTI_PATTERNS, "no migration path", "ok" if rules else "look", detail)
