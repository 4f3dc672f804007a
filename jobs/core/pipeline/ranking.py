"""Exact ranks among peers, for any number of peers, without a task that sees a whole peer group.

Two forms give the same numbers. The plain one is SQL's rank() over each peer group: fast while a group
fits a task. The other counts instead of sorting together:

- A metric with few distinct values is counted by value; running sums over the counts give each value's
  rank, and the rows look theirs up.
- A metric with many is cut at boundaries, quantiles of a sample. Rows are counted by bucket, running sums
  give what lies below each, and rank() runs within the buckets only, on rows of a number and the values.
  A boundary is a bucket of its own that needs no ranking: a tie too heavy for a task is on a boundary,
  and its rows spread over tasks.

In sql/reference/customer_tiers.sql these are `percentiles` and `ranks`. Counting is kept for 10 million
customers, which take it 40 s and the windows 74; at 2 million it gains nothing
(scripts/benchmark/COST_MODEL.md).

The boundaries are approximate and decide only who ranks where; every count is exact. They are read once and
become literals of the plan: were they computed in two places, a retry could cut differently.
"""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F  # noqa: N812

from jobs.core.runtime.literals import one_row

FEW_VALUES = 50_000  # distinct values (over all peer groups) up to which a metric is counted by value
_BUCKET_ROWS = 50_000  # a bucket's rows, about; more where that would take too many cuts
_MOST_CUTS = 255
_SAMPLED_ROWS = 250_000  # a thousand by bucket
_SPREAD = 256  # tasks, at most, that share the rows of a boundary
_NULL_BUCKET = -1  # NULL ranks lowest, and all NULLs alike


def ranked(
    scored: DataFrame, row_id: str, metrics: Sequence[str], plain_up_to: int, *, one_group: int | None = None
) -> DataFrame:
    """Adds `peers` and each metric's `<metric>_below`: how many peers have a strictly lower value (INT).

    `below / (peers - 1)` is SQL's percent_rank().

    Args:
        scored: one row per customer, stored (it is read several times): `peer_group` and the metrics.
        row_id: its column that tells the rows apart, a BIGINT.
        metrics: the columns to rank by.
        plain_up_to: the largest peer group that keeps the plain form.
        one_group: how many rows there are, if all have the same `peer_group`.

    Returns:
        The rows with the added columns, in no order.
    """
    group = () if one_group is not None else ("peer_group",)
    sizes = scored.groupBy(*group).agg(F.count("*").cast("int").alias("peers"))
    if one_group is not None:
        largest, groups, rows = one_group, 1, one_group
    else:
        seen = sizes.agg(F.max("peers"), F.count("*"), F.sum("peers")).collect()[0]
        largest, groups, rows = (int(value or 0) for value in seen)
    if largest <= plain_up_to:
        return scored.select("*", *plain_ranks(metrics))
    if one_group is not None:
        result = scored.withColumn("peers", F.lit(rows))
    else:
        result = scored.join(F.broadcast(sizes) if groups <= FEW_VALUES else sizes, on="peer_group")
    if not metrics:
        return result.select(*scored.columns, "peers")
    cuts = _Cuts.of(scored.select(row_id, *group, *metrics), group, metrics, rows, plain_up_to)
    few = _with_few_values(scored, group, metrics, cuts)
    for metric in few:
        counts = scored.groupBy(*group, metric).count()
        result = _looked_up(result, _running(counts, group, metric), group, metric, f"{metric}_below")
    many = [metric for metric in metrics if metric not in few]
    ranks = scored.select(row_id, *group, *many)
    for metric in many:
        ranks = _cut(ranks, scored.select(*group, metric), group, metric, cuts)
    if many:
        result = result.join(ranks.drop(*group, *many), on=row_id)
    below = [F.col(f"{metric}_below").cast("int").alias(f"{metric}_below") for metric in metrics]
    return result.select(*scored.columns, "peers", *below)


def plain_ranks(metrics: Sequence[str]) -> list[Column]:
    """`peers` and the `<metric>_below` columns as window functions over `peer_group`."""
    peers = Window.partitionBy("peer_group")
    below = [(F.rank().over(peers.orderBy(metric)) - 1).alias(f"{metric}_below") for metric in metrics]
    return [F.count("*").over(peers).cast("int").alias("peers"), *below]


def _running(counts: DataFrame, group: Sequence[str], order: str) -> DataFrame:
    """The counts with what lies below each in its group, as `below`."""
    lower = Window.partitionBy(*group).orderBy(order).rowsBetween(Window.unboundedPreceding, -1)
    return counts.select(*group, order, F.coalesce(F.sum("count").over(lower), F.lit(0)).alias("below"))


def _looked_up(rows: DataFrame, ranks: DataFrame, group: Sequence[str], column: str, name: str) -> DataFrame:
    """Adds the `below` that belongs to the row's group and its value of `column`, under a name."""
    there = ranks.select(
        *(F.col(each).alias("_group") for each in group),
        F.col(column).alias("_value"),
        F.col("below").alias(name),
    )
    same = F.col(column).eqNullSafe(F.col("_value"))
    if group:
        same = (F.col("peer_group") == F.col("_group")) & same
    return rows.join(F.broadcast(there), same, "left").drop("_group", "_value")


