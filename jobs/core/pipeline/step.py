"""A step of the plan: a table, a view or a value, what makes it, and what that reads."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from jobs.core.pipeline.relations import reads
from jobs.core.runtime.resources import resource


@dataclass(frozen=True)
class Step:
    """What makes one table, view or value.

    Attributes:
        name: of what it makes.
        makes: a function, whose parameters are called what they read; None for SQL.
        file: the SQL's place under sql/, where it is SQL.
        only_if: whether it is made at all; its parameters are called like inputs (NULL where not given).
    """

    name: str
    makes: Callable[..., Any] | None = None
    file: tuple[str, str] | None = None
    only_if: Callable[..., bool] | None = None

    @property
    def text(self) -> str:
        """The SQL."""
        if self.file is None:
            raise TypeError(f"{self.name} is made by a function")
        stage, file = self.file
        return resource("sql", stage, file).read_text(encoding="utf-8")

    @property
    def reads(self) -> tuple[str, ...]:
        """All that it can't be made without."""
        if self.makes is None:
            found = reads(self.text)
            return (*found.names, *sorted(found.markers))
        return tuple(name for name, each in self._parameters.items() if each.default is each.empty)

    @property
    def reads_if_made(self) -> tuple[str, ...]:
        """What it reads where that is made, and else does without."""
        if self.makes is None:
            return ()
        return tuple(name for name, each in self._parameters.items() if each.default is not each.empty)

    @property
    def _parameters(self) -> dict[str, inspect.Parameter]:
        return dict(inspect.signature(self.makes).parameters) if self.makes else {}


def sql(stage: str, name: str, *, only_if: Callable[..., bool] | None = None) -> Step:
    """The step of `sql/<stage>/<name>.sql`, which reads what its text reads."""
    return Step(name, file=(stage, f"{name}.sql"), only_if=only_if)


def made(makes: Callable[..., Any], name: str = "", *, only_if: Callable[..., bool] | None = None) -> Step:
    """The step of a function, called like it unless another name is given."""
    return Step(name or makes.__name__, makes=makes, only_if=only_if)
