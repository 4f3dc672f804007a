"""What is published, what a rerun replaces, what a snapshot in the past changes, and how it all ties out."""

from datetime import date
from decimal import Decimal
from fractions import Fraction
from itertools import groupby
from operator import itemgetter

import duckdb
import pytest
from deltalake import DeltaTable

from jobs.core.config.table_registry import tables_of_stage
from jobs.core.publish.explanation import score_components_query
from tests.conftest import Row, Workspace, active, fact
from tests.end_to_end.test_against_reference import assert_comparison, assert_snapshot
from tests.generate import history_inputs
from tests.reference.exact import cents, rounded
from tests.reference.snapshots import snapshot

MARCH, JUNE, SEPTEMBER = date(2024, 3, 31), date(2024, 6, 30), date(2024, 9, 30)

customer = itemgetter("customer_name")


def total(rows: list[Row], column: str) -> Decimal:
    return sum((row[column] for row in rows), Decimal(0))


@pytest.mark.long
def test_a_snapshot_in_the_past_changes_what_the_next_one_is_compared_with(workspace: Workspace) -> None:
    facts, accounts = history_inputs(seed=9, dates=(MARCH, JUNE, SEPTEMBER))
    workspace.write_sources(facts, accounts)
    workspace.configure()
    snapshots = {day: snapshot(facts, accounts, day) for day in (MARCH, JUNE, SEPTEMBER)}

    assert workspace.run(SEPTEMBER, MARCH) == 0
    assert_comparison(workspace, snapshots[SEPTEMBER], snapshots[MARCH])
    first = workspace.published()

    assert workspace.run(JUNE) == 0
    assert_comparison(workspace, snapshots[JUNE], snapshots[MARCH])
    assert_comparison(workspace, snapshots[SEPTEMBER], snapshots[JUNE])
    told = workspace.published()[len(first) :]
    assert [run["as_of"] for run in told] == [JUNE, SEPTEMBER]
    assert told[1]["run_id"] == first[-1]["run_id"], "the snapshot is still that of its own run"

    # A rerun of the middle replaces it with the same rows, and so does what follows from it.
    assert workspace.run(JUNE) == 0
    rerun = workspace.published()[len(first) + len(told) :]
    assert [run["content_hashes"] for run in rerun] == [run["content_hashes"] for run in told]
    assert rerun[0]["run_id"] != told[0]["run_id"]
    for each in snapshots.values():
        assert_snapshot(workspace, each)
    assert_ties_out(workspace, facts, JUNE, MARCH)


def assert_ties_out(workspace: Workspace, facts: list[Row], as_of: date, previous_as_of: date) -> None:
    """Nobody is lost, and revenue is the same in facts, snapshot, summaries and both sides of the diff."""
    tiers = workspace.rows("customer_tiers", as_of)
    excluded = workspace.rows("excluded_customers", as_of)
    keys = sorted(row["customer_key"] for row in tiers + excluded)
    assert keys == sorted({row["customer_name"] for row in facts if row["event_date"] <= as_of})
    lifetime = total(tiers, "lifetime_revenue") + total(excluded, "lifetime_revenue")
    seen = sorted((row for row in facts if row["event_date"] <= as_of), key=customer)
    assert lifetime == sum(
        rounded(Fraction(cents(of_one, "total_revenue"), 100), 2) for _, of_one in groupby(seen, customer)
    )

    revenue = total(tiers, "total_revenue")
    summary = workspace.rows("tier_summary", as_of)
    assert total([row for row in summary if row["tier"] != "total"], "total_revenue") == revenue
    assert total([row for row in summary if row["tier"] == "total"], "total_revenue") == revenue
    moved = workspace.rows("tier_migration_summary", as_of)
    movements = [row for row in moved if row["movement"] != "total"]
    assert total([row for row in moved if row not in movements], "revenue_after") == revenue
    assert total(movements, "revenue_after") == revenue
    before = total(workspace.rows("customer_tiers", previous_as_of), "total_revenue")
    assert total(movements, "revenue_before") == before
    moved = workspace.rows("tier_migration", as_of)
    assert total(movements, "revenue_impact") == revenue - before
    listed = {row["movement"] for row in moved} - {"unchanged"}
    for movement in listed:
        impact = total([row for row in movements if row["movement"] == movement], "revenue_impact")
        assert total([row for row in moved if row["movement"] == movement], "revenue_impact") == impact


