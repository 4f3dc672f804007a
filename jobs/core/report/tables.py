"""Tables of text, all set up alike: what their cells hold is shown as it is and never acts."""

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from jobs.core.runtime.visible import cell, visible

_WIDTH_OF_FILES = 170  # characters, when the output is no terminal


def standard_output() -> Console:
    """Where tables are printed."""
    console = Console()
    if not console.is_terminal:
        console.width = _WIDTH_OF_FILES
    return console


def text_table(title: str, headings: Sequence[str], *, numbers: bool = False) -> Table:
    """A table without lines.

    Args:
        title: above it, after an empty line.
        headings: of its columns.
        numbers: all columns but the first hold numbers, which are never broken.
    """
    table = Table(
        title=Text(f"\n{visible(title)}"),
        title_justify="left",
        title_style="bold",
        header_style="",
        box=None,
        pad_edge=False,
    )
    for position, heading in enumerate(headings):
        if numbers:
            table.add_column(cell(heading), justify="right" if position else "left", no_wrap=True)
        else:
            table.add_column(cell(heading), overflow="fold")
    return table


def add_row(table: Table, *cells: str | Text | None) -> None:
    """Adds a row; a cell that is no text of ours yet is made visible."""
    table.add_row(*(each if isinstance(each, Text) else cell(each) for each in cells))
