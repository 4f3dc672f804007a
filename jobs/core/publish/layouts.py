"""Outputs of an earlier layout: what is called otherwise now, and that a run doesn't write beside it."""

from collections.abc import Iterator, Mapping
from functools import partial

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F  # noqa: N812

from jobs.core.config.table_registry import table_registry
from jobs.core.delta.identifiers import quoted_column
from jobs.core.delta.making import LAYOUT, LAYOUT_VERSION
from jobs.core.delta.tables import OutputTables
from jobs.core.publish.output import Output
from jobs.core.runtime.errors import Problems


def refuse_old_names(output: Output) -> None:
    """Refuses to write beside columns that are called otherwise now.

    Raises:
        ConfigurationError: there are some; it tells the command that carries them over.
    """
    properties = output.root.properties("runs")
    if properties is None or properties.get(LAYOUT) == LAYOUT_VERSION:
        return
    places = dict.fromkeys([output.root, *map(output.tables_of, output.models)])
    problems = Problems(problem for tables in places for problem in _old_names(tables))
    if problems:
        location = output.root.location
        problems.append(
            "output: carry it over, and publish to the new place: customer-tiers upgrade "
            f"--from {location.path or location.schema} --to NEW"
        )
    problems.refuse()


def _old_names(tables: OutputTables) -> Iterator[str]:
    for name, table in table_registry().tables.items():
        if table.renamed_columns and tables.is_there(name):
            old = [column for column in tables.read(name).columns if column in table.renamed_columns]
            if old:
                now = ", ".join(f"{column} as {table.renamed_columns[column]}" for column in old)
                yield (
                    f"output: must hold tables of layout {LAYOUT_VERSION}, which this version writes, got "
                    f"{name} of an earlier one in {tables.location}, with {now}"
                )


def renamed(table: str, rows: DataFrame) -> DataFrame:
    """Rows of a table as an earlier layout has them, with the names that its columns have now."""
    registered = table_registry().tables[table]
    names = registered.renamed_columns
    columns = []
    for name in rows.columns:
        column = F.col(quoted_column(name))
        if name in registered.columns_of_names:
            column = F.transform(column, partial(_by_new_name, names))
        columns.append(column.alias(names.get(name, name)))
    return rows.select(*columns)


def _by_new_name(names: Mapping[str, str], name: Column) -> Column:
    entries = (F.lit(each) for entry in names.items() for each in entry)
    return F.coalesce(F.element_at(F.create_map(*entries), name), name)
