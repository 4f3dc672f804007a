"""Finds a Java that can run Spark."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from jobs.core.runtime.errors import ConfigurationError

OLDEST = 17
# Where `make setup` puts a Java of the checkout's own.
OWN_JAVA = Path(__file__).parents[3] / ".java"
_USUAL_PLACES = (
    (OWN_JAVA, "*"),
    (Path("/usr/lib/jvm"), "*"),
    (Path("/Library/Java/JavaVirtualMachines"), "*/Contents/Home"),
    (Path("/opt/homebrew/opt"), "openjdk*"),
    (Path.home() / ".sdkman/candidates/java", "*"),
)
HOW_TO_INSTALL = (
    f"Java {OLDEST} or newer was not found: install one, or set JAVA_HOME to its folder.\n"
    "  Debian or Ubuntu: sudo apt-get install -y openjdk-17-jre-headless\n"
    "  Fedora or RHEL:   sudo dnf install -y java-17-openjdk-headless\n"
    "  macOS:            brew install openjdk@17"
)


def version(home: Path) -> int:
    """The major version of the Java in a folder; 0 when there is none that runs."""
    java = home / "bin" / "java"
    if not java.is_file():
        return 0
    try:
        answer = subprocess.run([java, "-version"], capture_output=True, text=True, timeout=60, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return 0
    found = re.search(r'version "(\d+)', answer.stderr)
    return int(found[1]) if found else 0


def _candidates() -> Iterator[Path]:
    if "JAVA_HOME" in os.environ:
        yield Path(os.environ["JAVA_HOME"])
    on_path = shutil.which("java")
    if on_path:
        yield Path(on_path).resolve().parents[1]
    for folder, pattern in _USUAL_PLACES:
        yield from sorted(folder.glob(pattern))


def find_java() -> Path | None:
    """The folder of the first suitable Java: JAVA_HOME, the PATH, then the usual places."""
    return next((home for home in _candidates() if version(home) >= OLDEST), None)


def use_java() -> None:
    """Points JAVA_HOME, which Spark's launcher reads, to a suitable Java.

    Raises:
        ConfigurationError: there is none; the message says how to install one.
    """
    home = find_java()
    if home is None:
        raise ConfigurationError(HOW_TO_INSTALL)
    os.environ["JAVA_HOME"] = str(home)
