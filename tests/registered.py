"""Published tables against the registry, conf/tables.yaml: types, keys and comments, read without Spark."""

import json
from collections.abc import Mapping
from pathlib import Path

from deltalake import DeltaTable
from pyspark.sql.types import StructType

from jobs.core.config.model import ScoringModel
from jobs.core.config.published_tables import published_columns
from jobs.core.config.table_registry import table_registry

NUMBER = r"DECIMAL|BIGINT|INT|DOUBLE"


def _plain(kind: str) -> str:
    return kind.upper().replace(" ", "")


def differences(table: str, model: ScoringModel, published: Mapping[str, str]) -> list[str]:
    """How the columns of a table, with their types, differ from what the registry says of them."""
    described = {name: _plain(column.type) for name, column in published_columns(table, model).items()}
    found = [
        f"{table}.{name}: {described.get(name)} in the registry, published as {_plain(kind)}"
        for name, kind in published.items()
        if described.get(name) != _plain(kind)
    ]
    # Of measures, and of what only some models have, not all are there.
    if table_registry().tables[table].measures != "all":
        absent = (name for name in described if name not in published)
        found += [f"{table}.{name}: in the registry, not published" for name in absent]
    return found


def assert_as_registered(folder: Path, model: ScoringModel) -> set[str]:
    """The tables of a folder have the types, comments and keys that the registry tells; their names."""
    tables = {entry.parent.name: DeltaTable(entry.parent) for entry in folder.glob("*/_delta_log")}
    for name, table in tables.items():
        schema = StructType.fromJson(json.loads(table.schema().to_json()))
        types = {field.name: field.dataType.simpleString() for field in schema}
        assert differences(name, model, types) == []
        comments = {field.name: field.metadata.get("comment") for field in schema}
        assert comments == {field: published_columns(name, model)[field].comment for field in types}
        registered = table_registry().tables[name]
        if registered.key:
            key = [*(("as_of", "model") if registered.by_date else ()), *registered.key]
            rows = table.to_pyarrow_table(columns=key)
            assert rows.group_by(key).aggregate([]).num_rows == rows.num_rows, f"{name} by {key}"
    return set(tables)
