"""A run that fails after any of its writes leaves what is published as it was, and a rerun puts all right."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any

import pytest

from jobs.core.tables import OutputTables
from tests.conftest import Workspace, active, fact

MARCH, JUNE = date(2024, 3, 31), date(2024, 6, 30)
LENIENT = {"limits": {"quarantined_share": 1, "rows_kept": 0}}
# Every write of a run over a date with a snapshot before it, in the order of the run: (operation, table).
WRITES = [
    ("append", "runs"),  # started
    ("append", "quarantine_fct_revenues"),
    ("replace", "customer_features"),
    ("replace", "customer_tiers"),
    ("replace", "excluded_customers"),
    ("replace", "model_components"),
    ("replace", "tier_migration"),
    ("replace", "tier_migration_summary"),
    ("replace", "tier_summary"),
    ("append", "data_quality"),
    ("append", "runs"),  # published: what fails after it fails too late to matter
]
POINTS = [(*write, WRITES[:number].count(write)) for number, write in enumerate(WRITES[:-1])]
FEW = {3}  # for every test run; the others are for make test-faults


class InjectedError(Exception):
    """Thrown after a write."""


@contextmanager
def failing_after(
    patch: pytest.MonkeyPatch, point: tuple[str, str, int] | None
) -> Iterator[list[tuple[str, str]]]:
    """Lets the job fail after a write; yields the writes as they are made."""
    made: list[tuple[str, str]] = []

    def failing(operation: str) -> Callable[..., Any]:
        write = getattr(OutputTables, operation)

        def written(tables: OutputTables, table: str, *given: Any) -> Any:
            result = write(tables, table, *given)
            made.append((operation, table))
            if point == (operation, table, made.count((operation, table)) - 1):
                raise InjectedError(f"after {point}")
            return result

        return written

    with patch.context() as patched:
        for operation in ("append", "replace"):
            patched.setattr(OutputTables, operation, failing(operation))
        yield made


@pytest.fixture
def workspace_of_two(workspace: Workspace) -> Workspace:
    """March published, and sources of which a row is bad."""
    facts = [fact("Ann", "2024-03-01"), fact("Ann", "2024-05-01", "20"), fact("Bob", "2024-06-01")]
    workspace.write_sources([*facts, fact("Cy", "2020-01-01"), fact(" ", "2024-06-01")], active("Ann", "Bob"))
    workspace.configure(quality=LENIENT)
    assert workspace.run(MARCH) == 0
    return workspace


def hashes(workspace: Workspace) -> dict[str, str]:
    """Content hashes of the latest published run."""
    return dict(workspace.published()[-1]["content_hashes"])


@pytest.mark.faults
def test_the_points_are_all_the_writes_of_a_run(
    workspace_of_two: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    with failing_after(monkeypatch, None) as made:
        assert workspace_of_two.run(JUNE) == 0
    assert sorted(made) == sorted(WRITES)
    assert (made[0], made[-1]) == (WRITES[0], WRITES[-1])


@pytest.mark.parametrize(
    "points",
    [
        pytest.param([point for number, point in enumerate(POINTS) if number in FEW], id="few"),
        pytest.param(
            [point for number, point in enumerate(POINTS) if number not in FEW],
            id="others",
            marks=pytest.mark.faults,
        ),
    ],
)
def test_a_failure_after_any_write_is_harmless(
    workspace_of_two: Workspace, monkeypatch: pytest.MonkeyPatch, points: list[tuple[str, str, int]]
) -> None:
    workspace = workspace_of_two
    assert workspace.run(JUNE) == 0
    undisturbed = hashes(workspace)
    for point in points:
        # Each row tells the run that wrote it: what another run left would show.
        before = {day: workspace.as_readers_see(day) for day in (MARCH, JUNE)}

        with failing_after(monkeypatch, point):
            assert workspace.run(JUNE) == 1, point

        assert {day: workspace.as_readers_see(day) for day in (MARCH, JUNE)} == before, point
        last = workspace.table("runs").orderBy("happened_at").collect()[-1]
        assert (last["status"], last["message"]) == ("failed", f"after {point}")

        assert workspace.run(JUNE) == 0, point
        assert hashes(workspace) == undisturbed, point
