"""Why a customer has its tier: the components of its scores, to the last digit."""

from typing import Any

from pyspark.sql import Row
from rich.console import Console

from jobs.core.config.model import COVERAGE, ScoringModel
from jobs.core.report.tables import add_row, text_table


def percent(share: Any) -> str:  # noqa: ANN401  (a DECIMAL or NULL)
    """A fraction for people."""
    return "-" if share is None else f"{100 * share:,.1f}%"


def explained(out: Console, customer: Row, components: list[Row], model: ScoringModel) -> None:
    """Prints a scored customer's components: what each is, and the points that it adds to its score.

    Args:
        out: where.
        customer: its row of customer_tiers.
        components: rows of score_components, others' too.
        model: that scored it.
    """
    name = customer["customer_name"] or customer["customer_key"]
    flags = ", ".join(f"{flag['flag']} ({flag['recommended_action']})" for flag in customer["action_flags"])
    title = f"Why {name} is {customer['tier']} {customer['tier_name']}: {flags}"
    columns = ("component", "value", "peers below", "scaled by", "weight", "points")
    table = text_table(title, columns, numbers=True)
    key = customer["customer_key"]
    by_metric = {row["metric"]: row for row in components if row["customer_key"] == key}
    for score, column in zip(model.scores, model.score_columns, strict=True):
        for component in model.components_of(score):
            row = by_metric[component.metric]
            inverted = "1 - " if component.direction == "lower_is_better" else ""
            add_row(
                table,
                f"  {component.metric}",
                "-" if row["value"] is None else f"{row['value']:,.2f}",
                "" if row["below"] is None else f"{row['below']:,} of {row['peers'] - 1:,}",
                row["scale"] if row["percentile"] is None else f"{inverted}{row['percentile']:.4f}",
                f"{row['weight']:.2f}",
                "not measured" if row["points"] is None else f"{row['points']:.6f}",
            )
        total = customer[column]
        add_row(table, f"{score} score", "", "", "", "", "-" if total is None else f"{total:.6f}")
    if model.missing == "shared":
        table.caption = f"{percent(customer[COVERAGE])} of the weight is measured"
        table.caption_justify = "left"
    out.print(table)
