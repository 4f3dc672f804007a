"""Draws the README's picture: the summary of the newest snapshot that `make run` published."""

import re
from pathlib import Path

from rich.console import Console

from jobs.core.config.model import load_model
from jobs.core.config.settings import load_settings
from jobs.core.publish.output import Output
from jobs.core.publish.recorded import the_snapshot
from jobs.core.report import summary
from jobs.core.runtime.logs import default_log_file
from jobs.core.runtime.session import open_session


def main() -> None:
    """Draws it."""
    spark = open_session("customer-tiers picture", default_log_file())
    settings, model = load_settings(Path("conf/local.yaml"), []), load_model("profitability_adherence")
    snapshot = the_snapshot(Output(spark, settings, [model]), model)
    with Path("/dev/null").open("w") as nowhere:
        console = Console(record=True, width=104, file=nowhere, force_terminal=True)
        summary.show_snapshot(console, snapshot, model)
    picture = console.export_svg(title="customer-tiers")
    # Any monospaced font will do: a picture should fetch nothing.
    Path(".github/summary.svg").write_text(re.sub(r"@font-face \{.*?\}\s*", "", picture, flags=re.DOTALL))


if __name__ == "__main__":
    main()
