"""Names that a model can't have: its folder would be that of something that all models share."""

from typing import Annotated

from pydantic import AfterValidator

from jobs.core.config.conditions import Name
from jobs.core.config.table_registry import table_registry

_TAKEN = {
    "shared": "the model of rows that belong to no model",
    "score_components": "a view",
}


def _apart_from_tables(name: str) -> str:
    taken = _TAKEN.get(name)
    if name in table_registry().tables or name.startswith("quarantine_"):
        taken = "a table"
    if taken:
        raise ValueError(f"must be a name of its own, got {name!r}, which is that of {taken} in the output")
    return name


ModelName = Annotated[Name, AfterValidator(_apart_from_tables)]
