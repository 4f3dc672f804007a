import logging

import pytest

from jobs.core.redaction import RedactingFormatter, redacted


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("s3a://key:secret@bucket/facts", "s3a://***@bucket/facts"),
        ("abfss://facts@account.dfs.core.windows.net/x", "abfss://facts@account.dfs.core.windows.net/x"),
        ("https://host/facts?sig=a1%2Fb&sv=2", "https://host/facts?sig=***&sv=2"),
        ("password=hunter2 and more", "password=*** and more"),
        ('{"api_key": "abc", "model": "x"}', '{"api_key": "***", "model": "x"}'),
        ("fs.s3a.secret.key=abc, other=1", "fs.s3a.secret.key=***, other=1"),
        ("customer_key: customer_id", "customer_key: customer_id"),
        ("/data/tokens/facts", "/data/tokens/facts"),
    ],
)
def test_secrets_are_not_shown_and_all_else_is(text: str, shown: str) -> None:
    assert redacted(text) == shown


def missing(place: str) -> None:
    raise ValueError(f"{place} is not there")


def test_a_trace_is_redacted_too() -> None:
    with pytest.raises(ValueError, match="not there") as raised:
        missing("s3a://key:secret@bucket")
    trace = (raised.type, raised.value, raised.tb)
    record = logging.LogRecord("x", logging.ERROR, "f", 1, "failed", None, trace)

    shown = RedactingFormatter("%(message)s").format(record)

    assert "Traceback" in shown
    assert "secret" not in shown
