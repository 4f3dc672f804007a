"""Keeps secrets out of logs, messages and tables."""

import logging
import re
import textwrap
from typing import Any

from jobs.core.visible import visible, visible_lines

_USER_INFO = re.compile(r"(?<=://)[^/@:\s\"']+:[^/@\s\"']+(?=@)")
_NAMED = re.compile(
    r"(?i)(\b[\w.-]*(?:secret|token|password|passwd|credential|signature|access[._-]?key|account[._-]?key|api[._-]?key)"
    r"[\w.-]*[\"']?\s*[=:]\s*[\"']?|[?&]sig=)[^\s\"'&,;}]+"
)


def redacted(text: str) -> str:
    """The text without what looks like a secret: user and password of a URI, `password=...`, `?sig=...`."""
    return _NAMED.sub(r"\1***", _USER_INFO.sub("***", text))


class RedactingFormatter(logging.Formatter):
    """A log's lines without secrets, those of traces included, and each told from the data in it."""

    def format(self, record: logging.LogRecord) -> str:
        """One line, or several with a trace."""
        return redacted(super().format(record))

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802  (of the library)
        """The one line of a message, whatever it is about."""
        # Secrets go first: what stands for a character in one could end it.
        return visible(redacted(super().formatMessage(record)))

    def formatException(self, ei: Any) -> str:  # noqa: ANN401, N802  (of the library)
        """A trace, indented: text of an error can't pass for a line of the log."""
        return textwrap.indent(visible_lines(redacted(super().formatException(ei))), "  ", lambda _: True)
