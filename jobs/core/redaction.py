"""Keeps secrets out of logs, messages and tables."""

import logging
import re

_USER_INFO = re.compile(r"(?<=://)[^/@:\s\"']+:[^/@\s\"']+(?=@)")
_NAMED = re.compile(
    r"(?i)(\b[\w.-]*(?:secret|token|password|passwd|credential|signature|access[._-]?key|account[._-]?key|api[._-]?key)"
    r"[\w.-]*[\"']?\s*[=:]\s*[\"']?|[?&]sig=)[^\s\"'&,;}]+"
)


def redacted(text: str) -> str:
    """The text without what looks like a secret: user and password of a URI, `password=...`, `?sig=...`."""
    return _NAMED.sub(r"\1***", _USER_INFO.sub("***", text))


class RedactingFormatter(logging.Formatter):
    """A log's lines without secrets, those of traces included."""

    def format(self, record: logging.LogRecord) -> str:
        """One line, or several with a trace."""
        return redacted(super().format(record))
