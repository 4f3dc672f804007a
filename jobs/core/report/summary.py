"""What a person wants to see after a run: tiers, movements, two customers explained, where to look."""

from datetime import date
from typing import Any

from pyspark.sql import DataFrame, Row
from pyspark.sql import functions as F  # noqa: N812
from rich.console import Console

from jobs.core.config.model import TOTAL, ScoringModel
from jobs.core.config.segmentation import SEVERITIES
from jobs.core.delta.tables import OutputTables
from jobs.core.publish.recorded import RecordedSnapshot
from jobs.core.report.answers import Answers
from jobs.core.report.explained import explained, percent
from jobs.core.report.tables import add_row, text_table
from jobs.core.runtime.visible import visible

_SHOWN = ("tier_summary", "tier_migration_summary", "segment_summary")
_MOVEMENTS = ("new", "returned", "upgraded", "unchanged", "downgraded", "churned")


def show(answers: Answers, snapshot: RecordedSnapshot, model: ScoringModel) -> None:
    """Shows people the summary of one published snapshot and where to look further; programs its tables."""
    if answers.as_json:
        for table in filter(snapshot.has, _SHOWN):
            answers.frame("", snapshot.read(table), table=table)
        return
    show_snapshot(answers.console, snapshot, model)
    _where_to_look(answers, snapshot.tables)


def show_snapshot(out: Console, snapshot: RecordedSnapshot, model: ScoringModel) -> None:
    """Prints tiers, movements and two customers explained."""
    _tiers(out, snapshot.read("tier_summary").collect(), model, snapshot.as_of)
    _movements(out, snapshot.read("tier_migration_summary").collect(), model)
    if model.segments is not None:
        _segments(out, snapshot.read("segment_summary").collect(), model)
        _to_do(out, snapshot.read("migration_actions"))
        _alerts(out, snapshot.read("tier_alerts"), model)
    customers = _two_customers(snapshot.read("customer_tiers"))
    keys = [customer["customer_key"] for customer in customers]
    components = snapshot.score_components().where(F.col("customer_key").isin(keys)).collect()
    for customer in customers:
        explained(out, customer, components, model)


def _money(amount: Any) -> str:  # noqa: ANN401  (a DECIMAL or NULL)
    return "-" if amount is None else f"{amount:,.0f}"


def _mean(score: Any) -> str:  # noqa: ANN401  (a DECIMAL or NULL)
    return "-" if score is None else f"{score:.1f}"


def _tiers(out: Console, rows: list[Row], model: ScoringModel, as_of: date) -> None:
    found = {row["tier"]: row for row in rows}
    money, share = ("arr", "arr_share") if model.scores_arr else ("total_revenue", "revenue_share")
    means = {name: f"mean_{column}" for name, column in zip(model.scores, model.score_columns, strict=True)}
    if model.scores_arr:
        means = {"health": "mean_health", **means}
    columns = (
        "tier",
        "customers",
        "share",
        "ARR" if model.scores_arr else "revenue",
        "share",
        *means,
        "NRR",
        "GRR",
    )
    table = text_table(f"Tiers on {as_of}", columns, numbers=True)
    for tier in [*model.tier_names, TOTAL]:
        row = found[tier]
        add_row(
            table,
            row["tier_name"] if tier == TOTAL else f"{tier} {row['tier_name']}",
            f"{row['customers']:,}",
            percent(row["customer_share"]),
            _money(row[money]),
            percent(row[share]),
            *(_mean(row[mean]) for mean in means.values()),
            percent(row["net_revenue_retention"]),
            percent(row["gross_revenue_retention"]),
        )
    out.print(table)