def test_published_tables_are_for_every_reader_and_of_one_model(
    workspace: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    workspace.write_sources(
        [fact("Ann"), fact("Bob", revenue="50"), fact("Cy", "2020-01-01")], active("Ann", "Bob")
    )
    workspace.configure()
    assert workspace.run("2024-12-31") == 0

    output = workspace.folder / "output"
    tables = {entry.parent.name: DeltaTable(entry.parent) for entry in output.glob("*/_delta_log")}
    assert {
        "customer_features",
        *tables_of_stage("snapshot"),
        "tier_migration",
        "tier_summary",
        "runs",
    } <= set(tables)
    for table, opened in tables.items():
        assert opened.protocol().min_reader_version == 1, table
        assert opened.metadata().partition_columns == ["as_of"], table
        assert opened.metadata().description, table
        uncommented = [field.name for field in opened.schema().fields if not field.metadata.get("comment")]
        assert not uncommented, table
    engine = duckdb.connect()
    for table in ("customer_tiers", "model_components"):
        engine.register(table, DeltaTable(output / table).to_pyarrow_dataset())
    read = engine.sql(
        "SELECT customer_key, tier, profitability_score, action_flag FROM customer_tiers ORDER BY 1"
    )
    assert read.fetchall() == [
        ("Ann", "B", Decimal("100.000000"), "EXPANSION"),
        ("Bob", "D", Decimal("0.000000"), "NEW"),
    ]
    # The documented query explains each score to the last digit, in this engine too.
    columns = workspace.table("customer_tiers").columns
    components = engine.sql(score_components_query(columns, "customer_tiers", "model_components"))
    assert components.aggregate("customer_key, score, sum(points)").order("ALL").fetchall() == sorted(
        (row["customer_key"], score, row[f"{score}_score"])
        for row in workspace.rows("customer_tiers")
        for score in ("profitability", "adherence")
    )

    workspace.configure(model=workspace.model(name="another"))
    assert workspace.run("2024-12-31") == 2
    assert "which holds model profitability_adherence; choose another output" in capsys.readouterr().err
    assert {row["model"] for row in workspace.table("customer_tiers").collect()} == {
        "profitability_adherence"
    }


@pytest.mark.long
def test_several_models_are_published_apart_to_a_catalog(workspace: Workspace) -> None:
    """Sources and output by name in a catalog, two models in one run, and the view that explains scores."""
    workspace.write_sources([fact("Ann"), fact("Bob", revenue="50", region="South")], active("Ann", "Bob"))
    spark = workspace.spark
    spark.sql(
        "CREATE SCHEMA IF NOT EXISTS raw LOCATION :place".replace(":place", f"'{workspace.folder / 'raw'}'")
    )
    for name in ("fct_revenues", "dim_accounts"):
        spark.read.format("delta").load(str(workspace.folder / name)).write.format("delta").saveAsTable(
            f"raw.{name}"
        )
    workspace.configure(
        sources={name: {"table": f"spark_catalog.raw.{name}"} for name in ("fct_revenues", "dim_accounts")},
        output={"schema": "spark_catalog.tiers"},
        model=None,
        models=["profitability_adherence", workspace.model(name="by_region", peer_group=["region"])],
    )
    try:
        assert workspace.run("2024-12-31") == 0

        peers = {
            model: {
                row["customer_key"]: row["peers"]
                for row in spark.table(f"tiers_{model}.customer_tiers").collect()
            }
            for model in ("profitability_adherence", "by_region")
        }
        assert peers == {"profitability_adherence": {"Ann": 2, "Bob": 2}, "by_region": {"Ann": 1, "Bob": 1}}
        explained = spark.table("tiers_by_region.score_components").where("customer_key = 'Ann'")
        assert explained.where("metric = 'days_since_last_event'").collect()[0]["points"] == Decimal(
            "15.000000"
        )
        assert explained.count() == 7
        # What a run that was not published has left behind is not seen through the view.
        spark.sql("DELETE FROM tiers_by_region.customer_tiers")
        assert spark.table("tiers_by_region.published_customer_tiers").count() == 2
        assert spark.table("tiers_by_region.score_components").count() == 14
        runs = spark.table("tiers.runs").where("status = 'published'").collect()
        assert sorted(row["model"] for row in runs) == ["by_region", "profitability_adherence"]
        assert set(runs[0]["source_versions"]) == {"fct_revenues", "dim_accounts"}
        assert spark.table("tiers.customer_features").count() == 2
    finally:
        for schema in ("raw", "tiers", "tiers_by_region", "tiers_profitability_adherence"):
            spark.sql(f"DROP SCHEMA IF EXISTS {schema} CASCADE")
