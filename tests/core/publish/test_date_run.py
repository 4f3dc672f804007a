"""Files that change while a run reads them, and what is told of it. Starts no Spark."""

from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from jobs.core.config.model import load_model
from jobs.core.publish.date_run import DateRun
from jobs.core.publish.snapshot import begun
from jobs.core.runtime.errors import RunAgainError
from jobs.core.sources import source_versions
from jobs.core.sources.source_versions import SourceVersions

MODEL = load_model("profitability_adherence")


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
    output: Any = SimpleNamespace(
        models=[MODEL],
        root=SimpleNamespace(spark=None),
        log=SimpleNamespace(tell=lambda status, *_: told.append(status), is_new=lambda _: True),
        keep_checks=lambda *_: None,
    )

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
