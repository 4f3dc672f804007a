"""The two ways in which a run is refused; every other error is unexpected."""


class ConfigurationError(Exception):
    """Settings, arguments, a model or a source's shape are wrong: exit status 2.

    Args:
        problems: everything that is wrong, one sentence each.
    """

    def __init__(self, *problems: str) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class BadDataError(Exception):
    """The data was read but must not be published: exit status 3."""
