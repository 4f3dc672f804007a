"""Builds what the job is shipped as: dist/jobs.zip for spark-submit --py-files, and the wheel."""

import subprocess
import sys
import zipfile
from pathlib import Path

from jobs.core.publish.provenance import COMMIT_FILE, checkout_commit

CHECKOUT = Path(__file__).parents[1]


def build_wheel(folder: Path) -> Path:
    """Builds the wheel with the tools of this environment; its file."""
    for old in folder.glob("*.whl"):
        old.unlink()
    # So that the runs of what is installed tell the commit too.
    commit = CHECKOUT / "jobs" / COMMIT_FILE
    commit.write_text(checkout_commit(CHECKOUT) or "", encoding="utf-8")
    try:
        subprocess.run(
            [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, CHECKOUT],
            check=True,
            capture_output=True,
        )
    finally:
        commit.unlink()
    return next(folder.glob("*.whl"))


def zip_package(wheel: Path, zip_file: Path) -> None:
    """Puts the package, as the wheel carries it, into a zip: --py-files takes no wheels."""
    with zipfile.ZipFile(wheel) as source, zipfile.ZipFile(zip_file, "w", zipfile.ZIP_DEFLATED) as target:
        for entry in source.infolist():
            # The metadata tell the version, which runs record.
            if entry.filename.startswith("jobs/") or entry.filename.endswith(".dist-info/METADATA"):
                target.writestr(entry, source.read(entry))


def main() -> None:
    """Builds both into the folder that is given."""
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    wheel = build_wheel(folder)
    zip_package(wheel, folder / "jobs.zip")
    print(f"{wheel}\n{folder / 'jobs.zip'}")


if __name__ == "__main__":
    main()
