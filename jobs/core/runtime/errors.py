"""The ways in which a run ends that are told in words of their own; every other error is unexpected."""

from collections.abc import Iterator
from contextlib import contextmanager


class ConfigurationError(Exception):
    """Settings, arguments, a model or a source's shape are wrong: exit status 2.

    Args:
        problems: everything that is wrong, one sentence each.
    """

    def __init__(self, *problems: str) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class Problems(list[str]):
    """Gathers what is wrong in several places, so that all of it is told at once."""

    @contextmanager
    def gathered(self) -> Iterator[None]:
        """Notes the problems of a ConfigurationError raised inside, and goes on after it."""
        try:
            yield
        except ConfigurationError as error:
            self += error.problems

    def refuse(self) -> None:
        """Raises a ConfigurationError if there are any."""
        if self:
            raise ConfigurationError(*self)


class BadDataError(Exception):
    """The data was read but must not be published: exit status 3."""


class BadSourceError(BadDataError):
    """It is the sources' data, which check-source shows."""


class RunAgainError(Exception):
    """Others changed what the run read or wrote; the same command may go through now: exit status 1."""


def first_line(error: BaseException) -> str:
    """The first line of an error that says something; of none the error's kind."""
    return next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)
