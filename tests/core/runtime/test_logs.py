"""Logs are the user's own."""

import os
import stat
import sys
from pathlib import Path

import pytest

from jobs.core.commands.arguments import Parser
from jobs.core.commands.kit import run_command
from jobs.core.runtime.logs import default_log_file, make_log_file


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_STATE_HOME", raising=False)
    return tmp_path


@pytest.mark.parametrize(
    ("platform", "folder"),
    [("linux", ".local/state/customer-tiers"), ("darwin", "Library/Logs/customer-tiers")],
)
def test_a_log_lies_in_a_folder_that_the_user_alone_can_enter(
    home: Path, monkeypatch: pytest.MonkeyPatch, platform: str, folder: str
) -> None:
    monkeypatch.setattr(sys, "platform", platform)
    (home / folder).mkdir(mode=0o755, parents=True)
    log = default_log_file()
    assert log.parent == home / folder
    assert mode(log.parent) == 0o700


def test_a_log_lies_where_the_user_keeps_states(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(home / "states"))
    assert default_log_file().parent == home / "states" / "customer-tiers"
    monkeypatch.setenv("XDG_STATE_HOME", "relative/is/ignored")
    assert default_log_file().parent == home / ".local/state/customer-tiers"


def test_without_a_folder_of_the_user_a_log_lies_in_a_new_private_one(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (home / ".local").write_text("no folder can be made here")
    monkeypatch.setattr("tempfile.tempdir", str(home))
    first, second = default_log_file(), default_log_file()
    assert first.parent != second.parent
    assert first.parent.parent == home
    assert mode(first.parent) == 0o700


def run_with_log(log: Path | None) -> int:
    """The exit status of a command that does nothing."""
    arguments = [] if log is None else ["--log-file", str(log)]
    return run_command(Parser("name", None, configured=False), arguments, lambda _: None)


@pytest.mark.usefixtures("log_handlers")
def test_no_folder_is_made_for_a_log_that_is_given(home: Path) -> None:
    assert run_with_log(home / "given.log") == 0
    assert [path.name for path in home.iterdir()] == ["given.log"]
    assert run_with_log(None) == 0
    assert len(list(home.rglob("*.log"))) == 2


def test_the_user_alone_reads_a_log_whatever_the_mask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        make_log_file(tmp_path / "job.log")
    finally:
        os.umask(before)
    assert mode(tmp_path / "job.log") == 0o600


def test_a_link_in_the_place_of_a_log_is_not_followed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "precious"
    target.write_text("kept")
    for name, leads_to in (("job.log", target), ("new.log", tmp_path / "nothing yet")):
        (tmp_path / name).symlink_to(leads_to)
        assert run_with_log(tmp_path / name) == 2
        assert capsys.readouterr().err == (
            f"--log-file: must be a file that can be written, got {tmp_path / name}: it is a symbolic link, "
            "which could lead to any file\n"
        )
    assert target.read_text() == "kept"
    assert not (tmp_path / "nothing yet").exists()


def test_a_log_may_go_to_the_console() -> None:
    make_log_file(Path("/dev/stderr"))


@pytest.mark.usefixtures("log_handlers")
def test_a_command_makes_its_log_private(tmp_path: Path) -> None:
    old_mask = os.umask(0)
    try:
        assert run_with_log(tmp_path / "job.log") == 0
    finally:
        os.umask(old_mask)
    assert mode(tmp_path / "job.log") == 0o600
