"""Draws the README's picture: the summary of the newest snapshot that `make run` published."""

import re
from pathlib import Path

from pyspark.sql import functions as F  # noqa: N812
from rich.console import Console

from jobs.core.config.model import load_model
from jobs.core.delta.identifiers import Location
from jobs.core.delta.tables import OutputTables
from jobs.core.report import summary
from jobs.core.runtime.logs import default_log_file
from jobs.core.runtime.session import open_session


def main() -> None:
    """Draws it."""
    spark = open_session("customer-tiers picture", default_log_file())
    tables = OutputTables(spark, Location(path=str(Path("build/output").resolve())))
    newest = tables.read("tier_summary").agg(F.max("as_of")).collect()[0][0]
    with Path("/dev/null").open("w") as nowhere:
        console = Console(record=True, width=104, file=nowhere, force_terminal=True)
        summary.show_snapshot(spark, tables, load_model("profitability_adherence"), newest, console)
    picture = console.export_svg(title="customer-tiers")
    # Any monospaced font will do: a picture should fetch nothing.
    Path(".github/summary.svg").write_text(re.sub(r"@font-face \{.*?\}\s*", "", picture, flags=re.DOTALL))


if __name__ == "__main__":
    main()
