"""Keeps secrets out of logs, messages and tables."""

import logging
import re
import textwrap
from typing import Any

from jobs.core.runtime.visible import visible, visible_lines

HIDDEN = "***"  # stands for a secret

# An address ends before the next one.
_URI = re.compile(r"(?i)\b([a-z][a-z0-9+.-]{0,30})://((?:(?!\b[a-z][a-z0-9+.-]{0,30}://)[^\s\"'<>`])+)")
_CONTAINER_AT_ACCOUNT = re.compile(r"(?i)abfss?|wasbs?")
_PORT = re.compile(r"\d{2,5}")
_WITHOUT_PORTS = re.compile(r"(?i)s3[an]?|gs|oss|cosn?")  # a secret may hold a slash, and begin like a port

# What the name of a secret ends in: `tokens` and `token_usage` are measures.
_NAME = (
    r"(?:[\w.-]{0,200}(?:pass(?:word|wd|phrase)|pwd|secrets?|token|credentials?|signature"
    r"|(?:access|account|api|private|secret|shared|encryption)[._-]?key)|(?:[\w.-]{0,200}[._-])?(?:sig|sas))"
    r"(?:\.[\w.-]{1,200})?"
)
_QUOTED = r"(\\*[\"'])(?:\\.|(?!{quote})[^\n])*?(?:{quote}|(?=\n)|\Z)"
_VALUE = r"(?!must\b)[^\s\"'&,;{}\[\]()\\]+"  # our own messages say `<name>: must ...`
_KEY_BLOCK = re.compile(r"(-----BEGIN [A-Z ]*PRIVATE KEY-----).*?(?=-----END|\Z)", re.DOTALL)
_HEADER = re.compile(r"(?i)\b(bearer\s+|authorization\\*[\"']?\s*[:=]\s*\\*[\"']?(?:\w+\s+)?)[^\s\"',;\\]+")
_ASSIGNED = re.compile(rf"(?i)(?<![\w.-])({_NAME}=){_VALUE}")
_NAMED = re.compile(
    rf"(?i)(?<![\w.-])({_NAME}\\*[\"']?[^\S\n]*(?:=>?|:)[^\S\n]*)"
    rf"(?:{_QUOTED.format(quote=chr(92) + '2')}|{_VALUE})"
)


def redacted(text: str) -> str:
    """The text of a message without what looks like a secret.

    That is the user and the password of an address, `password=...` and `"api_key": "..."`, whatever the
    name before it and between whichever quotes, what follows `Bearer` or `Authorization:`, private keys.
    """
    for secret in (_KEY_BLOCK, _HEADER):
        text = secret.sub(rf"\1{HIDDEN}", text)
    text = _URI.sub(_without_user, text)
    return _NAMED.sub(lambda found: f"{found[1]}{found[2] or ''}{HIDDEN}{found[2] or ''}", text)


def redacted_leaves(document: Any) -> Any:  # noqa: ANN401  (a document is of any shape)
    """A document of dicts and lists whose texts are without secrets; its keys and numbers stay.

    A key says nothing about its value: it may be the name of a source, a column or a threshold. What a
    text of a configuration can hold is an address with a secret in it.
    """
    if isinstance(document, dict):
        return {key: redacted_leaves(value) for key, value in document.items()}
    if isinstance(document, list):
        return [redacted_leaves(value) for value in document]
    if isinstance(document, str):
        return _ASSIGNED.sub(rf"\1{HIDDEN}", _URI.sub(_without_user, document))
    return document


def _without_user(found: re.Match[str]) -> str:
    """An address without user and password."""
    scheme, rest = found[1], found[2]
    authority = rest.partition("/")[0]
    user, colon, secret = authority.partition(":")
    is_port = _PORT.fullmatch(secret) is not None and not _WITHOUT_PORTS.fullmatch(scheme)
    if colon and "@" not in user and not ("@" not in authority and is_port):
        end = rest.rfind("@")  # a password may hold any character
    elif _CONTAINER_AT_ACCOUNT.fullmatch(scheme):
        return found[0]
    else:
        end = authority.rfind("@")
    return found[0] if end < 0 else f"{scheme}://{HIDDEN}{rest[end:]}"


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
