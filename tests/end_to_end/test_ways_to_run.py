"""Each documented way to run the job, from a folder that is not the checkout."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import CHECKOUT, Workspace, active, fact

BIN = Path(sys.executable).parent


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel and the zip, as `make package` builds them."""
    folder = tmp_path_factory.mktemp("dist")
    subprocess.run([sys.executable, CHECKOUT / "scripts/package.py", folder], check=True)
    return folder


def publish(workspace: Workspace, *command: str | Path, **environment: str) -> str:
    """Runs a command with the job's arguments elsewhere; what it printed, once it has published."""
    workspace.write_sources([fact("Ann"), fact("Bob", revenue="50")], active("Ann", "Bob"))
    workspace.configure()
    elsewhere = workspace.folder / "else where"
    elsewhere.mkdir()
    arguments: list[str | Path] = ["publish", "--config", workspace.config, "--as-of", "2024-12-31"]
    done = subprocess.run(
        [*command, *arguments],
        cwd=elsewhere,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert [
        row["tier"] for row in sorted(workspace.rows("customer_tiers"), key=lambda r: str(r["customer_key"]))
    ] == [
        "B",
        "D",
    ]
    assert list(elsewhere.iterdir()) == [], "nothing is left in the working folder"
    return done.stdout


@pytest.mark.long
def test_as_a_module(workspace: Workspace) -> None:
    shown = publish(workspace, sys.executable, "-m", "jobs.tier_customers")

    assert "Tiers on 2024-12-31" in shown
    assert "Why Ann is B Margin Power" in shown


@pytest.mark.long
def test_with_spark_submit_and_the_zip(workspace: Workspace, dist: Path) -> None:
    # The script alone, away from the checkout: what it imports must come from the zip.
    script = workspace.folder / "tier_customers.py"
    script.write_text((CHECKOUT / "jobs/tier_customers.py").read_text())
    publish(
        workspace,
        BIN / "spark-submit",
        "--properties-file",
        CHECKOUT / "conf/spark/local.conf",
        "--py-files",
        dist / "jobs.zip",
        script,
        # As in an active environment: spark-submit looks for its Spark with the Python on the PATH.
        PATH=f"{BIN}:{os.environ['PATH']}",
    )
    assert re.search(r"\d\+[0-9a-f]{12}", workspace.published()[-1]["code_version"])


@pytest.mark.long
def test_as_the_entry_point_of_the_installed_wheel(workspace: Workspace, dist: Path) -> None:
    wheel = next(dist.glob("*.whl"))
    target = workspace.folder / "installed"
    pip: list[str | Path] = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-deps",
        "--no-index",
        "--target",
        target,
        wheel,
    ]
    subprocess.run(pip, check=True)
    assert (target / "jobs/sql/tiers/excluded_customers.sql").is_file()

    # Before the checkout's own package, which this environment has installed too.
    publish(workspace, target / "bin/customer-tiers", PYTHONPATH=str(target))
    assert re.search(r"\+[0-9a-f]{12}", workspace.published()[-1]["code_version"])
