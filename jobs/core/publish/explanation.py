"""The view that explains each score component by component."""

from jobs.core.delta.identifiers import quoted
from jobs.core.delta.tables import OutputTables

_BRANCH = """SELECT
    tiers.as_of,
    tiers.model,
    tiers.run_id,
    tiers.customer_key,
    components.score,
    components.metric,
    CAST(tiers.{metric} AS DECIMAL(38, 6)) AS value,
    {below} AS below,
    tiers.peers,
    CASE WHEN {below} IS NULL THEN NULL WHEN tiers.peers > 1 THEN {below} / CAST(tiers.peers - 1 AS DOUBLE)
        ELSE 0 END AS percentile,
    components.weight,
    components.direction,
    components.scale,
    tiers.{points} AS points
FROM {tiers} AS tiers
INNER JOIN {components} AS components
    ON tiers.as_of = components.as_of AND tiers.run_id = components.run_id AND components.metric = '{name}'
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
    return "UNION ALL\n".join(
        _BRANCH.format(
            metric=quoted(name),
            below=f"tiers.{quoted(f'{name}_below')}" if f"{name}_below" in columns else "CAST(NULL AS INT)",
            points=quoted(f"{name}_points"),
            name=name,
            tiers=tiers,
            components=components,
        )
        for name in published_metrics(columns)
    )


def published_metrics(columns: list[str]) -> list[str]:
    """The metrics that a customer_tiers table explains, by its columns."""
    return [name.removesuffix("_points") for name in columns if name.endswith("_points")]


def score_components(tables: OutputTables) -> str:
    """The query over one location's tables, as Spark names them."""
    return score_components_query(
        tables.read("customer_tiers").columns,
        tables.location.identifier("customer_tiers"),
        tables.location.identifier("model_components"),
    )
