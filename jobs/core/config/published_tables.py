"""The published tables of a model as their readers see them: columns, comments and constraints."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from jobs.core.config.model import ScoringModel
from jobs.core.config.table_registry import PublishedColumn, table_registry

_OWN = "A company's own column of dim_customers, a {type}"


@dataclass(frozen=True)
class TableDefinition:
    """What a table's types don't say.

    Attributes:
        comment: of the table.
        columns: comment by column.
        not_null: columns that are never NULL.
        checks: CHECK expression by constraint name.
        by_date: partitioned by as_of.
        keeps_history: published snapshots are read at its old versions.
    """

    comment: str
    columns: dict[str, str]
    not_null: tuple[str, ...]
    checks: dict[str, str]
    by_date: bool = True
    keeps_history: bool = True


def published_columns(table: str, model: ScoringModel) -> dict[str, PublishedColumn]:
    """The columns that one table of a model may have: measures of a profile are there only with profiles."""
    registry = table_registry()
    this = registry.tables[table]
    metrics = [component.metric for component in model.components]
    return {
        **registry.measures_of(this),
        **(registry.every_table.columns if this.by_date else {}),
        **this.columns,
        **_each(this.per_component, "{metric}", metrics),
        **_each(this.per_rank, "{metric}", model.ranked_metrics),
        **_each(this.per_percentile, "{metric}", model.ranked),
        **_each(this.per_score, "{score}", model.scores),
    }


def table_definition(
    table: str, model: ScoringModel, own_columns: Mapping[str, str] | None = None
) -> TableDefinition:
    """How one table of a model is defined.

    Args:
        table: its name.
        model: whose metrics and scores are columns.
        own_columns: a company's own of dim_customers, with the type of each.
    """
    this = table_registry().tables[table]
    metrics = [component.metric for component in model.components]
    own = {name: _OWN.format(type=kind) for name, kind in (own_columns or {}).items()}
    # What the registry doesn't describe is in the model's words.
    counts = {name: f"How many of the model's conditions for {name} hold" for name in model.counts}
    words = {
        component.metric: component.description or f"Metric of the {component.score} score"
        for component in model.components
    }
    described = {name: column.comment for name, column in published_columns(table, model).items()}
    return TableDefinition(
        comment=this.comment,
        columns={**own, **counts, **words, **described},
        not_null=(*(table_registry().every_table.not_null if this.by_date else ()), *this.not_null),
        checks={
            **this.checks,
            **_filled(this.checks_per_component, "{metric}", metrics),
            **_filled(this.checks_per_rank, "{metric}", model.ranked_metrics),
            **_filled(this.checks_per_score, "{score}", model.scores),
        },
        by_date=this.by_date,
        keeps_history=this.keeps_history,
    )


def _filled(templates: Mapping[str, str], placeholder: str, names: Iterable[str]) -> dict[str, str]:
    """The templates once for every name: `{metric}_below` becomes total_revenue_below."""
    return {
        key.replace(placeholder, name): text.replace(placeholder, name)
        for name in names
        for key, text in templates.items()
    }


def _each(
    templates: Mapping[str, PublishedColumn], placeholder: str, names: Iterable[str]
) -> dict[str, PublishedColumn]:
    """Columns likewise."""
    return {
        key.replace(placeholder, name): column.model_copy(
            update={"comment": column.comment.replace(placeholder, name)}
        )
        for name in names
        for key, column in templates.items()
    }
