"""The house: a room of jobs/core imports only rooms before it, says what belongs in it, and stays small."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from jobs.core import ROOMS
from tests.conftest import CHECKOUT

CORE = CHECKOUT / "jobs/core"
MOST_LINES = 250


def imported(module: Path) -> Iterator[str]:
    """The modules that one imports, wherever in it."""
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}: a relative import hides the room"
            yield from (f"{node.module}.{name.name}" for name in node.names)
        elif isinstance(node, ast.Import):
            yield from (name.name for name in node.names)


def rooms_imported(module: Path) -> set[str]:
    parts = (name.split(".") for name in imported(module))
    return {part[2] for part in parts if part[:2] == ["jobs", "core"] and len(part) > 2}


def test_the_rooms_are_the_folders() -> None:
    folders = {path.name for path in CORE.iterdir() if path.is_dir() and path.name != "__pycache__"}
    assert folders == set(ROOMS)


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_imports_only_rooms_before_it(room: str) -> None:
    allowed = set(ROOMS[: ROOMS.index(room) + 1])
    upward = {
        f"{module.relative_to(CORE)} imports {other}"
        for module in (CORE / room).rglob("*.py")
        for other in rooms_imported(module) - allowed
    }
    assert upward == set()


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_says_what_belongs_in_it_and_what_it_imports(room: str) -> None:
    said = ast.get_docstring(ast.parse((CORE / room / "__init__.py").read_text(encoding="utf-8"))) or ""
    first, _, imports = said.partition("\n\n")
    assert first.endswith(".")
    assert "mports" in imports


def test_no_module_is_long() -> None:
    lines = {
        str(module.relative_to(CHECKOUT)): module.read_text(encoding="utf-8").count("\n")
        for module in (CHECKOUT / "jobs").rglob("*.py")
    }
    assert {name: count for name, count in lines.items() if count > MOST_LINES} == {}
