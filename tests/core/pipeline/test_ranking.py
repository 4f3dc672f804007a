"""Ranks of the distributed form: those of the window functions, and of counting one by one."""

import math
import random
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession

from jobs.core.pipeline import ranking
from tests.settings import changed_setting

ROWS = 3000
SCHEMA = (
    "row_id BIGINT, peer_group STRING, all_distinct DECIMAL(18,2), all_equal BIGINT, "
    "mostly_zero DECIMAL(18,2), tied_inside DECIMAL(18,2), quotient DOUBLE, few_values INT, "
    "extreme BIGINT, day DATE"
)
METRICS = ["all_distinct", "all_equal", "mostly_zero", "tied_inside", "quotient", "few_values", "extreme"]

Store = Callable[[list[tuple[Any, ...]], int], DataFrame]


def hostile_rows(seed: int) -> list[tuple[Any, ...]]:
    """One peer group with most of the rows, small ones, and metrics whose distributions are hard to split."""
    draw = random.Random(seed)
    distinct = draw.sample(range(-10_000_000, 10_000_000), ROWS)
    special = [math.nan, math.inf, -math.inf, 0.0, -0.0, 1 / 3, 2 / 3, None]
    rows = []
    for row_id in range(ROWS):
        group = "huge" if draw.random() < 0.95 else draw.choice(["small", 'also "small" \'é', "null"])
        cents = draw.randrange(10**6)
        rows.append(
            (
                row_id * 2**33,
                group if row_id else "alone",
                Decimal(distinct[row_id]) / 100,
                7,
                Decimal(0) if draw.random() < 0.6 else Decimal(cents) / 100,
                Decimal(555)
                if 0.2 < cents / 10**6 < 0.5
                else Decimal(cents).scaleb(-3).quantize(Decimal("0.01")),
                draw.choice(special)
                if draw.random() < 0.3
                else draw.randrange(1, 500) / draw.randrange(1, 13),
                None if draw.random() < 0.1 else draw.randrange(5),
                draw.choice([-(2**63), 2**63 - 1, 0])
                if draw.random() < 0.5
                else draw.randrange(-(2**62), 2**62),
                None,
            )
        )
    draw.shuffle(rows)
    return rows


def order_of(value: Any) -> tuple[int, Any]:
    """Spark's order: NULL first, NaN last and equal to itself, -0.0 equal to 0.0."""
    if value is None:
        return (0, 0)
    return (2, 0) if isinstance(value, float) and math.isnan(value) else (1, value)


def counted(rows: list[tuple[Any, ...]], one_group: bool) -> dict[int, tuple[int, ...]]:
    """Peers and ranks, counted in plain Python."""
    names = [column.split()[0] for column in SCHEMA.split(", ")]
    group_of = {row[0]: "" if one_group else row[1] for row in rows}
    peers = Counter(group_of.values())
    ordered = {
        (group, metric): sorted(
            order_of(row[names.index(metric)]) for row in rows if group_of[row[0]] == group
        )
        for group in peers
        for metric in METRICS
    }
    return {
        row[0]: (
            peers[group_of[row[0]]],
            *(
                bisect_left(ordered[group_of[row[0]], metric], order_of(row[names.index(metric)]))
                for metric in METRICS
            ),
        )
        for row in rows
    }


def as_mapping(ranked: DataFrame) -> dict[int, tuple[int, ...]]:
    columns = ["row_id", "peers", *(f"{metric}_below" for metric in METRICS)]
    collected = ranked.select(*columns).collect()
    assert len(collected) == ROWS
    return {row[0]: tuple(row[1:]) for row in collected}


@pytest.fixture
def stored(spark: SparkSession, tmp_path: Path) -> Store:
    def store(rows: list[tuple[Any, ...]], files: int) -> DataFrame:
        path = str(tmp_path / f"scored{files}")
        spark.createDataFrame(rows, SCHEMA).repartition(files).write.parquet(path)
        return spark.read.parquet(path)

    return store


@pytest.mark.parametrize(
    # Shuffle partitions, one peer group, and the values up to which a metric is counted by value: with 30 the
    # sample leaves doubts about a metric of 5 values in each of the groups.
    "form",
    [(1, False, 30), (3, True, 50), (16, False, 0), (200, True, 0)],
)
def test_distributed_ranks_are_those_of_counting_one_by_one(
    spark: SparkSession,
    stored: Store,
    monkeypatch: pytest.MonkeyPatch,
    form: tuple[int, bool, int],
) -> None:
    partitions, one_group, few_values = form
    # As for millions of rows: a metric of more than 30 or 50 values (or any) is cut, into small buckets.
    monkeypatch.setattr(ranking, "FEW_VALUES", few_values)
    monkeypatch.setattr(ranking, "_BUCKET_ROWS", 100)
    monkeypatch.setattr(ranking, "_SAMPLED_ROWS", 1500)
    rows = hostile_rows(seed=partitions)
    if one_group:
        rows = [(row[0], "{}", *row[2:]) for row in rows]
    files = min(partitions, 16)
    with (
        changed_setting(spark, "spark.sql.shuffle.partitions", str(partitions)),
        changed_setting(spark, "spark.sql.files.minPartitionNum", str(files)),
    ):
        scored = stored(rows, files)
        distributed = as_mapping(
            ranking.ranked(scored, "row_id", METRICS, 20, one_group=len(rows) if one_group else None)
        )
    assert distributed == counted(rows, one_group)


def test_small_peer_groups_keep_the_window_functions_which_give_the_same(stored: Store) -> None:
    rows = hostile_rows(seed=0)
    scored = stored(rows, 2)
    plan = ranking.ranked(scored, "row_id", METRICS, ROWS)
    assert as_mapping(plan) == counted(rows, one_group=False)
    assert plan.columns == [*scored.columns, "peers", *(f"{metric}_below" for metric in METRICS)]
    assert dict(plan.dtypes)["peers"] == dict(plan.dtypes)["extreme_below"] == "int"
    cut = ranking.ranked(scored, "row_id", METRICS, 100)
    assert cut.columns == plan.columns
    assert cut.dtypes == plan.dtypes


def test_nobody_to_rank(spark: SparkSession) -> None:
    nobody = spark.createDataFrame([], SCHEMA)
    assert ranking.ranked(nobody, "row_id", METRICS, 0, one_group=0).collect() == []
