"""The registry of the published tables, conf/tables.yaml, whatever the model."""

from functools import cache
from typing import Literal, Self

from pydantic import Field, model_validator

from jobs.core.config.documents import Document, read_yaml, validate
from jobs.core.runtime.resources import resource

Aspect = Literal["value", "potential", "strategic"]
Stage = Literal["features", "snapshot", "segments", "comparison", "decisions", "quality", "runs"]


class PublishedColumn(Document):
    """One published column; conf/tables.yaml explains each part.

    Attributes:
        type: in SQL.
        unit: of its numbers.
        comment: what it holds.
        was: what it was called in an earlier layout.
        names_columns: whether its values are names of columns of its table.
    """

    type: str
    unit: str | None = None
    comment: str
    was: str | None = None
    names_columns: bool = False


class Measure(PublishedColumn):
    """A column that tells something of a customer, wherever it appears.

    Attributes:
        aspect: whether it says what the customer is worth now, or may become.
    """

    aspect: Aspect | None = None


class Table(Document):
    """One published table; conf/tables.yaml explains each part."""

    stage: Stage
    key: tuple[str, ...] = ()
    reader_view: bool = False
    comment: str
    measures: tuple[str, ...] | Literal["all"] = ()
    columns: dict[str, PublishedColumn] = Field(default_factory=dict)
    per_component: dict[str, PublishedColumn] = Field(default_factory=dict)
    per_rank: dict[str, PublishedColumn] = Field(default_factory=dict)
    per_percentile: dict[str, PublishedColumn] = Field(default_factory=dict)
    per_score: dict[str, PublishedColumn] = Field(default_factory=dict)
    not_null: tuple[str, ...] = ()
    checks: dict[str, str] = Field(default_factory=dict)
    checks_per_component: dict[str, str] = Field(default_factory=dict)
    checks_per_rank: dict[str, str] = Field(default_factory=dict)
    checks_per_score: dict[str, str] = Field(default_factory=dict)
    by_date: bool = True
    keeps_history: bool = True

    @property
    def renamed_columns(self) -> dict[str, str]:
        """The columns that were called otherwise, by that name."""
        return {column.was: name for name, column in self.columns.items() if column.was is not None}

    @property
    def columns_of_names(self) -> tuple[str, ...]:
        """The columns whose values are names of columns."""
        return tuple(name for name, column in self.columns.items() if column.names_columns)


class EveryTable(Document):
    """What all tables with dates have."""

    columns: dict[str, PublishedColumn]
    not_null: tuple[str, ...]


class TableRegistry(Document):
    """All of conf/tables.yaml."""

    every_table: EveryTable
    tables: dict[str, Table]
    measures: dict[str, Measure]

    @model_validator(mode="after")
    def _known_columns(self) -> Self:
        for name, table in self.tables.items():
            named = {*table.key, *(() if table.measures == "all" else table.measures)}
            unknown = named - {*self.measures, *table.columns}
            if unknown:
                raise ValueError(f"{name} must name columns that are described, got {sorted(unknown)}")
        return self

    def measures_of(self, table: Table) -> dict[str, Measure]:
        """The measures among a table's columns."""
        if table.measures == "all":
            return self.measures
        return {name: self.measures[name] for name in table.measures}


@cache
def table_registry() -> TableRegistry:
    """The registry that is shipped."""
    name = "conf/tables.yaml"
    return validate(TableRegistry, read_yaml(resource("conf", "tables.yaml"), name), name)


def types_of(table: str) -> dict[str, str]:
    """The types of a table's columns, in their order, of those that every model has."""
    registry = table_registry()
    this = registry.tables[table]
    columns = {
        **(registry.every_table.columns if this.by_date else {}),
        **registry.measures_of(this),
        **this.columns,
    }
    return {name: column.type for name, column in columns.items()}


def tables_with_history() -> tuple[str, ...]:
    """The tables that are read at old versions."""
    return tuple(name for name, table in table_registry().tables.items() if table.keeps_history)


def tables_of_stage(stage: Stage) -> tuple[str, ...]:
    """The tables that are written in one stage."""
    return tuple(name for name, table in table_registry().tables.items() if table.stage == stage)


def tables_with_views() -> tuple[str, ...]:
    """The tables of which catalogs have a view of what is published."""
    return tuple(name for name, table in table_registry().tables.items() if table.reader_view)


def measures_with(aspect: Aspect) -> frozenset[str]:
    """The measures that say one thing of a customer."""
    return frozenset(name for name, each in table_registry().measures.items() if each.aspect == aspect)
