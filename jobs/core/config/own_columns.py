"""A company's own columns of dim_customers: what they may be called, and be."""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Literal

from jobs.core.config.conditions import Name
from jobs.core.config.source_columns import source_tables
from jobs.core.config.table_registry import table_registry

OwnColumns = dict[Name, Literal["text", "date", "money", "number", "count"]]
# Where they go on the way to readers.
_TABLES = ("customer_features", "customer_tiers", "customer_segments")
# What stands beside them on that way and is not published.
_BESIDE = (
    *("source_row", "is_malformed", "is_undecodable", "file_lines", "unread"),
    *("is_duplicate_key", "is_duplicate_row", "place", "exclusion_reason", "fallback_score"),
    *("sampled", "count", "below"),
)
_OF_METRICS = ("_below", "_points")  # by these ends a table's readers know which metrics it explains
# Words that the SQL standard reserves, all that Spark can enforce among them.
_SQL = re.compile(
    "all|and|anti|any|as|authorization|between|both|by|call|case|cast|check|collate|collation|"
    "collations|column|constraint|create|cross|current_date|current_path|current_schema|current_time|"
    "current_timestamp|current_user|distinct|else|end|escape|except|execute|exists|false|fetch|filter|"
    "for|foreign|from|full|function|grant|group|having|in|inner|intersect|into|is|join|lateral|leading|"
    "left|like|natural|not|null|offset|on|only|or|order|outer|overlaps|primary|recursive|references|"
    "right|select|semi|session_user|set|some|sql|table|then|time|to|trailing|true|union|unique|unknown|"
    "user|using|values|when|where|window|with|within"
)


@cache
def _ours() -> frozenset[str]:
    """The names that the job has itself for columns beside them."""
    registry = table_registry()
    columns = [registry.every_table.columns, *(registry.tables[name].columns for name in _TABLES)]
    read = source_tables()["dim_customers"].columns
    given = (f"{name}_given" for name in read)
    published = (name for table in columns for name in table)
    return frozenset([*read, *given, *registry.measures, *published, *_BESIDE])


def name_problems(own: Mapping[str, str]) -> Iterator[str]:
    """What is wrong with the names of own columns."""
    taken = _ours() | {f"{name}_given" for name in own}
    for name in own:
        if name in taken:
            yield f"must not be called like a column of the job's, got {name!r}"
        elif name.endswith(_OF_METRICS):
            yield f"must not end with {' or '.join(_OF_METRICS)}, as columns of metrics do, got {name!r}"
        elif _SQL.fullmatch(name):
            yield f"must not be called like a word of SQL, got {name!r}"
