"""Keeps what this version publishes, for later versions to upgrade: tests/data/outputs/<version>.tar.xz.

The sample's sources, and the output of both models on three dates, with a decision before the third.
"""

import argparse
import os
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

import yaml
from deltalake import DeltaTable

CHECKOUT = Path(__file__).parents[1]
DATES = ("2024-06-30", "2024-09-30", "2024-12-31")
CONFIG = {
    "sources": {
        name: {"path": f"sample/{name}"} for name in ("fct_revenues", "dim_accounts", "dim_customers")
    },
    "output": {"path": "output"},
    "customer_key": "customer_id",
    "models": ["profitability_adherence", "value_potential_strategic"],
}


def publish(checkout: Path, folder: Path) -> None:
    """Publishes in a folder, with the version of a checkout."""
    config = folder / "run.yaml"
    config.write_text(yaml.safe_dump(CONFIG, sort_keys=False), encoding="utf-8")

    def run(*command: str) -> None:
        subprocess.run(
            [sys.executable, *command], cwd=checkout, env={**os.environ, "PYTHONPATH": "."}, check=True
        )

    def publish_dates(*dates: str) -> None:
        given = (argument for day in dates for argument in ("--as-of", day))
        run("-m", "jobs.tier_customers", "--config", str(config), *given, "--no-summary")

    sample = ("--customers", "40", "--events-per-customer", "12")
    run("scripts/make_sample_data.py", "--output", str(folder / "sample"), *sample)
    publish_dates(*DATES[:2])
    segments = DeltaTable(folder / "output/value_potential_strategic/customer_segments").to_pyarrow_table()
    scored = [row["customer_key"] for row in segments.to_pylist() if row["is_scored"]]
    decision = {
        "--customer": min(scored),
        "--axis": "value_segment",
        "--decision": "override",
        "--value": "Enterprise",
        "--by": "ops",
        "--reason": "strategic reference",
        "--valid-from": "2024-10-01",
        "--expires": "2025-10-01",
    }
    options = (text for option in decision.items() for text in option)
    run("-m", "jobs.decide", "record", "--config", str(config), *options)
    publish_dates(DATES[2])


def pack(folder: Path, archive: Path) -> None:
    """Packs the sources and the output, without what a file system or Delta would make anew."""

    def kept(entry: tarfile.TarInfo) -> tarfile.TarInfo | None:
        entry.uid = entry.gid = 0
        entry.uname = entry.gname = ""
        return None if entry.name.endswith((".crc", "_staged_commits")) else entry

    with tarfile.open(archive, "w:xz") as packed:
        for name in ("sample", "output"):
            packed.add(folder / name, name, filter=kept)


def main() -> None:
    """Publishes and packs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("version", help="what the archive is called: the version, or the commit")
    parser.add_argument("--checkout", type=Path, default=CHECKOUT, help="of that version (default: this one)")
    given = parser.parse_args()
    # `runs` keeps this folder's name: it should say nothing of the machine.
    folder = Path(tempfile.gettempdir()) / "customer-tiers-output"
    folder.mkdir()
    publish(given.checkout.resolve(), folder)
    archive = CHECKOUT / "tests" / "data" / "outputs" / f"{given.version}.tar.xz"
    pack(folder, archive)
    print(f"{archive}: {archive.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