@dataclass(frozen=True)
class _Cuts:
    """The boundaries of the peer groups too large for the plain form.

    Attributes:
        by_group: ascending, as text, by group and metric; one group without a name if there is only one.
        types: of the metrics.
        least_values: about how many distinct values, over all groups, a metric has at least.
        most_values: and at most.
    """

    by_group: dict[str, dict[str, list[str]]]
    types: dict[str, str]
    least_values: dict[str, int]
    most_values: dict[str, int]

    @classmethod
    def of(
        cls, narrow: DataFrame, group: Sequence[str], metrics: Sequence[str], rows: int, plain_up_to: int
    ) -> "_Cuts":
        """Quantiles of a sample of `narrow`: the row id, the group and the metrics.

        Rows are sampled by their id: by their values, a tie would be in the sample whole or not at all.
        """
        one_in = math.ceil(rows / _SAMPLED_ROWS)
        count = min(_MOST_CUTS, math.ceil(rows / max(_BUCKET_ROWS, rows / _MOST_CUTS)))
        quantiles = F.lit([step / (count + 1) for step in range(1, count + 1)])
        quantile = {m: F.percentile_approx(m, quantiles, 10 * count).cast("array<string>") for m in metrics}
        sample = narrow.where(F.pmod(F.xxhash64(narrow.columns[0]), F.lit(one_in)) == 0)
        found = sample.groupBy(*group).agg(
            F.count("*").alias("sampled"),
            *(column.alias(m) for m, column in quantile.items()),
            *(F.approx_count_distinct(m).alias(f"{m}_values") for m in metrics),
        )
        large = found.where(F.col("sampled") * one_in * 2 > plain_up_to).collect()
        seen = {m: sum(row[f"{m}_values"] for row in large) for m in metrics}
        elsewhere = rows - one_in * sum(row["sampled"] for row in large) if group else 0
        return cls(
            {
                row[group[0]] if group else "": {m: list(dict.fromkeys(row[m] or ())) for m in metrics}
                for row in large
            },
            {field.name: field.dataType.simpleString() for field in narrow.schema if field.name in metrics},
            seen,
            # At least one value in `one_in` is in the sample; in the other groups each row may be a value.
            {m: one_in * values + max(elsewhere, 0) for m, values in seen.items()},
        )

    def levels(self, metric: str) -> int:
        """Steps of a binary search among a metric's boundaries."""
        return max((len(cuts[metric]) for cuts in self.by_group.values()), default=0).bit_length()

    def add_to(self, rows: DataFrame, group: Sequence[str], metric: str) -> DataFrame:
        """Adds the boundaries as `_cuts`, an array; NULL for groups that keep the plain form."""
        kind = f"array<{self.types[metric]}>"
        if not group:
            cuts = [cut for each in self.by_group.values() for cut in each[metric]]
            literal = F.from_json(F.lit(json.dumps(cuts)), "array<string>").cast(kind)
            return rows.withColumn("_cuts", literal)
        table = json.dumps([{"g": name, "c": cuts[metric]} for name, cuts in self.by_group.items()])
        literal = F.from_json(F.lit(table), "array<struct<g: string, c: array<string>>>")
        listed = one_row(rows.sparkSession).select(F.inline(literal).alias("_group", "_cuts"))
        listed = listed.withColumn("_cuts", F.col("_cuts").cast(kind))
        return rows.join(F.broadcast(listed), F.col("peer_group") == F.col("_group"), "left").drop("_group")


def _with_few_values(
    scored: DataFrame, group: Sequence[str], metrics: Sequence[str], cuts: "_Cuts"
) -> list[str]:
    """The metrics with few distinct values over all groups; all rows are read if the sample leaves doubts."""
    most = dict(cuts.most_values)
    doubtful = [m for m in metrics if cuts.least_values[m] <= FEW_VALUES < most[m]]
    if doubtful:
        distinct = [F.approx_count_distinct(F.xxhash64(*group, m)).alias(m) for m in doubtful]
        most |= scored.agg(*distinct).collect()[0].asDict()
    return [metric for metric in metrics if most[metric] <= FEW_VALUES]


def _bucketed(rows: DataFrame, group: Sequence[str], metric: str, cuts: _Cuts) -> DataFrame:
    """Adds `_bucket`: an odd number for a value that is a boundary, even numbers between them."""
    found = cuts.add_to(rows, group, metric).withColumn("_at", F.lit(0))
    value = F.col(metric)
    # A step a projection: within one, each would repeat all before it. A comparison with NULL goes left.
    for level in reversed(range(cuts.levels(metric))):
        step = F.when(F.get("_cuts", F.col("_at") + (2**level - 1)) < value, 2**level).otherwise(0)
        found = found.withColumn("_at", F.col("_at") + step)
    boundary = F.coalesce(F.get("_cuts", F.col("_at")) == value, F.lit(False)).cast("int")
    bucket = F.when(value.isNull(), _NULL_BUCKET).otherwise(2 * F.col("_at") + boundary)
    return found.withColumn("_bucket", bucket).drop("_cuts", "_at")


def _cut(rows: DataFrame, values: DataFrame, group: Sequence[str], metric: str, cuts: _Cuts) -> DataFrame:
    """Adds the ranks of a metric with many values.

    Args:
        rows: the row id first, the group, the metric, and what else travels with them.
        values: the group and the metric of the same rows, to count them.
        group: the column of the peer group, if there are several.
        metric: to rank by.
        cuts: its boundaries.
    """
    counts = _bucketed(values, group, metric, cuts).groupBy(*group, "_bucket").count()
    # Odd buckets are single values, which need no ranking: their rows spread over tasks.
    spread = F.when(F.col("_bucket") % 2 != 0, F.pmod(F.xxhash64(rows.columns[0]), F.lit(_SPREAD)))
    bucketed = _bucketed(rows, group, metric, cuts).withColumn("_spread", spread)
    within = Window.partitionBy(*group, "_bucket", "_spread").orderBy(metric)
    placed = bucketed.withColumn("_within", F.rank().over(within) - 1)
    found = _looked_up(placed, _running(counts, group, "_bucket"), group, "_bucket", "_lower")
    below = (F.col("_lower") + F.col("_within")).alias(f"{metric}_below")
    return found.select(*rows.columns, below)