def _movements(out: Console, rows: list[Row], model: ScoringModel) -> None:
    if not rows:
        out.print("\nThe first snapshot of this model: nothing to compare it with yet.")
        return
    title = f"Movements since {rows[0]['previous_as_of']}"
    tells_arr = model.scores_arr and any(row["arr_before"] is not None for row in rows)
    money, word = ("arr", "ARR") if tells_arr else ("revenue", "revenue")
    columns = ("movement", "customers", f"{word} before", f"{word} after", "impact")
    table = text_table(title, columns, numbers=True)
    for movement in _MOVEMENTS:
        moved = [row for row in rows if row["movement"] == movement]
        sums = [sum(row[f"{money}_{side}"] for row in moved) for side in ("before", "after", "impact")]
        customers = sum(row["customers"] for row in moved)
        add_row(table, movement, f"{customers:,}", _money(sums[0]), _money(sums[1]), f"{sums[2]:+,.0f}")
    out.print(table)


def _segments(out: Console, rows: list[Row], model: ScoringModel) -> None:
    columns = ("value segment", "customers", "share", "expected", "ARR", "share", "expected", "health")
    table = text_table("Value segments", columns, numbers=True)
    found = {row["segment"]: row for row in rows if row["axis"] == "value_segment"}
    for segment in model.segmentation.value:
        row = found[segment.segment]
        expected = [
            "-" if low is None else f"{percent(low)} to {percent(high)}"
            for low, high in (
                (row["expected_customers_from"], row["expected_customers_to"]),
                (row["expected_arr_from"], row["expected_arr_to"]),
            )
        ]
        add_row(
            table,
            row["segment"],
            f"{row['customers']:,}",
            percent(row["customer_share"]),
            expected[0],
            _money(row["arr"]),
            percent(row["arr_share"]),
            expected[1],
            _mean(row["mean_health"]),
        )
    out.print(table)


def _to_do(out: Console, actions: DataFrame) -> None:
    """How many migration rules fired or wait."""
    table = text_table("To do", ("what", "status", "customers"), numbers=True)
    for row in actions.groupBy("action", "status").count().orderBy("action", "status").collect():
        add_row(table, row["action"], row["status"], f"{row['count']:,}")
    out.print(table)


def _alerts(out: Console, alerts: DataFrame, model: ScoringModel) -> None:
    """How many customers of each value segment an alert is about, the gravest first."""
    segments = [segment.segment for segment in model.segmentation.value]

    def gravity(row: Row) -> tuple[int, int, str]:
        return segments.index(row["value_segment"]), SEVERITIES.index(row["severity"]), row["reason"]

    table = text_table("Alerts", ("value segment", "alert", "severity", "customers"), numbers=True)
    for row in sorted(alerts.groupBy("value_segment", "severity", "reason").count().collect(), key=gravity):
        add_row(table, row["value_segment"], row["reason"], row["severity"], f"{row['count']:,}")
    out.print(table)


def _two_customers(tiers: DataFrame) -> list[Row]:
    """The customer with most revenue, and the one with most revenue of all other tiers."""
    by_revenue = [F.desc("total_revenue"), F.asc("customer_key")]
    # Python knows the years 1 to 9999 alone.
    tiers = tiers.select(
        *(F.col(name).cast("string") if kind == "date" else name for name, kind in tiers.dtypes)
    )
    first = tiers.orderBy(*by_revenue).limit(1).collect()
    if not first:
        return []
    return first + tiers.where(F.col("tier") != first[0]["tier"]).orderBy(*by_revenue).limit(1).collect()


_IN_CATALOG = "SELECT * FROM {table} ORDER BY total_revenue DESC LIMIT 10"
_WITHOUT_SPARK = """\
python -c "import deltalake, duckdb; \
t = deltalake.DeltaTable('{path}/customer_tiers').to_pyarrow_dataset(); \
duckdb.sql('SELECT * FROM t ORDER BY total_revenue DESC LIMIT 10').show()\""""


def _where_to_look(answers: Answers, tables: OutputTables) -> None:
    location = tables.location
    if location.path is None:
        how = "with " + _IN_CATALOG.format(table=location.identifier("customer_tiers"))
    else:
        how = "without Spark with\n" + _WITHOUT_SPARK.format(path=location.path)
    answers.text(f"\nThe tables are in {visible(str(location))}; look at them {how}")
