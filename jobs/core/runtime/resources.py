"""Where the SQL and the configuration that ship with the project are found."""

from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path


def resource(*parts: str) -> Traversable:
    """One shipped file or folder, e.g. `resource("sql", "activity")`.

    The wheel and the zip carry `sql` and `conf` inside the package; in a checkout they lie beside it.
    """
    packaged = files("jobs").joinpath(*parts)
    if packaged.is_file() or packaged.is_dir():
        return packaged
    return Path(__file__).parents[3].joinpath(*parts)
