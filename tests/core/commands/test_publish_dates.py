"""What of several models and dates is done when one of them goes wrong. Starts no Spark."""

import argparse
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from jobs import publish
from jobs.core.commands import kit
from jobs.core.commands.kit import Command
from jobs.core.config.model import load_model
from jobs.core.publish import publisher as publishing
from jobs.core.publish import readers
from jobs.core.publish.comparison import Comparison
from jobs.core.publish.snapshot import Snapshot
from jobs.core.runtime.errors import BadDataError, ConfigurationError
from tests.conftest import Row, plain_settings

FIRST, SECOND = date(2024, 3, 31), date(2024, 6, 30)
MODEL = load_model("profitability_adherence")
MODELS = [MODEL.model_copy(update={"name": name}) for name in ("a", "b")]


class Place:
    """An output of which `runs` alone is kept, in memory."""

    def __init__(self) -> None:
        self.told: list[Row] = []
        self.begun: list[date] = []
        self.views: list[str] = []  # the models whose views were made, and what they showed
        self.log: Any = SimpleNamespace(
            prepare=lambda _: None,
            events=lambda name: [event for event in self.told if event["model"] == name],
            known_snapshots=lambda _: {},
        )
        self.root: Any = SimpleNamespace(spark=None)
        self.rules = None

    def keep_history(self) -> None:
        """Nothing is there."""

    recognise = keep_history

    def tables_of(self, model: Any) -> Any:
        return SimpleNamespace(model=model.name)

    def tell(self, model: Any, snapshot: Snapshot) -> None:
        event: Row = {"model": model.name, "as_of": snapshot.as_of, "run_id": snapshot.run_id}
        event |= {"status": "published", "happened_at": len(self.told), "configuration": "{}"}
        maps = ("source_versions", "source_files", "source_rows", "table_versions")
        event |= {name: {} for name in maps} | {"revenue": 0, "configuration_hash": ""}
        self.told.append({**event, "previous_run_id": snapshot.previous_run_id})

    def published(self) -> list[tuple[str, date]]:
        return [(event["model"], event["as_of"]) for event in self.told]


class Job:
    """The loop over dates and models, of which writing fails where it is told to."""

    def __init__(self, patch: pytest.MonkeyPatch, folder: Path) -> None:
        self.place = Place()
        self.fails: dict[tuple[str, date], BaseException] = {}
        self.views_fail = False
        self.session_lives = True
        self.command = Command(
            "customer-tiers publish", argparse.Namespace(allow_empty=False), folder / "job.log"
        )
        for name in ("open_sources", "check_models_fit_sources", "refuse_old_names"):
            patch.setattr(publish, name, lambda *_: None)
        patch.setattr(publish, "DateRun", self._date_run)
        patch.setattr(publishing, "write_snapshot", self._written)
        patch.setattr(
            Comparison, "compare", lambda _, snapshot, previous: (self._compared(snapshot, previous), [])
        )
        patch.setattr(readers, "create_views", self._views)
        patch.setattr(kit, "session_lives", lambda _: self.session_lives)

    @contextmanager
    def _date_run(self, place: Place, snapshot: Snapshot) -> Iterator[Any]:
        @contextmanager
        def part_of(_: Any) -> Iterator[None]:
            yield

        place.begun.append(snapshot.as_of)
        yield SimpleNamespace(
            snapshot=snapshot,
            part_of=part_of,
            features=lambda _: None,
            check=lambda *_: None,
            record_published=place.tell,
        )

    def _written(self, _: Any, model: Any, run: Any, *__: Any, **___: Any) -> Snapshot:
        if error := self.fails.get((model.name, run.snapshot.as_of)):
            raise error
        return cast("Snapshot", run.snapshot)

    @staticmethod
    def _compared(snapshot: Snapshot, previous: Snapshot | None) -> Snapshot:
        return replace(snapshot, previous_run_id=previous.run_id if previous else None)

    def _views(self, tables: Any, *_: Any) -> None:
        if self.views_fail:
            raise RuntimeError("the catalog is away")
        self.place.views.append(tables.model)

    def run(self) -> None:
        asked = publish._Asked(plain_settings(), MODELS, [FIRST, SECOND])
        publish._publish_dates(self.command, asked, cast("Any", None), cast("Any", self.place))

    @property
    def status(self) -> int:
        return self.command._outcomes.status


@pytest.fixture
def job(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Job:
    return Job(monkeypatch, tmp_path)


ENDING: list[Callable[[], BaseException]] = [
    lambda: ConfigurationError("output: must be right"),
    KeyboardInterrupt,
    SystemExit,
]


@pytest.mark.parametrize("made", ENDING)
def test_views_of_a_model_that_is_published_are_made_though_another_ends_the_command(
    job: Job, made: Callable[[], BaseException]
) -> None:
    error = made()
    job.fails["b", FIRST] = error
    with pytest.raises(type(error)) as raised:
        job.run()
    assert raised.value is error
    assert job.place.published() == [("a", FIRST)]
    assert job.place.views == ["a"]


def test_what_went_wrong_first_is_what_is_raised_and_views_that_fail_are_noted(job: Job) -> None:
    error = ConfigurationError("output: must be right")
    job.fails["b", FIRST] = error
    job.views_fail = True
    with pytest.raises(ConfigurationError) as raised:
        job.run()
    assert raised.value is error
    assert error.__notes__ == ["and views could not be made: the catalog is away"]


def test_an_interrupt_of_a_comparison_ends_the_command_also_where_views_fail(
    job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(_: publishing.Publisher) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(publishing.Publisher, "_compare_stale_days", interrupted)
    job.views_fail = True
    with pytest.raises(KeyboardInterrupt):
        job.run()
    assert job.place.begun == [FIRST]


def test_an_interrupt_ends_the_command_between_dates(job: Job) -> None:
    job.fails["b", FIRST] = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt):
        job.run()
    assert job.place.begun == [FIRST]


def test_a_lost_session_ends_the_command_between_dates(job: Job) -> None:
    job.fails["a", FIRST] = RuntimeError("the connection was reset")
    job.session_lives = False
    with pytest.raises(RuntimeError, match="the connection was reset"):
        job.run()
    assert job.place.begun == [FIRST]
    assert job.place.published() == []


def test_a_failure_of_one_model_and_date_leaves_the_others_to_go_on(job: Job) -> None:
    job.fails["a", FIRST] = RuntimeError("disk full")
    job.fails["b", SECOND] = BadDataError("nobody is there")
    job.run()
    assert job.place.begun == [FIRST, SECOND]
    assert job.place.published() == [("b", FIRST), ("a", SECOND)]
    assert job.status == 3
