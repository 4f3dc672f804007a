"""How the output tables look to their readers: comments and constraints, from conf/tables.yaml."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from pydantic import Field

from jobs.core.config.documents import Document, read_yaml, validate
from jobs.core.config.model import ScoringModel
from jobs.core.runtime.resources import resource

_OWN = "A company's own column of dim_customers, a {type}"


class _Table(Document):
    comment: str = ""
    columns: dict[str, str] = Field(default_factory=dict)
    per_component: dict[str, str] = Field(default_factory=dict)
    per_rank: dict[str, str] = Field(default_factory=dict)
    per_percentile: dict[str, str] = Field(default_factory=dict)
    per_score: dict[str, str] = Field(default_factory=dict)
    not_null: tuple[str, ...] = ()
    checks: dict[str, str] = Field(default_factory=dict)
    by_date: bool = True
    keeps_history: bool = True
    checks_per_component: dict[str, str] = Field(default_factory=dict)
    checks_per_rank: dict[str, str] = Field(default_factory=dict)
    checks_per_score: dict[str, str] = Field(default_factory=dict)


class _Tables(Document):
    every_table: _Table
    tables: dict[str, _Table]
    measures: dict[str, str]


@dataclass(frozen=True)
class Layout:
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


@cache
def _described() -> _Tables:
    name = "conf/tables.yaml"
    return validate(_Tables, read_yaml(resource("conf", "tables.yaml"), name), name)


def _each(templates: dict[str, str], placeholder: str, names: tuple[str, ...]) -> dict[str, str]:
    """The templates once for every name: `{metric}_below` becomes total_revenue_below."""
    return {
        key.replace(placeholder, name): text.replace(placeholder, name)
        for name in names
        for key, text in templates.items()
    }


def layout(table: str, model: ScoringModel, own_columns: Mapping[str, str] | None = None) -> Layout:
    """The layout of one output table of a model, with a company's own columns, given by their types."""
    described = _described()
    this, every = described.tables[table], described.every_table
    metrics = tuple(component.metric for component in model.components)
    own_words: dict[str, Any] = {
        component.metric: component.description or f"Metric of the {component.score} score"
        for component in model.components
    }
    return Layout(
        comment=this.comment,
        columns={
            **{name: _OWN.format(type=kind) for name, kind in (own_columns or {}).items()},
            **own_words,
            **described.measures,
            **every.columns,
            **this.columns,
            **_each(this.per_component, "{metric}", metrics),
            **_each(this.per_rank, "{metric}", model.ranked_metrics),
            **_each(this.per_percentile, "{metric}", model.ranked),
            **_each(this.per_score, "{score}", model.scores),
        },
        not_null=every.not_null + this.not_null,
        checks={
            **this.checks,
            **_each(this.checks_per_component, "{metric}", metrics),
            **_each(this.checks_per_rank, "{metric}", model.ranked_metrics),
            **_each(this.checks_per_score, "{score}", model.scores),
        },
        by_date=this.by_date,
        keeps_history=this.keeps_history,
    )


def tables_with_history() -> tuple[str, ...]:
    """The tables that are read at old versions, whatever the model."""
    return tuple(name for name, table in _described().tables.items() if table.keeps_history)
