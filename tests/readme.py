"""The code that sql/READING.md gives to readers, as it stands there."""

import re
from typing import Any

from tests.conftest import CHECKOUT


def counting_runs(folder: str) -> Any:
    """The runs that count by date, as the page finds them without Spark."""
    blocks = re.findall(r"```python\n(.*?)```", (CHECKOUT / "sql/READING.md").read_text(), re.DOTALL)
    code = next(block for block in blocks if "counting = " in block)
    names: dict[str, Any] = {}
    exec(code.partition("latest = ")[0].replace("build/output", folder), names)  # noqa: S102
    return names["counting"]
