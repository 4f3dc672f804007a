"""What a person sees after a run, from tables that are views here."""

import io
import json
from dataclasses import dataclass
from datetime import date
from typing import Any, Self

import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F  # noqa: N812
from rich.console import Console

from jobs.core.config.model import ScoringModel
from jobs.core.publish.explanation import score_components_query
from jobs.core.report.answers import Answers
from jobs.core.report.summary import show

AS_OF = date(2024, 12, 31)
MODEL = ScoringModel.model_validate(
    {
        "name": "own",
        "description": "Own",
        "window_months": 12,
        "components": [
            {"score": "money", "metric": "total_revenue", "weight": 0.75},
            {"score": "money", "metric": "days", "weight": 0.25, "direction": "lower_is_better"},
        ],
        "tiers": [
            {"tier": "A", "name": "Best", "when": {"metric": "money_score", "operator": ">=", "value": 70}},
            {"tier": "B", "name": "Rest"},
        ],
        "flags": [{"flag": "REGULAR", "recommended_action": "Wait"}],
    }
)
SUMMARY = """SELECT DATE '2024-12-31' AS as_of, 'run' AS run_id, t.* FROM VALUES
    ('total', 'All customers', 3, 1, 1234567.89, 1, 900.0, 1, 55.5, 40.5, 1.05, 0.95),
    ('B', 'Rest', 2, 0.66667, 234567, 0.19, 300.0, 0.33333, NULL, 20.25, NULL, NULL),
    ('A', 'Best', 1, 0.33333, 1000000.89, 0.81, 600.0, 0.66667, 55.5, 81, 1.05, 0.95)
    AS t (tier, tier_name, customers, customer_share, total_revenue, revenue_share, arr, arr_share,
        mean_health, mean_money_score, net_revenue_retention, gross_revenue_retention)"""
MOVEMENTS = """SELECT DATE '2024-12-31' AS as_of, DATE '2024-09-30' AS previous_as_of, t.* FROM VALUES
    ('downgraded', 2, 500.4, 400.4, -100.0, 70.0, 50.0, -20.0), ('new', 1, 0.0, 50.0, 50.0, 0.0, 8.0, 8.0),
    ('downgraded', 1, 10.0, 9.0, -1.0, 4.0, 4.0, 0.0)
    AS t (movement, customers, revenue_before, revenue_after, revenue_impact, arr_before, arr_after,
        arr_impact)"""
# What customers without ARR have none of.
OF_ARR = ("arr", "arr_share", "mean_health", "arr_before", "arr_after", "arr_impact")
COMPONENTS = """SELECT DATE '2024-12-31' AS as_of, 'run' AS run_id, t.* FROM VALUES
    ('money', 'total_revenue', 0.75, 'higher_is_better', 'percentile'),
    ('money', 'days', 0.25, 'lower_is_better', 'percentile')
    AS t (score, metric, weight, direction, scale)"""


# The first and the third are explained.
TIERS = """SELECT DATE '2024-12-31' AS as_of, 'run' AS run_id, 'own' AS model, 3 AS peers,
        array(named_struct('flag', 'REGULAR', 'recommended_action', 'Wait')) AS action_flags, t.* FROM VALUES
    ('1', 'Ann', 'A', 'Best', 1000000.89, 3, 2, 0, 75.0, 25.0, 100.0),
    ('2', 'Bob', 'A', 'Best', 100.00, 4, 1, 1, 37.5, 12.5, 50.0),
    ('3', NULL, 'B', 'Rest', 1.00, 5, 0, 2, 0.0, 0.0, 0.0)
    AS t (customer_key, customer_name, tier, tier_name, total_revenue, days, total_revenue_below,
        days_below, total_revenue_points, days_points, money_score)"""


@dataclass
class Place:
    """Stands for a location: its tables are views."""

    path: str | None = "/data/out"

    def identifier(self, table: str) -> str:
        return table

    def __str__(self) -> str:
        return self.path or "schema main.tiers"


@dataclass
class Views:
    """Stands for a published snapshot and its tables."""

    spark: SparkSession
    location: Place
    as_of: date = AS_OF

    @property
    def tables(self) -> Self:
        return self

    def has(self, table: str) -> bool:
        return table != "segment_summary"

    def read(self, table: str) -> DataFrame:
        return self.spark.table(table)

    def score_components(self) -> DataFrame:
        columns = self.read("customer_tiers").columns
        return self.spark.sql(score_components_query(columns, "customer_tiers", "model_components"))


def printed(
    spark: SparkSession,
    *,
    as_json: bool = False,
    first_snapshot: bool = False,
    place: Place | None = None,
    name: str = "Ann",
    days: int | None = 3,
    with_arr: bool = False,
) -> str:
    """What the summary prints; name and days are the first customer's."""
    first = F.col("customer_key") == "1"
    tiers = spark.sql(TIERS).withColumns(
        {
            "customer_name": F.when(first, name).otherwise(F.col("customer_name")),
            "days": F.when(first, F.lit(days).cast("int")).otherwise(F.col("days")),
        }
    )
    summary, movements = (
        frame.withColumns({} if with_arr else {name: F.lit(None) for name in OF_ARR if name in frame.columns})
        for frame in map(spark.sql, (SUMMARY, MOVEMENTS))
    )
    summary.createOrReplaceTempView("tier_summary")
    (movements.limit(0) if first_snapshot else movements).createOrReplaceTempView("tier_migration_summary")
    model, components = MODEL, spark.sql(COMPONENTS)
    if with_arr:  # it is ARR that the model scores
        model = ScoringModel.model_validate_json(
            MODEL.model_dump_json(exclude_unset=True).replace("total_revenue", "arr")
        )
        components = components.replace({"total_revenue": "arr"}, subset=["metric"])
        tiers = tiers.withColumn("arr", F.col("total_revenue")).withColumnsRenamed(
            {f"total_revenue_{part}": f"arr_{part}" for part in ("below", "points")}
        )
    components.createOrReplaceTempView("model_components")
    tiers.createOrReplaceTempView("customer_tiers")
    printed = io.StringIO()
    console = Console(file=printed, width=130)
    with Answers(as_json=as_json, console=console) as answers:
        show(answers, Views(spark, place or Place()), model)  # type: ignore[arg-type]  # all that it uses
    return printed.getvalue()


