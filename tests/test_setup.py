"""Setting up: packages by their hashes, Delta's jars whole or not at all, and what is not audited."""

import hashlib
import json
import re
import shutil
import subprocess
from importlib.metadata import version
from pathlib import Path

import audit
import pytest
import setup
import setup_spark

from tests.conftest import CHECKOUT

RELEASES = {"delta-spark": "4.4.0", "pyspark": "4.2.0"}
JARS = {
    "delta-spark_4.2_2.13-4.4.0.jar": b"delta",
    "delta-storage-4.4.0.jar": b"storage",
    "shims-1.jar": b"shims",
}


class Checkout:
    """A Spark's folder of jars, and a Maven repository."""

    def __init__(self, folder: Path) -> None:
        self.jars = folder / "jars"
        self.jars.mkdir()
        (self.jars / "spark-core-4.2.0.jar").write_bytes(b"spark")
        self.repository = folder / "repository"
        self.repository.mkdir()
        for name, content in JARS.items():
            (self.repository / name).write_bytes(content)
        self.fetched = 0

    def fetch(self, *_: object) -> dict[str, Path]:
        self.fetched += 1
        return {jar.name: jar for jar in self.repository.iterdir()}

    def there(self) -> dict[str, bytes]:
        return {jar.name: jar.read_bytes() for jar in self.jars.iterdir() if jar.name in JARS}


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Checkout:
    checkout = Checkout(tmp_path)
    listed = tmp_path / "delta_jars.sha256"
    listed.write_text(
        "# a comment\n"
        + "".join(f"{hashlib.sha256(content).hexdigest()}  {name}\n" for name, content in JARS.items())
    )
    monkeypatch.setattr(setup_spark, "CHECKSUMS", listed)
    monkeypatch.setattr(setup_spark, "version", RELEASES.__getitem__)
    monkeypatch.setattr(setup_spark, "fetched", checkout.fetch)
    return checkout


def test_jars_are_put_beside_those_of_spark_once(checkout: Checkout) -> None:
    setup_spark.set_up_delta(checkout.jars)
    setup_spark.set_up_delta(checkout.jars)
    assert checkout.there() == JARS
    assert checkout.fetched == 1
    assert len(list(checkout.jars.iterdir())) == len(JARS) + 1


@pytest.mark.parametrize("name", JARS)
@pytest.mark.parametrize("content", [None, b"", b"del", b"another"], ids=str)
def test_a_jar_that_is_missing_or_was_copied_by_half_is_mended(
    checkout: Checkout, name: str, content: bytes | None
) -> None:
    setup_spark.set_up_delta(checkout.jars)
    (checkout.jars / name).unlink()
    if content is not None:
        (checkout.jars / name).write_bytes(content)
    setup_spark.set_up_delta(checkout.jars)
    assert checkout.there() == JARS


@pytest.mark.parametrize("content", [None, b"malice"], ids=str)
def test_no_jar_is_put_in_place_if_one_comes_otherwise_than_listed(
    checkout: Checkout, content: bytes | None
) -> None:
    served = checkout.repository / "delta-storage-4.4.0.jar"
    served.unlink() if content is None else served.write_bytes(content)
    with pytest.raises(
        SystemExit, match=r"delta-storage-4\.4\.0\.jar came otherwise than delta_jars\.sha256 lists"
    ):
        setup_spark.set_up_delta(checkout.jars)
    assert checkout.there() == {}


def test_a_copy_that_is_broken_off_leaves_no_jar(checkout: Checkout, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken_off(_: Path, target: Path) -> None:
        target.write_bytes(b"d")
        raise KeyboardInterrupt

    monkeypatch.setattr(shutil, "copy", broken_off)
    with pytest.raises(KeyboardInterrupt):
        setup_spark.set_up_delta(checkout.jars)
    assert [jar.name for jar in checkout.jars.glob("*.jar")] == ["spark-core-4.2.0.jar"]


def test_another_release_is_refused_with_the_list_that_it_needs(
    checkout: Checkout, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(setup_spark, "version", {**RELEASES, "delta-spark": "4.5.0"}.__getitem__)
    (checkout.repository / "delta-spark_4.2_2.13-4.5.0.jar").write_bytes(b"new")
    (checkout.repository / "spark-core-4.1.0.jar").write_bytes(b"in Spark already")
    with pytest.raises(SystemExit, match=r"must list delta-spark_4\.2_2\.13-4\.5\.0\.jar"):
        setup_spark.set_up_delta(checkout.jars)
    said = capsys.readouterr().err
    assert f"{hashlib.sha256(b'new').hexdigest()}  delta-spark_4.2_2.13-4.5.0.jar" in said
    assert "spark-core" not in said
    assert checkout.there() == {}


def test_listed_are_the_jars_of_the_release_that_is_installed() -> None:
    listed = setup_spark.checksums()
    assert f"delta-spark_4.2_2.13-{version('delta-spark')}.jar" in listed
    assert all(re.fullmatch("[0-9a-f]{64}", checksum) for checksum in listed.values())


def test_packages_are_installed_by_their_hashes_and_the_project_without_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commands: list[tuple[str, ...]] = []
    monkeypatch.setattr(
        setup, "run", lambda *command, failure: commands.append((*map(str, command), failure))
    )
    setup.set_up_python(tmp_path)
    packages, project = commands[-2:]
    assert packages[packages.index("--require-hashes") + 1 :][:2] == ("-r", "requirements-dev.lock")
    assert {"--no-deps", "--no-build-isolation", "-e"} <= set(project)


def test_every_package_of_the_lock_has_hashes_and_one_version_for_each_python() -> None:
    text = (CHECKOUT / setup.LOCK).read_text().replace("\\\n", " ")
    packages = [line for line in text.splitlines() if line and not line.startswith("#")]
    assert len(packages) > 50
    assert all(re.match(r"[\w.-]+==[^ ]+ .*--hash=sha256:[0-9a-f]{64}", line) for line in packages)
    assert "://" not in text


def test_the_lock_holds_what_the_project_names() -> None:
    named = re.findall(
        r'^    "([\w-]+)[=<>]|\["(pyspark)|"(delta-spark)', (CHECKOUT / "pyproject.toml").read_text(), re.M
    )
    wanted = {next(filter(None, names)).lower() for names in named}
    locked = {
        line.split("==")[0] for line in (CHECKOUT / setup.LOCK).read_text().splitlines() if "==" in line
    }
    assert len(wanted) > 15
    assert wanted <= locked


def test_the_audit_says_what_it_did_not_look_up(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = {
        "dependencies": [
            {"name": "rich", "version": "15.0.0", "vulns": []},
            {"name": "own", "skip_reason": "distribution marked as editable"},
        ]
    }
    done = subprocess.CompletedProcess([], 0, json.dumps(answer), "")
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: done)
    assert audit.main() == 0
    said = capsys.readouterr().out.splitlines()
    assert said[:2] == [
        "1 packages looked up, 0 known vulnerabilities",
        "NOT looked up: own (the first: distribution marked as editable)",
    ]
    assert "Delta's" in said[2]
    assert "Java" in said[2]


def test_the_audit_says_so_if_it_reaches_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    done = subprocess.CompletedProcess([], 1, "", "no network")
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: done)
    assert audit.main() == 0
    said = capsys.readouterr().out
    assert "NOT looked for: no advisories could be reached (no network)" in said
    assert "Java" in said
