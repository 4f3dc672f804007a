"""Which run counts for a date, and whose rows another may have touched: by events alone."""

from datetime import date
from typing import Any

import pytest

from jobs.core.publish.counting import counting, disturbed

DAY = date(2024, 6, 30)


def events(*told: str) -> list[dict[str, Any]]:
    """Events of one date as they happened, each as `run status`."""
    return [
        {"as_of": DAY, "run_id": run, "status": status, "happened_at": moment}
        for moment, (run, status) in enumerate(each.split() for each in told)
    ]


def counts(*told: str) -> tuple[str, int] | None:
    """The run that counts, and the moment of its event that does."""
    found = counting(events(*told)).get(DAY)
    return (found["run_id"], found["happened_at"]) if found else None


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        (["A started"], None),
        (["A started", "A refused"], None),
        (["A started", "A published"], ("A", 1)),
        (["A published", "B started", "B failed"], ("A", 0)),
        (["A published", "B published"], ("B", 1)),
        # A was compared anew while B published: its old rows do not come back.
        (["A published", "A started", "B published", "A published"], ("B", 2)),
        (["A published", "B published", "A published", "B started", "B published"], ("B", 4)),
        (["A published", "A started", "A comparison_refused"], ("A", 0)),
        (["A published", "A withdrawn"], None),
        (["A published", "B published", "A withdrawn"], None),
        (["A published", "A withdrawn", "B published"], ("B", 2)),
        (["A published", "A withdrawn", "B published", "A published"], ("B", 2)),
        (["A published", "A withdrawn", "B started", "B failed"], None),
    ],
)
def test_the_run_that_was_first_published_last_counts_with_its_last_event(
    told: list[str], expected: tuple[str, int] | None
) -> None:
    assert counts(*told) == expected


def test_the_order_of_rows_does_not_matter_and_dates_stand_apart() -> None:
    told = events("A published", "B published", "A published", "B published")
    other = [{**event, "as_of": date(2024, 9, 30)} for event in events("A published", "A withdrawn")]
    expected = {DAY: told[3]}
    for order in (told + other, other + told[::-1]):
        assert counting(order) == expected


@pytest.mark.parametrize(
    ("told", "is_disturbed"),
    [
        (["A started", "A published"], False),
        (["A started", "A published", "B started", "B published"], False),
        (["A started", "A failed", "B started", "B published"], False),
        # B began before A ended, so A may have written after B.
        (["A started", "B started", "B published", "A failed"], True),
        (["A started", "B started", "B published"], True),
        (["A started", "A published", "B started"], True),
        (["A started", "A published", "A started"], True),
        (["A started", "A published", "A started", "A published"], False),
        # What a refused comparison wrote is there, and not what the date is read at.
        (["A started", "A published", "A started", "A comparison_refused"], True),
        (["A started", "A published", "A started", "A comparison_failed", "A started", "A published"], False),
        # Two compared it anew at once, and one of them has told nothing yet.
        (["A started", "A published", "A started", "A started", "A published"], True),
        (["A started", "A published", "A withdrawn"], False),
    ],
)
def test_a_date_is_disturbed_while_another_may_have_written_to_it(
    told: list[str], is_disturbed: bool
) -> None:
    assert disturbed(events(*told)) == ({DAY} if is_disturbed else set())