def shown(spark: SparkSession, **given: Any) -> list[str]:
    """The lines of the summary, with single spaces."""
    return [" ".join(line.split()) for line in printed(spark, **given).splitlines()]


def test_summary_of_a_model_with_arr_tells_it_and_health(spark: SparkSession) -> None:
    lines = shown(spark, with_arr=True)
    assert lines[1:7] == [
        "Tiers on 2024-12-31",
        "tier customers share ARR share health money NRR GRR",
        "A Best 1 33.3% 600 66.7% 55.5 81.0 105.0% 95.0%",
        "B Rest 2 66.7% 300 33.3% - 20.2 - -",
        "All customers 3 100.0% 900 100.0% 55.5 40.5 105.0% 95.0%",
        "",
    ]
    assert lines[7:10] == [
        "Movements since 2024-09-30",
        "movement customers ARR before ARR after impact",
        "new 1 0 8 +8",
    ]
    assert "downgraded 3 74 54 -20" in lines


def test_summary_tells_tiers_movements_and_why(spark: SparkSession) -> None:
    assert shown(spark) == [
        "",
        "Tiers on 2024-12-31",
        "tier customers share revenue share money NRR GRR",
        "A Best 1 33.3% 1,000,001 81.0% 81.0 105.0% 95.0%",
        "B Rest 2 66.7% 234,567 19.0% 20.2 - -",
        "All customers 3 100.0% 1,234,568 100.0% 40.5 105.0% 95.0%",
        "",
        "Movements since 2024-09-30",
        "movement customers revenue before revenue after impact",
        "new 1 0 50 +50",
        "returned 0 0 0 +0",
        "upgraded 0 0 0 +0",
        "unchanged 0 0 0 +0",
        "downgraded 3 510 409 -101",
        "churned 0 0 0 +0",
        "",
        "Why Ann is A Best: REGULAR (Wait)",
        "component value peers below scaled by weight points",
        "total_revenue 1,000,000.89 2 of 2 1.0000 0.75 75.000000",
        "days 3.00 0 of 2 1 - 0.0000 0.25 25.000000",
        "money score 100.000000",
        "",
        "Why 3 is B Rest: REGULAR (Wait)",
        "component value peers below scaled by weight points",
        "total_revenue 1.00 0 of 2 0.0000 0.75 0.000000",
        "days 5.00 2 of 2 1 - 1.0000 0.25 0.000000",
        "money score 0.000000",
        "",
        "The tables are in /data/out; look at them without Spark with",
        "python -c \"import deltalake, duckdb; t = deltalake.DeltaTable('/data/out/customer_tiers')"
        ".to_pyarrow_dataset(); duckdb.sql('SELECT * FROM t ORDER BY total_revenue DESC LIMIT 10').show()\"",
    ]


def test_first_snapshot_has_nothing_to_compare_with(spark: SparkSession) -> None:
    lines = shown(spark, first_snapshot=True)
    assert "The first snapshot of this model: nothing to compare it with yet." in lines
    assert not [line for line in lines if line.startswith("Movements")]


def test_tables_of_a_catalog_are_looked_at_with_sql(spark: SparkSession) -> None:
    assert shown(spark, place=Place(None))[-1] == (
        "The tables are in schema main.tiers; look at them with "
        "SELECT * FROM customer_tiers ORDER BY total_revenue DESC LIMIT 10"
    )


@pytest.mark.parametrize(
    ("name", "seen"),
    [
        ("[bold]Ann", "[bold]Ann"),
        ("Ann [/x]", "Ann [/x]"),
        ("Ann\nBob \x1b[2J\u202e", "Ann\\nBob \\x1b[2J\\u202e"),
    ],
)
def test_customers_name_is_shown_as_it_is_and_does_nothing(spark: SparkSession, name: str, seen: str) -> None:
    assert f"Why {seen} is A Best: REGULAR (Wait)" in shown(spark, name=name)


def test_metric_without_a_value_is_shown_as_none(spark: SparkSession) -> None:
    lines = shown(spark, days=None)
    assert [line for line in lines if line.startswith("days - ")]


def test_programs_get_the_rows_of_its_tables_as_published(spark: SparkSession) -> None:
    rows = json.loads(printed(spark, as_json=True))
    assert [row["table"] for row in rows] == ["tier_summary"] * 3 + ["tier_migration_summary"] * 3
    best = next(row for row in rows if row.get("tier") == "A")
    assert best == {
        "table": "tier_summary",
        "as_of": "2024-12-31",
        "run_id": "run",
        "tier": "A",
        "tier_name": "Best",
        "customers": 1,
        "customer_share": 0.33333,
        "total_revenue": 1000000.89,
        "revenue_share": 0.81,
        "arr": None,
        "arr_share": None,
        "mean_health": None,
        "mean_money_score": 81,
        "net_revenue_retention": 1.05,
        "gross_revenue_retention": 0.95,
    }
    assert next(row for row in rows if row.get("tier") == "B")["net_revenue_retention"] is None
