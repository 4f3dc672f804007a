"""Sets up a checkout: the Python environment, Java, and Delta's jars. Needs only Python itself.

Run by `make setup`; says what it does in a line each, and what is missing in plain words.
"""

import subprocess
import sys
from pathlib import Path

CHECKOUT = Path(__file__).parents[1]
OLDEST_PYTHON = (3, 11)
LOCK = "requirements-dev.lock"


def say(text: str) -> None:
    """Tells the person who waits."""
    print(text, file=sys.stderr, flush=True)


def run(*command: str | Path, failure: str) -> None:
    """Runs a quiet command; if it fails, its output and what to do are shown and the set-up ends."""
    done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=False)
    if done.returncode:
        say(f"{done.stdout[-3000:]}{done.stderr[-3000:]}")
        sys.exit(f"Set-up failed: {failure}")


def set_up_python(venv: Path) -> Path:
    """Creates the environment with the project and its tools in it; its Python."""
    python = venv / "bin" / "python"
    if not python.exists():
        run(
            sys.executable,
            "-m",
            "venv",
            venv,
            failure="no virtual environment could be made (Debian, Ubuntu: apt-get install python3-venv).",
        )
    pip = (python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check")
    run(
        *pip,
        "--require-hashes",
        "-r",
        LOCK,
        failure=f"the packages of {LOCK} could not be installed; is a package index reachable?",
    )
    # What it is built with is among the packages above.
    run(*pip, "--no-deps", "--no-build-isolation", "-e", ".", failure="the project could not be installed.")
    return python


def main() -> None:
    """Sets up the checkout."""
    if sys.version_info < OLDEST_PYTHON:
        sys.exit(
            f"Python 3.11 or newer is needed, this is {sys.version.split()[0]}: make setup PYTHON=python3.12"
        )
    venv = Path(sys.argv[1])
    say("Set-up, once (a few minutes): Python environment ...")
    python = set_up_python(venv)
    say("Set-up: Java and Delta's jars ...")
    done = subprocess.run([python, CHECKOUT / "scripts" / "setup_spark.py"], cwd=CHECKOUT, check=False)
    if done.returncode:
        sys.exit(done.returncode)
    say("Set-up: done.")


if __name__ == "__main__":
    main()
