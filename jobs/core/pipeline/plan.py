"""The plan: each table, view and value once, with what makes it.

In which order they are made is written nowhere: a step of SQL reads the relations and `:markers` of its text,
a step of a function what its parameters are called. `Engine` makes what is asked for. What no step makes must
be given: `INPUTS`.
"""

from jobs.core.config.model import ScoringModel
from jobs.core.pipeline import codes, dates, features, migration, scores, segment_reports, segments
from jobs.core.pipeline.step import made, sql
from jobs.core.quality.letters import accents

INPUTS = {
    "spark": "the session",
    "as_of": "the date that is spoken for",
    "window_months": "how many months the window has",
    "fct_revenues": "usable rows of the facts, their money as whole units",
    "money_unit": "what a unit of the facts' money is worth",
    "dim_accounts": "usable rows of the accounts",
    "dim_customers": "usable rows of the customers' profiles; may lack",
    "key_is_name": "whether the customer's key is its name; else the name is an attribute beside it",
    "model": "what is scored with",
    "size": "of the base that the model scores",
    "fallback": "the score of another model that health falls back to; lacks where a model has no health",
    "previous_as_of": "the date of the snapshot that is compared with; NULL without one",
    "previous_tiers": "the scored customers of that snapshot, with tiers as assigned; may lack",
    "previous_segments": "customer_segments of that snapshot; may lack",
    "tier_decisions": "what people decided",
    "list_unchanged": "whether tier_migration has a row for who didn't move",
}


def _has_segments(model: ScoringModel) -> bool:
    return model.segments is not None


STEPS = {
    step.name: step
    for step in (
        # The dates that are made together: the one that is spoken for, or those that are given.
        made(dates.as_of_dates),
        made(dates.first_as_of),
        made(dates.last_as_of),
        made(dates.snapshot_dates),
        # Activity: the facts, by customer. Texts become codes, and what is counted fixed-width numbers.
        sql("activity", "events"),
        sql("activity", "window_events"),
        sql("activity", "distinct_texts"),
        made(codes.read_texts, "texts"),
        made(codes.products_are_coded),
        made(codes.coded_events),
        sql("activity", "customer_accounts"),
        sql("activity", "customer_products"),
        sql("activity", "activity_rows"),
        sql("activity", "customer_units"),
        sql("activity", "customer_activity"),
        # Features: every measure that a model can score, compare or publish.
        made(codes.business_unit_texts),
        made(codes.cs_representative_texts),
        made(codes.region_texts),
        sql("features", "customer_measures"),
        sql("features", "customer_names", only_if=lambda key_is_name: not key_is_name),
        made(features.active_customers),
        sql("features", "customer_profiles"),
        sql("features", "profiled_customers"),
        made(features.customer_features),
        # Whether keys are one to the eye.
        made(lambda: accents()[0], "accented"),
        made(lambda: accents()[1], "plain"),
        sql("quality", "coarse_keys"),
        sql("quality", "keys_look_alike"),
        # Scores, tiers and flags of a model, and who has none.
        made(scores.assessed_customers),
        sql("tiers", "scored_customers"),
        made(scores.fallback_scores),
        made(scores.scores),
        made(scores.customer_tiers),
        sql("tiers", "excluded_customers"),
        made(scores.model_components),
        # Segments, which remember the previous snapshot's and follow decisions.
        made(segments.computed_segments, only_if=_has_segments),
        made(segments.remembered_segments),
        made(segments.segment_rules),
        made(segments.known_decisions),
        sql("segments", "judged_decisions"),
        sql("segments", "decisions_in_force"),
        made(lambda model: model.segmentation.health.limits(model.thresholds)[0], "at_risk_below"),
        made(lambda model: model.segmentation.health.limits(model.thresholds)[1], "healthy_above"),
        made(lambda model: model.segmentation.health.healthy_after_days, "healthy_after_days"),
        made(lambda model: model.segmentation.tier_memory.snapshots, "tier_snapshots"),
        sql("segments", "customer_states"),
        made(segments.service_levels),
        made(segments.segment_levels),
        made(segments.segment_needs),
        sql("segments", "customer_segments"),
        sql("segments", "migration_actions"),
        # What changed since the previous snapshot, and what each tier holds.
        made(migration.current_tiers),
        made(migration.current_snapshot),
        made(migration.previous_snapshot),
        made(migration.has_arr),
        made(migration.compares_arr),
        made(migration.model_tiers),
        sql("migration", "movements"),
        sql("migration", "tier_migration"),
        made(migration.retains_arr),
        sql("migration", "movement_sums"),
        made(migration.movement_totals),
        sql("migration", "tier_migration_summary"),
        sql("migration", "tier_retention"),
        made(migration.tier_mean_scores),
        sql("summary", "tier_totals"),
        sql("summary", "tier_summary"),
        # What follows from the segments of one snapshot.
        made(segment_reports.scored_segments),
        made(segment_reports.known_segments),
        made(segment_reports.model_quadrants),
        made(segment_reports.engagement_models, only_if=_has_segments),
        sql("segments", "segment_summary"),
        sql("segments", "value_health_matrix"),
        sql("segments", "capacity_plan"),
        made(segment_reports.tier_alerts),
    )
}
