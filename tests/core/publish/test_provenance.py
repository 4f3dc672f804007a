"""What made a run: the version of the code."""

from importlib.metadata import PackageNotFoundError
from pathlib import Path

import pytest

from jobs.core.publish import provenance

OURS = '[project]\nname = "customer-tiers"\nversion = "9.8.7"\n'
ANOTHERS = '[project]\nname = "warehouse"\nversion = "3.0.0"\n'


@pytest.mark.parametrize(
    ("file", "number"),
    [(OURS, "9.8.7"), (ANOTHERS, "1.2.3"), ("[tool.ruff]\n", "1.2.3"), (None, "1.2.3")],
    ids=["checkout", "another project", "no project", "nothing"],
)
def test_a_checkout_has_its_own_version_and_other_code_that_of_the_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file: str | None, number: str
) -> None:
    monkeypatch.setattr(provenance, "version", {"customer-tiers": "1.2.3"}.__getitem__)
    if file is not None:
        (tmp_path / "pyproject.toml").write_text(file)
    assert provenance.version_number(tmp_path) == number


def test_code_that_is_not_installed_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> str:
        raise PackageNotFoundError(name)

    monkeypatch.setattr(provenance, "version", missing)
    assert provenance.version_number(tmp_path) == "unpackaged"
