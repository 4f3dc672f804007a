"""What is checked of the customers' features: that nothing was lost, and whom they are about."""

from collections.abc import Sequence

from pyspark.sql import DataFrame
from pyspark.sql import functions as F  # noqa: N812

from jobs.core.config.model import ScoringModel
from jobs.core.config.rules import Check, QualityRules
from jobs.core.delta.written import Total, WrittenTable
from jobs.core.pipeline import expressions
from jobs.core.pipeline.engine import Engine
from jobs.core.quality import sums
from jobs.core.quality.checked_source import CheckedSource
from jobs.core.sources.money import Units


def usage_checks(rules: QualityRules, facts: CheckedSource, written: WrittenTable) -> list[Check]:
    """What becomes known of the sources while the features are made."""
    read, used = facts.totals, written.totals
    checks = [
        rules.conserved(
            "rows_conserved",
            facts.name,
            read=read["rows"],
            used=used["event_rows"] or 0,
            after_as_of=read["later_rows"],
            quarantined=read["quarantined"],
        ),
        rules.conserved(
            "revenue_conserved",
            facts.name,
            read=read["revenue"],
            used=used["unrounded_lifetime_revenue"] or 0,
            after_as_of=read["later_revenue"],
            quarantined=read["quarantined_revenue"],
        ),
    ]
    for rule, column in (
        ("unknown_account", "unknown_accounts"),
        ("conflicting_account_status", "conflicting_accounts"),
    ):
        checks += rules.about_total(
            rule,
            "dim_accounts",
            checked=(used["unknown_accounts"] or 0) + (used["total_accounts"] or 0),
            failed=used[column] or 0,
            example=used[f"{column}_example"],
        )
    return checks


def key_checks(rules: QualityRules, features: DataFrame, written: WrittenTable) -> list[Check]:
    """Whether some customers are one, to the eye."""
    if "keys_look_alike" not in rules.totals:
        return []
    with Engine(features.sparkSession, customer_features=features) as engine:
        # Mostly no two are alike, and to compare those that may be, all are read again.
        coarse = engine.table("coarse_keys").groupBy("coarse").count()
        found = {"customers": 0}
        if coarse.where("count > 1").count():
            found = engine.table("keys_look_alike").collect()[0].asDict()
    example = f"{found['one_key']} and {found['other_key']}" if found["customers"] else None
    return rules.about_total(
        "keys_look_alike",
        "fct_revenues",
        checked=written.rows,
        failed=found["customers"],
        example=example,
    )


def feature_totals(models: Sequence[ScoringModel], units: Units) -> dict[str, Total]:
    """What is added up over the customers while their features are written."""
    faults = ("unknown_accounts", "conflicting_accounts")
    names = ("event_rows", "unrounded_lifetime_revenue", "total_accounts", *faults)
    added = {column: Total(F.col(column)) for column in names}
    examples = {f"{c}_example": Total(F.when(F.col(c) > 0, F.col("customer_key")), F.min) for c in faults}
    scored = {
        f"{model.name}_scored": Total(reason.isNull().cast("int"))
        for model in models
        for reason in [expressions.exclusion_reason(model, F.col("as_of"))]
    }
    return {**added, **examples, **scored, **sums.totals(units)}
