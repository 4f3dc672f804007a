"""The view that explains each score component by component."""

from collections.abc import Mapping

from jobs.core.delta.identifiers import quoted
from jobs.core.delta.tables import OutputTables

_QUERY = """SELECT
    as_of,
    model,
    run_id,
    customer_key,
    score,
    metric,
    value,
    below,
    peers,
    CASE WHEN below IS NULL THEN NULL WHEN peers > 1 THEN below / CAST(peers - 1 AS DOUBLE) ELSE 0
        END AS percentile,
    weight,
    direction,
    scale,
    points
FROM (
    SELECT
        tiers.as_of,
        tiers.model,
        tiers.run_id,
        tiers.customer_key,
        components.score,
        components.metric,
        {value} AS value,
        {below} AS below,
        tiers.peers,
        components.weight,
        components.direction,
        components.scale,
        {points} AS points
    FROM {tiers} AS tiers
    INNER JOIN {components} AS components
        ON tiers.as_of = components.as_of AND tiers.run_id = components.run_id
    WHERE components.metric IN ({metrics})
) AS explained
"""


def score_components_query(columns: list[str], tiers: str, components: str) -> str:
    """A query with one row per component of a scored customer, in SQL that other engines take too.

    Columns: as_of, model, run_id, customer_key, score, metric, value, below, peers, percentile
    (`below / (peers - 1)`, never inverted), weight, direction, scale, points. `below` and `percentile` are
    NULL where the scale is no percentile, points where the measure is missing.

    Args:
        columns: of customer_tiers.
        tiers: customer_tiers, as the engine names it.
        components: model_components, likewise.
    """
    metrics = published_metrics(columns)
    values = {name: f"CAST(tiers.{quoted(name)} AS DECIMAL(38, 6))" for name in metrics}
    below = {name: f"tiers.{quoted(f'{name}_below')}" for name in metrics if f"{name}_below" in columns}
    points = {name: f"tiers.{quoted(f'{name}_points')}" for name in metrics}
    return _QUERY.format(
        value=_by_metric(values),
        below=_by_metric(below) if below else "CAST(NULL AS INT)",
        points=_by_metric(points),
        tiers=tiers,
        components=components,
        metrics=", ".join(f"'{name}'" for name in metrics),
    )


def _by_metric(expressions: Mapping[str, str]) -> str:
    """The expression of a component's metric; NULL of another."""
    cases = " ".join(f"WHEN '{name}' THEN {expression}" for name, expression in expressions.items())
    return f"CASE components.metric {cases} END"


def published_metrics(columns: list[str]) -> list[str]:
    """The metrics that a customer_tiers table explains, by its columns."""
    return [name.removesuffix("_points") for name in columns if name.endswith("_points")]


def score_components_view(tables: OutputTables) -> str:
    """The query over the views of what one location publishes, as Spark names them."""
    return score_components_query(
        tables.read("customer_tiers").columns,
        tables.location.identifier("published_customer_tiers"),
        tables.location.identifier("published_model_components"),
    )
