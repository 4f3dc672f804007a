"""What the documented reader says of a wrong table, and what views are made of. Starts no Spark."""

from collections.abc import Iterator
from datetime import date
from types import SimpleNamespace
from typing import Any, cast

import pytest

from jobs.core.delta.identifiers import Location
from jobs.core.publish import explanation
from jobs.core.publish import readers as views
from jobs.core.publish.readers import create_views
from jobs.core.readers import published
from jobs.core.runtime.errors import ConfigurationError, RunAgainError
from tests.conftest import Row

NO_SESSION = cast("Any", None)
MARCH, JUNE = date(2024, 3, 31), date(2024, 6, 30)


def test_a_table_that_is_misspelt_is_told_the_nearest_one() -> None:
    with pytest.raises(
        ConfigurationError,
        match=r"^table: must be one of .*, got 'customer_tier'; did you mean 'customer_tiers'\?$",
    ):
        published(NO_SESSION, "customer_tier", date(2024, 12, 31), path="out")


def events(*told: str) -> list[Row]:
    """Events as they happened, each as `month run status`, with tables at the version of its place."""
    found = []
    for moment, each in enumerate(told):
        month, run, status = each.split()
        at = dict.fromkeys(("customer_tiers", "tier_summary"), moment)
        event: Row = {"as_of": {"3": MARCH, "6": JUNE}[month], "run_id": run, "status": status}
        event |= {"happened_at": moment, "table_versions": at, "row_counts": at, "content_hashes": at}
        event |= {name: {} for name in ("source_versions", "source_files", "source_rows")}
        event |= dict.fromkeys(("revenue", "previous_run_id", "configuration", "configuration_hash"))
        found.append(event)
    return found


class Catalog:
    """A schema with columns of tables at versions, and the statements that it is given."""

    def __init__(self, *views_there: str) -> None:
        self.views_there = views_there
        self.statements: list[str] = []
        self.location = Location(schema="s")
        self.spark = self.catalog = self

    def tableExists(self, name: str) -> bool:  # noqa: N802  (of Spark)
        return name in self.views_there

    def sql(self, text: str) -> None:
        self.statements.append(text)

    def read(self, _: str) -> Any:
        return SimpleNamespace(columns=["as_of", "tier", "added"])

    def read_at(self, _: str, version: int) -> Any:
        return SimpleNamespace(columns=["as_of", "tier", "added"][: 2 if version == 1 else 3])


def made(told: list[Row], *views_there: str) -> dict[str, str]:
    """The query of each view that is made, on one line."""
    catalog = Catalog(*views_there)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(views, "events_of", lambda *_: told)
        patch.setattr(explanation, "score_components_view", lambda _: "SELECT explained")
        create_views(cast("Any", catalog), NO_SESSION, "a")
    found = {}
    for statement in catalog.statements:
        head, _, query = statement.partition(" AS\n")
        found[head.removeprefix("CREATE OR REPLACE VIEW `s`.").strip("`")] = query.replace("\n", " ")
    return found


BRANCH = "SELECT {} FROM `s`.`customer_tiers` VERSION AS OF {} WHERE as_of IN ({}) AND run_id IN ({})"
COLUMNS = "`as_of`, `tier`, `added`"


def test_all_dates_are_read_at_the_newest_version_where_no_other_run_touched_them() -> None:
    found = made(events("3 A started", "3 A published", "6 B started", "6 B published"))
    dates = "DATE '2024-03-31', DATE '2024-06-30'"
    assert found["published_customer_tiers"] == BRANCH.format(COLUMNS, 3, dates, "'A', 'B'")
    assert set(found) == {"published_customer_tiers", "published_tier_summary", "score_components"}


def test_a_disturbed_date_is_read_at_its_own_version_with_the_columns_of_all() -> None:
    told = events("3 A started", "3 A published", "6 B started", "6 B published", "3 C started", "3 C failed")
    assert made(told)["published_customer_tiers"] == " UNION ALL ".join(
        [
            BRANCH.format("`as_of`, `tier`, NULL AS `added`", 1, "DATE '2024-03-31'", "'A'"),
            BRANCH.format(COLUMNS, 3, "DATE '2024-06-30'", "'B'"),
        ]
    )


def test_a_date_that_is_withdrawn_leaves_the_views() -> None:
    told = events("3 A started", "3 A published", "6 B started", "6 B published", "3 A withdrawn")
    assert made(told)["published_customer_tiers"] == BRANCH.format(COLUMNS, 3, "DATE '2024-06-30'", "'B'")


def test_views_of_which_all_dates_are_withdrawn_show_nothing_and_none_is_made_for_it() -> None:
    told = events("3 A started", "3 A published", "3 A withdrawn")
    assert made(told, "s.published_customer_tiers") == {
        "published_customer_tiers": "SELECT * FROM `s`.`customer_tiers` WHERE FALSE"
    }
    assert made([]) == {}


def read_while_made(patch: pytest.MonkeyPatch, *read: list[Row]) -> list[list[Row]]:
    """What views are made of, if `runs` tells this when it is read, and the last of it from then on."""

    def told() -> Iterator[list[Row]]:
        yield from read
        while True:
            yield read[-1]

    telling, shown = told(), []
    patch.setattr(views, "events_of", lambda *_: next(telling))
    patch.setattr(views, "_create_views", lambda _, told: shown.append(told))
    create_views(cast("Any", Catalog()), NO_SESSION, "a")
    return shown


def test_views_are_made_until_they_agree_with_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    one, two, three = (events(*["3 A published"] * number) for number in (1, 2, 3))
    assert read_while_made(monkeypatch, one) == [one]
    # A second run publishes while the views are made, and a third while they are made again.
    assert read_while_made(monkeypatch, one, two, two, three, three) == [one, two, three]


def test_views_that_never_agree_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    ever_more = [events(*["3 A published"] * number) for number in range(100)]
    with pytest.raises(RunAgainError, match="views could not be made to agree with runs: run again"):
        read_while_made(monkeypatch, *ever_more)


def test_no_views_are_made_without_a_catalog() -> None:
    folder: Any = SimpleNamespace(location=Location(path="out"))
    create_views(folder, NO_SESSION, "a")  # reads nothing
