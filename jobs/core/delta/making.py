"""How tables are made: their properties, their columns and their constraints."""

from collections.abc import Mapping

from pyspark.sql.types import StructField, StructType

from jobs.core.config.published_tables import TableDefinition
from jobs.core.delta.identifiers import literal, quoted

# What every reader can open: no feature that raises the reader protocol above 1. Some platforms switch
# these on by themselves.
PROPERTIES = {
    "delta.enableDeletionVectors": "false",
    "delta.columnMapping.mode": "none",
    "delta.checkpointPolicy": "classic",
    "delta.enableTypeWidening": "false",
    # No bounds of columns: files are in no order but that of dates, so bounds would spare no reader a file,
    # and to gather them was a fifth of the writing.
    "delta.dataSkippingNumIndexedCols": "0",
    # A commit that replaces a date sees what is appended to it meanwhile. (Databricks' default doesn't.)
    "delta.isolationLevel": "Serializable",
    # By this Delta recognises a commit that it is asked to make twice, soon after or never.
    "delta.setTransactionRetentionDuration": "interval 30 days",
}
# Published snapshots are read at the versions that `runs` records, however old: neither their log nor their
# files may go, also not by a VACUUM that a platform runs unasked. (Fifty years: longer ones reach before the
# epoch.)
HISTORY = {
    "delta.logRetentionDuration": "interval 18250 days",
    "delta.deletedFileRetentionDuration": "interval 18250 days",
}
LAYOUT = "customer_tiers.layout"  # table property: by which rules the table is written
LAYOUT_VERSION = "3"
EARLIER_LAYOUT = "2"  # has other names for some columns; tables that have none of them may stay as they are


def lacks_history(properties: Mapping[str, str] | None) -> bool:
    """Whether a table is there, by its properties, that may lose the files of its old versions."""
    return properties is not None and any(properties.get(name) != kept for name, kept in HISTORY.items())


def check_expression(expression: str) -> str:
    """A CHECK that holds where it is NULL, as in standard SQL; Delta by itself takes that for a violation."""
    return f"({expression}) IS NOT FALSE"


def column_definition(field: StructField, definition: TableDefinition, *, not_null: bool) -> str:
    """A column as CREATE TABLE and ADD COLUMNS have it."""
    nullability = " NOT NULL" if not_null else ""
    comment = definition.columns.get(field.name, "A measure of sql/features/customer_measures.sql")
    return f"{quoted(field.name)} {field.dataType.simpleString()}{nullability} COMMENT {literal(comment)}"


def stale_comments(schema: StructType, definition: TableDefinition) -> dict[str, str]:
    """The comments of columns that another version described in other words."""
    there = {field.name: field.metadata.get("comment") for field in schema}
    return {
        name: comment for name, comment in definition.columns.items() if there.get(name, comment) != comment
    }
