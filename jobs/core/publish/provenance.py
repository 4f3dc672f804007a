"""What made a run: the version and commit of the code, the number of its semantics, the texts it ran."""

import hashlib
import subprocess
import tomllib
from collections.abc import Iterator
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from importlib.resources.abc import Traversable
from pathlib import Path

from jobs.core.config.settings import Settings
from jobs.core.runtime.resources import resource

# Raised whenever the same inputs may give other rows than an earlier version gave.
SEMANTICS = 3
_PACKAGE = "customer-tiers"
COMMIT_FILE = "commit.txt"  # in the package, written when it is built


def text_hash(text: str) -> str:
    """SHA-256 of a text, in hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()


@cache
def code_version() -> str:
    """The version of the code and, where it can be told, its commit: `0.1.0+0a1b2c3d4e5f`.

    `.changed` behind it says that files of the checkout are others than the commit's.
    """
    root = Path(__file__).parents[3]
    number, packaged = version_number(root), resource(COMMIT_FILE)
    commit = packaged.read_text(encoding="utf-8").strip() if packaged.is_file() else checkout_commit(root)
    return f"{number}+{commit}" if commit else number


def version_number(folder: Path) -> str:
    """The version of the code in a folder: a checkout's own, whatever is installed beside it."""
    file = folder / "pyproject.toml"
    project = tomllib.loads(file.read_text(encoding="utf-8")).get("project", {}) if file.is_file() else {}
    if project.get("name") == _PACKAGE:  # installed into a folder, the code stands beside another's
        return str(project["version"])
    try:
        return version(_PACKAGE)
    except PackageNotFoundError:
        return "unpackaged"


def is_one_version(code: str) -> bool:
    """Whether a version of the code, as `code_version` gives it, can stand for one code alone."""
    return "+" in code and not code.endswith(".changed")


def checkout_commit(folder: Path) -> str | None:
    """The commit of a checkout, with `.changed` behind it if tracked files are others; None if it is none."""
    if not (folder / ".git").exists():
        return None

    def git(*arguments: str) -> str:
        command = ["git", "-C", str(folder), *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=30).stdout.strip()

    try:
        changed = git("status", "--porcelain", "--untracked-files=no", "--", "jobs", "sql", "conf")
        return git("rev-parse", "--short=12", "HEAD") + (".changed" if changed else "")
    except (OSError, subprocess.SubprocessError):
        return None


def _texts(folder: Traversable) -> Iterator[str]:
    for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if entry.is_dir():
            yield from _texts(entry)
        elif entry.name.endswith(".sql"):
            yield f"{entry.name}\n{entry.read_text(encoding='utf-8')}"


def _stages() -> list[Traversable]:
    """The folders of SQL that runs are made by."""
    return [stage for stage in resource("sql").iterdir() if stage.is_dir() and stage.name != "reference"]


@cache
def _shipped() -> dict[str, str]:
    sql = (text for stage in _stages() for text in _texts(stage))
    return {
        "sql": text_hash("\n".join(sorted(sql))),
        "rules": text_hash(resource("conf", "rules.yaml").read_text(encoding="utf-8")),
        "sources": text_hash(resource("conf", "sources.yaml").read_text(encoding="utf-8")),
    }


def definitions(settings: Settings) -> dict[str, str]:
    """Hashes of the texts a run computes by, beside its configuration.

    Returns:
        Those of `sql`, `rules`, `sources` (the registry of their columns) and each `<source>.query`.
    """
    queries = {
        f"{name}.query": text_hash(Path(source.query).read_text(encoding="utf-8"))
        for name, source in settings.sources.configured().items()
        if source.query is not None
    }
    return {**_shipped(), **queries}
