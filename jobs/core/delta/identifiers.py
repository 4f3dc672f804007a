"""Tables and texts as Spark SQL names them."""

from dataclasses import dataclass


def quoted_column(name: str) -> str:
    """A column's name, dots and all, as a quoted identifier."""
    return f"`{name.replace('`', '``')}`"


def quoted(name: str) -> str:
    """A dotted name as a quoted identifier."""
    return ".".join(quoted_column(part) for part in name.split("."))


def path_identifier(path: str) -> str:
    """The identifier of the Delta table at a path."""
    return f"delta.`{path.replace('`', '``')}`"


def literal(text: str) -> str:
    """A text as a literal of Spark SQL."""
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


@dataclass(frozen=True)
class Location:
    """Where a set of output tables lies: a folder, or a schema of a catalog."""

    path: str | None = None
    schema: str | None = None

    def of_model(self, model: str) -> "Location":
        """The place of one model's tables where several models are published."""
        if self.path is not None:
            return Location(path=f"{self.path}/{model}")
        return Location(schema=f"{self.schema}_{model}")

    def identifier(self, table: str) -> str:
        """The quoted identifier of one table."""
        return (
            path_identifier(f"{self.path}/{table}")
            if self.path is not None
            else quoted(f"{self.schema}.{table}")
        )

    def __str__(self) -> str:
        return self.path if self.path is not None else f"schema {self.schema}"
