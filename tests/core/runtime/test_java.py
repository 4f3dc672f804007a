"""Finding a Java, with small scripts in its place. Starts no Spark."""

import os
from pathlib import Path

import pytest

from jobs.core.runtime import java
from jobs.core.runtime.errors import ConfigurationError


@pytest.fixture(autouse=True)
def _no_java(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without Java."""
    monkeypatch.setenv("JAVA_HOME", "set back after the test")
    monkeypatch.delenv("JAVA_HOME")
    monkeypatch.setenv("PATH", "/none")
    monkeypatch.setattr(java, "_USUAL_PLACES", ())


def install(home: Path, answer: str = 'openjdk version "17.0.9" 2023-10-17', status: int = 0) -> Path:
    program = home / "bin" / "java"
    program.parent.mkdir(parents=True)
    program.write_text(
        f"#!/bin/sh\necho 'Picked up JAVA_TOOL_OPTIONS: -Da=b' >&2\necho '{answer}' >&2\nexit {status}\n"
    )
    program.chmod(0o755)
    return home


@pytest.mark.parametrize(
    ("answer", "major"),
    [
        ('openjdk version "17.0.9" 2023-10-17', 17),
        ('java version "21" 2023-09-19 LTS', 21),
        ('openjdk version "22-ea" 2024-03-19', 22),
        ('java version "1.8.0_392"', 1),
        ("Unable to locate a Java Runtime.", 0),
    ],
)
def test_version_is_the_major_one(tmp_path: Path, answer: str, major: int) -> None:
    assert java.version(install(tmp_path, answer)) == major


def test_folder_without_java_has_version_0(tmp_path: Path) -> None:
    assert java.version(tmp_path) == 0


def test_java_that_does_not_run_has_version_0(tmp_path: Path) -> None:
    (install(tmp_path) / "bin" / "java").chmod(0o644)
    assert java.version(tmp_path) == 0


def test_java_home_wins_over_the_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home, other = install(tmp_path / "home"), install(tmp_path / "other")
    monkeypatch.setenv("JAVA_HOME", str(home))
    monkeypatch.setenv("PATH", f"{other}/bin")
    assert java.find_java() == home


def test_too_old_a_java_home_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JAVA_HOME", str(install(tmp_path / "old", 'openjdk version "11.0.2"')))
    newer = install(tmp_path / "newer")
    monkeypatch.setenv("PATH", f"{newer}/bin")
    assert java.find_java() == newer


def test_java_on_the_path_is_found_behind_its_link(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = install(tmp_path / "jvm")
    (tmp_path / "links").mkdir()
    (tmp_path / "links" / "java").symlink_to(home / "bin" / "java")
    monkeypatch.setenv("PATH", str(tmp_path / "links"))
    assert java.find_java() == home


def test_usual_places_come_last(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(tmp_path / "jvm" / "a-java-11", 'openjdk version "11.0.2"')
    found = install(tmp_path / "jvm" / "b-java-17")
    monkeypatch.setattr(java, "_USUAL_PLACES", ((tmp_path / "none", "*"), (tmp_path / "jvm", "*")))
    assert java.find_java() == found


def test_found_java_becomes_java_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = install(tmp_path / "jvm")
    monkeypatch.setenv("PATH", f"{home}/bin")
    java.use_java()
    assert os.environ["JAVA_HOME"] == str(home)


def test_message_without_java_says_how_to_install_one() -> None:
    with pytest.raises(ConfigurationError) as refused:
        java.use_java()
    assert str(refused.value).splitlines() == [
        "Java 17 or newer was not found: install one, or set JAVA_HOME to its folder.",
        "  Debian or Ubuntu: sudo apt-get install -y openjdk-17-jre-headless",
        "  Fedora or RHEL:   sudo dnf install -y java-17-openjdk-headless",
        "  macOS:            brew install openjdk@17",
    ]
