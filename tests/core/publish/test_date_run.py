"""Files that change and runs that begin while a run is under way, and what is told of it. Starts no Spark."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from jobs.core.config.model import load_model
from jobs.core.publish.date_run import DateRun
from jobs.core.publish.snapshot import Snapshot, begun
from jobs.core.runtime.errors import RunAgainError
from jobs.core.sources import source_versions
from jobs.core.sources.source_versions import SourceVersions

MODEL = load_model("profitability_adherence")


def output_that_tells(told: list[str], new: Iterator[bool]) -> Any:
    """An output of which `runs` keeps the statuses, and answers in turn whether the date is new."""

    def is_new(_: Snapshot) -> bool:
        assert told[-1:] == ["started"], "a run looks when its own start is told"
        return next(new)

    return SimpleNamespace(
        models=[MODEL],
        root=SimpleNamespace(spark=None),
        log=SimpleNamespace(tell=lambda status, *_: told.append(status), is_new=is_new),
        keep_checks=lambda *_: None,
    )


def test_nothing_is_published_of_files_that_changed_since_they_were_opened(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(
        source_versions,
        "files_hash",
        lambda frame: str([Path(path).read_text() for path in frame.inputFiles()]),
    )
    (tmp_path / "facts.csv").write_text("Ann,1")
    (tmp_path / "accounts.csv").write_text("Ann-1,active")
    versions = SourceVersions()
    for name in ("facts", "accounts"):
        frame: Any = SimpleNamespace(
            inputFiles=lambda name=name: [str(tmp_path / f"{name}.csv")], sparkSession=None
        )
        assert versions.pin_files(name, frame) is frame
    told: list[str] = []

    output = output_that_tells(told, iter([True, True, True]))

    def publish() -> None:
        with DateRun(cast("Any", output), begun(date(2024, 6, 30), versions)) as run:
            run.record_published(MODEL, run.snapshot)

    publish()
    assert told == ["started", "published"]
    told.clear()
    (tmp_path / "facts.csv").write_text("Ann,2")
    with pytest.raises(
        RunAgainError,
        match="2024-06-30: the files of facts changed while they were read, and nothing is published: run",
    ):
        publish()
    assert told == ["started", "failed"]


@pytest.mark.parametrize(
    ("new", "ends"), [([True, True], "published"), ([True, False], "failed"), ([False], "published")]
)
def test_of_two_runs_that_begin_a_new_date_at_once_the_first_publishes_nothing(
    new: list[bool], ends: str
) -> None:
    told: list[str] = []

    def publish() -> None:
        output = output_that_tells(told, iter(new))
        with DateRun(output, begun(date(2024, 6, 30), SourceVersions())) as run:
            run.record_published(MODEL, run.snapshot)

    if ends == "failed":
        with pytest.raises(RunAgainError, match="another run began to publish the date meanwhile"):
            publish()
    else:
        publish()
    assert told == ["started", ends]
