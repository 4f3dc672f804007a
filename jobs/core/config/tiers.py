"""What a model makes of a customer's measures and scores: an exclusion, a tier, flags, its health."""

from jobs.core.config.conditions import Condition, Label, Name, Rule
from jobs.core.config.documents import Document


class Exclusion(Rule):
    """A reason not to score a customer."""

    reason: Name
    when: Condition


class Tier(Rule):
    """One tier; the lowest has no condition."""

    tier: Label
    name: Label


class Health(Document):
    """Where a customer's health comes from if it isn't given: a score of another model."""

    fallback_model: Name
    fallback_score: Name


class Flag(Rule):
    """One action flag; the fallback has no condition."""

    flag: Label
    recommended_action: Label
