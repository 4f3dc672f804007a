"""One customer at a date: its scores, segments and last move, what is to be done, and how it came there."""

from collections.abc import Sequence
from functools import reduce

from pyspark.sql import DataFrame, Row
from pyspark.sql import functions as F  # noqa: N812

from jobs.core.config.model import ScoringModel
from jobs.core.config.triggers import in_words
from jobs.core.publish.recorded import RecordedSnapshot
from jobs.core.report.answers import Answers
from jobs.core.report.explained import explained
from jobs.core.report.tables import add_row, text_table
from jobs.core.runtime.errors import ConfigurationError
from jobs.core.runtime.visible import visible

_OF_CUSTOMERS = (
    *("customer_tiers", "excluded_customers", "customer_segments", "tier_migration"),
    *("migration_actions", "tier_alerts"),
)
_BARS = "▁▂▃▄▅▆▇█"
_NOT_SCORED = "·"
_FARTHEST = 3  # edits from a key that is meant
_MOST_NEAR = 5


def show_customer(
    answers: Answers, model: ScoringModel, history: Sequence[RecordedSnapshot], customer_key: str
) -> None:
    """Shows people why a customer is what it is at the last of some snapshots; programs its rows.

    Raises:
        ConfigurationError: nobody of that key was seen then; it tells near ones.
    """
    snapshot = history[-1]
    of_customer = F.col("customer_key") == F.lit(customer_key)
    rows = {name: snapshot.read(name).where(of_customer) for name in _OF_CUSTOMERS if snapshot.has(name)}
    components = snapshot.score_components().where(of_customer)
    past = _scores(history, model, customer_key)
    found = {name: frame.collect() for name, frame in rows.items() if name in _OF_CUSTOMERS[:2]}
    if not any(found.values()):
        raise ConfigurationError(
            f"--customer: must be the key of a customer seen on {snapshot.as_of} by {model.name}, "
            f"got {visible(repr(customer_key))}{_near(snapshot, customer_key)}"
        )
    if answers.as_json:
        for name, frame in {**rows, "score_components": components, "history": past}.items():
            answers.frame("", frame, table=name)
        return
    for customer in found["customer_tiers"]:
        answers.text(f"\n{visible(model.name)} on {snapshot.as_of}")
        explained(answers.console, customer, components.collect(), model)
    for customer in found["excluded_customers"]:
        name = visible(str(customer["customer_name"] or customer_key))
        answers.text(
            f"\n{visible(model.name)} on {snapshot.as_of}: {name} is not scored: {customer['reason']}"
        )
    if "customer_segments" in rows:
        _segments(answers, model, rows["customer_segments"].collect())
        _to_do(answers, rows["migration_actions"].collect(), rows["tier_alerts"].collect())
    _move(answers, rows["tier_migration"].collect())
    _history(answers, model, past.collect(), history)


def _near(snapshot: RecordedSnapshot, customer_key: str) -> str:
    """The keys that may be meant: of this name, the same to the eye, or a few letters apart."""
    given = F.lit(customer_key)
    names = [snapshot.read(name).select("customer_key", "customer_name") for name in _OF_CUSTOMERS[:2]]
    apart = F.levenshtein(F.lower("customer_key"), F.lower(given), _FARTHEST)
    same_name = F.lower(F.trim("customer_name")) == F.lower(F.trim(given))
    near = (
        reduce(DataFrame.unionByName, names)
        .withColumn("apart", F.when(same_name, 0).otherwise(F.when(apart >= 0, apart)))
        .where("apart IS NOT NULL")
        .orderBy("apart", "customer_key")
        .limit(_MOST_NEAR)
        .collect()
    )
    return f"; did you mean {', '.join(visible(repr(row['customer_key'])) for row in near)}?" if near else ""


def _segments(answers: Answers, model: ScoringModel, rows: Sequence[Row]) -> None:
    conditions = {
        "value_segment": {rule.segment: rule.when for rule in model.segmentation.value},
        "behavior_segment": {rule.segment: rule.when for rule in model.segmentation.behavior},
    }
    for row in rows:
        table = text_table("Segments", ("axis", "is", "computed", "because"))
        for axis in ("tier", "value_segment", "behavior_segment", "health_state"):
            computed = row[f"computed_{axis}"]
            because = conditions.get(axis, {})
            why = in_words(because[computed], model) if computed in because else ""
            add_row(table, axis, row[axis] or "-", computed or "-", why)
        add_row(table, "service_level", row["service_level"] or "-", "", row["service_match"] or "")
        if row["pending_value_segment"]:
            add_row(table, "waits", row["pending_value_segment"], "", f"since {row['pending_since']}")
        answers.console.print(table)


def _to_do(answers: Answers, actions: Sequence[Row], alerts: Sequence[Row]) -> None:
    table = text_table("To do", ("what", "why", "status"))
    for row in sorted(actions, key=lambda row: str(row["rule"])):
        add_row(table, row["action"], row["trigger"], row["status"])
    for row in sorted(alerts, key=lambda row: str(row["alert"])):
        add_row(table, row["reason"], row["figures"], row["severity"])
    if actions or alerts:
        answers.console.print(table)


def _move(answers: Answers, rows: Sequence[Row]) -> None:
    for row in rows:
        tiers = f"from {row['from_tier'] or 'none'} to {row['to_tier'] or 'none'}"
        money = f"revenue {row['revenue_before']:,} before, {row['revenue_after']:,} now"
        gone = f"; {row['exclusion_reason']}" if row["exclusion_reason"] else ""
        told = f"Since {row['previous_as_of']}: {row['movement']}, {tiers}; {money}{gone}"
        answers.text(f"\n{visible(told)}")
    if not rows:
        answers.text("\nNo move since the snapshot before, or there is none.")


def _scores(history: Sequence[RecordedSnapshot], model: ScoringModel, customer_key: str) -> DataFrame:
    """One row per snapshot in which the customer was scored: as_of, tier, overall score."""
    score = f"{model.overall}_score"

    def scored(snapshot: RecordedSnapshot) -> DataFrame:
        tiers = snapshot.read("customer_tiers").where(F.col("customer_key") == F.lit(customer_key))
        known = F.col(score) if score in tiers.columns else F.lit(None)  # another version of the model
        return tiers.select("as_of", "tier", known.cast("decimal(9,6)").alias("score"))

    return reduce(DataFrame.unionByName, map(scored, history))


def _history(
    answers: Answers, model: ScoringModel, rows: Sequence[Row], history: Sequence[RecordedSnapshot]
) -> None:
    by_date = {row["as_of"]: row for row in rows}
    table = text_table("History", ("date", "tier", f"{model.overall} score", ""))
    for snapshot in history:
        row = by_date.get(snapshot.as_of)
        score = row["score"] if row else None
        bar = _NOT_SCORED if score is None else _BARS[min(int(score * len(_BARS) / 100), len(_BARS) - 1)]
        shown = "-" if score is None else f"{score:.6f}"
        add_row(table, str(snapshot.as_of), row["tier"] if row else "not scored", shown, bar)
    answers.console.print(table)
