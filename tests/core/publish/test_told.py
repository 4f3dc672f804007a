"""What a person is told while a command works shows no secret of a location. Starts no Spark."""

from collections.abc import Callable
from datetime import date
from types import SimpleNamespace
from typing import Any, cast

import pytest

from jobs.core.config.model import load_model
from jobs.core.config.rules import Check
from jobs.core.delta.identifiers import Location
from jobs.core.publish import upgrading
from jobs.core.publish.date_run import DateRun
from jobs.core.publish.output import Output
from jobs.core.publish.publisher import Publisher
from jobs.core.publish.snapshot import Snapshot, begun
from jobs.core.runtime.errors import BadDataError
from jobs.core.sources.source_versions import SourceVersions

DAY = date(2024, 6, 30)
LOCATION = Location(path="s3://KEY:se/cret@bucket/tiers")
FAILED = Check("revenue_fell", "snapshot", "fail", "revenue fell", 1, 1)
WARNED = Check("odd", "fct_revenues", "warn", "odd rows", 3, 1, figures=f"read from {LOCATION}")


def output() -> Output:
    """One of which nothing is there but its place."""
    found: Any = SimpleNamespace(
        root=SimpleNamespace(spark=None, location=LOCATION),
        log=SimpleNamespace(tell=lambda *_, **__: None, is_of=lambda *_: True),
        rules=None,
        models=[],
        tables_of=lambda _: None,
        keep_checks=lambda *_: None,
    )
    found.where_to_look = lambda snapshot: Output.where_to_look(found, snapshot)
    return cast("Output", found)


def check_a_date() -> None:
    DateRun(output(), begun(DAY, SourceVersions())).check([WARNED])


def refuse_a_later_comparison() -> None:
    publisher = Publisher(output(), load_model("profitability_adherence"))
    publisher.comparison = cast("Any", SimpleNamespace(compare=lambda now, _: (now, [FAILED])))
    publisher._compare_again(Snapshot(DAY, "run", SourceVersions()), None, {"happened_at": 1})


def break_an_upgrade() -> None:
    def broken(*_: Any) -> None:
        raise BadDataError("other rows")

    with pytest.MonkeyPatch.context() as patch:
        tables = SimpleNamespace(version=lambda _: 1, read_at=lambda *_: None, location=LOCATION)
        patch.setattr(upgrading, "OutputTables", lambda *_: tables)
        patch.setattr(upgrading, "_checked", lambda _: "one model")
        patch.setattr(upgrading, "_refuse_unless_empty", lambda *_: None)
        for name in ("collected", "configurations_by_new_names"):
            patch.setattr(upgrading, name, lambda _: [])
        patch.setattr(upgrading, "published_by_model", lambda *_: {"model": []})
        patch.setattr(upgrading.Carrier, "carry_snapshots", broken)
        with pytest.raises(BadDataError):
            upgrading.upgrade(cast("Any", None), LOCATION, LOCATION)


@pytest.mark.parametrize("told", [check_a_date, refuse_a_later_comparison, break_an_upgrade])
def test_no_key_of_a_location_is_told(told: Callable[[], None], capsys: pytest.CaptureFixture[str]) -> None:
    told()
    said = capsys.readouterr().err
    assert "s3://***@bucket/tiers" in said
    assert "se/cret" not in said
    assert "KEY" not in said
