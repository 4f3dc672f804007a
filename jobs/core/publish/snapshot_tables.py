"""Writes one model's snapshot of a date: who is scored, how, and who is not; checked as written."""

from dataclasses import replace
from decimal import Decimal
from functools import reduce

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F  # noqa: N812

from jobs.core.config.model import ScoringModel
from jobs.core.config.table_registry import tables_of_stage
from jobs.core.delta.written import Total
from jobs.core.pipeline.engine import Engine
from jobs.core.pipeline.scores import Fallback, Size
from jobs.core.publish.date_run import DateRun
from jobs.core.publish.output import Output
from jobs.core.publish.snapshot import Snapshot
from jobs.core.runtime.errors import BadSourceError


def snapshot_engine(output: Output, model: ScoringModel, run: DateRun, features: DataFrame) -> Engine:
    """Makes the tables of a snapshot by itself.

    Args:
        output: where the run publishes.
        model: whose snapshot it is.
        run: the run of a date, when its features are written.
        features: customer_features of that date, as written.
    """

    def size(scoring: ScoringModel) -> Size:
        return Size(run.to_be_scored(scoring), output.settings.ranking.plain_up_to)

    given = {}
    if model.health is not None:
        other = output.fallbacks[model.health.fallback_model]
        given["fallback"] = Fallback(other, model.health.fallback_score, size(other))
    return Engine(
        output.root.spark,
        as_of=run.snapshot.as_of,
        model=model,
        size=size(model),
        customer_features=features,
        **given,
    )


def write_snapshot(
    output: Output, model: ScoringModel, run: DateRun, features: DataFrame, *, allow_empty: bool
) -> Snapshot:
    """Writes the tables of a snapshot by itself, and checks them.

    Raises:
        BadSourceError: there is nobody to score, or something doesn't add up.
    """
    if not allow_empty and not run.to_be_scored(model):
        raise BadSourceError(
            f"{run.snapshot.as_of}: no customer can be scored ({run.written.rows:,} seen, all excluded). "
            "Nothing was published for it. Check as_of and the sources, or publish an empty snapshot with "
            "--allow-empty"
        )
    with snapshot_engine(output, model, run, features) as engine:
        frames = engine.tables(tables_of_stage("snapshot"))
        totals = _score_totals(model)
        if "arr" in frames["customer_tiers"].columns:
            totals["arr"] = Total(F.col("arr"))
        snapshot = output.write_all(run.snapshot, frames, model, {"customer_tiers": totals})
    tiers, excluded = (snapshot.written[name] for name in ("customer_tiers", "excluded_customers"))
    checks = [
        output.rules.conserved(
            "customers_conserved",
            "customer_features",
            seen=run.written.rows,
            scored=tiers.rows,
            excluded=excluded.rows,
        ),
        *(
            output.rules.conserved(rule, "customer_tiers", breaking=tiers.totals[rule] or 0, allowed=0)
            for rule in ("points_sum_to_scores", "scores_in_range")
        ),
    ]
    run.check(checks, model.name)
    return replace(snapshot, revenue=tiers.totals["revenue"] or 0)


def _score_totals(model: ScoringModel) -> dict[str, Total]:
    scores = model.scores
    none = F.lit(Decimal(0))
    points = {score: [F.col(f"{c.metric}_points") for c in model.components_of(score)] for score in scores}
    columns = [F.col(f"{score}_score") for score in scores]
    # A score of which nothing was measured is NULL, as are all of its points.
    sums = [reduce(Column.__add__, [F.coalesce(p, none) for p in points[score]]) for score in scores]
    differ = [F.coalesce(column, none) != total for column, total in zip(columns, sums, strict=True)]
    outside = [~F.coalesce(column, none).between(0, 100) for column in columns]
    return {
        "revenue": Total(F.col("total_revenue")),
        "points_sum_to_scores": Total(reduce(Column.__or__, differ).cast("int")),
        "scores_in_range": Total(reduce(Column.__or__, outside).cast("int")),
    }
