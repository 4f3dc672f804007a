"""The exit status of a command of several parts."""

from itertools import permutations

import pytest

from jobs.core.commands.outcomes import Outcomes
from jobs.core.runtime.errors import BadDataError, ConfigurationError, RunAgainError

ERRORS: dict[int, list[BaseException]] = {
    1: [RuntimeError("disk full"), RunAgainError("run again"), KeyboardInterrupt()],
    2: [ConfigurationError("x: must be y")],
    3: [BadDataError("nobody is there")],
}


def status_of(occurred: tuple[int, ...]) -> int:
    outcomes = Outcomes()
    for status in occurred:
        for error in ERRORS[status]:
            outcomes.note(error)
    return outcomes.status


@pytest.mark.parametrize(
    ("occurred", "expected"),
    [((), 0), ((1,), 1), ((3,), 3), ((2,), 2), ((1, 3), 3), ((1, 2), 2), ((2, 3), 2), ((1, 2, 3), 2)],
)
def test_the_status_is_the_first_of_2_3_1_that_occurred_in_whatever_order(
    occurred: tuple[int, ...], expected: int
) -> None:
    assert {status_of(order) for order in permutations(occurred)} == {expected}


def test_a_part_that_is_refused_or_fails_counts_and_the_others_go_on(
    capsys: pytest.CaptureFixture[str],
) -> None:
    outcomes = Outcomes()
    for error in (RuntimeError("disk full"), BadDataError("nobody is there"), RuntimeError("disk full")):
        with outcomes.of_part(lambda: True):
            raise error
    assert outcomes.status == 3
    assert capsys.readouterr().err.splitlines() == [
        "Failed: RuntimeError: disk full",
        "Bad data: nobody is there",
        "Failed: RuntimeError: disk full",
    ]


@pytest.mark.parametrize("error", [ConfigurationError("x: must be y"), KeyboardInterrupt()])
def test_bad_configuration_and_an_interrupt_end_the_command(error: BaseException) -> None:
    with pytest.raises(type(error)), Outcomes().of_part(lambda: True):
        raise error


def test_a_lost_session_ends_the_command_unless_data_were_refused() -> None:
    outcomes = Outcomes()
    with outcomes.of_part(lambda: False):
        raise BadDataError("nobody is there")
    with pytest.raises(RuntimeError), outcomes.of_part(lambda: False):
        raise RuntimeError("the connection was reset")
