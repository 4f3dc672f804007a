"""What is hidden in texts and in documents, and what stays. Starts no Spark."""

import json
import logging
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.core.runtime.redaction import RedactingFormatter, redacted, redacted_leaves


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        # Addresses
        ("s3a://key:secret@bucket/facts", "s3a://***@bucket/facts"),
        ("s3a://AKIA:ab/cd+ef==@bucket/facts", "s3a://***@bucket/facts"),
        ("s3a://AKIA:12/cd@bucket/facts", "s3a://***@bucket/facts"),
        ("s3a://AKIA:a@b/c@d@bucket/facts", "s3a://***@bucket/facts"),
        ("s3://KEY@bucket", "s3://***@bucket"),
        ("https://token@host/facts", "https://***@host/facts"),
        ("https://token@host/sent/to/ann@example.com", "https://***@host/sent/to/ann@example.com"),
        ("https://user:p%40ss@host:8443/facts", "https://***@host:8443/facts"),
        ("https://user:12345@host/facts", "https://***@host/facts"),
        ("postgresql://user:pa:ss@host/db", "postgresql://***@host/db"),
        ("abfss://user:password@account/x", "abfss://***@account/x"),
        ("got 's3://a:b@c', 's3://d:e@f'", "got 's3://***@c', 's3://***@f'"),
        ("s3://bucket/x,s3://a:b@c/y", "s3://bucket/x,s3://***@c/y"),
        ("https://host/facts?sig=a1%2Fb&sv=2", "https://host/facts?sig=***&sv=2"),
        ("https://host/facts?access_token=a/b@c&x=1", "https://host/facts?access_token=***&x=1"),
        ("jdbc:x://h/db?user=u&password=a/b@c", "jdbc:x://h/db?user=u&password=***"),
        # Names and values
        ("password=hunter2 and more", "password=*** and more"),
        ("password=hun/ter@2 and more", "password=*** and more"),
        ('password: "two words" and more', 'password: "***" and more'),
        ("PWD = 'two words', x=1", "PWD = '***', x=1"),
        (r'passphrase: "a \"b\" c" d', 'passphrase: "***" d'),
        (r"{\"private_key\": \"two words\", \"x\": 1}", r"{\"private_key\": \"***\", \"x\": 1}"),
        ('password: "cut in the mid', 'password: "***"'),
        ("{'password': 'two words', 'model': 'x'}", "{'password': '***', 'model': 'x'}"),
        ('{"api_key": "abc", "model": "x"}', '{"api_key": "***", "model": "x"}'),
        ('password => "x"', 'password => "***"'),
        ("fs.s3a.secret.key=abc, other=1", "fs.s3a.secret.key=***, other=1"),
        ("aws_secret_access_key = wJalr/XUt+F@MI", "aws_secret_access_key = ***"),
        (
            "fs.azure.account.key.me.dfs.core.windows.net=abc==",
            "fs.azure.account.key.me.dfs.core.windows.net=***",
        ),
        ("AccountKey=abc/d+e==;EndpointSuffix=x", "AccountKey=***;EndpointSuffix=x"),
        ("sharedAccessSignature=abc clientSecret=def", "sharedAccessSignature=*** clientSecret=***"),
        ("refresh_token: abc\ncredentials: def", "refresh_token: ***\ncredentials: ***"),
        ("Authorization: Bearer xyz", "Authorization: Bearer ***"),
        ("'Authorization': 'Basic dXNlcg=='", "'Authorization': 'Basic ***'"),
        ("sent bearer abc.def-g/h+i== to", "sent bearer *** to"),
        (
            "-----BEGIN RSA PRIVATE KEY-----\nMIIE\nabc=\n-----END RSA PRIVATE KEY-----\nmore",
            "-----BEGIN RSA PRIVATE KEY-----***-----END RSA PRIVATE KEY-----\nmore",
        ),
    ],
)
def test_secrets_in_texts_are_hidden(text: str, shown: str) -> None:
    assert redacted(text) == shown
    assert redacted(shown) == shown


@pytest.mark.parametrize(
    "text",
    [
        "abfss://facts@account.dfs.core.windows.net/x",
        "wasbs://facts@account.blob.core.windows.net/x",
        "s3://bucket/mail/ann@example.com/facts",
        "hdfs://node:8020/data/part@1/x",
        "https://host:8443/find?email=ann@example.com",
        "customer_key: customer_id",
        "/data/tokens/facts and /home/password/x",
        "tokens: 5, token_count: 5, high_token_usage=5, monthly_tokens: many",
        "author: Ann, Kansas: 1, config: x, design=y, secretary: Eve",
        "Ann <ann@example.com> and git@example.com:facts",
        "sources.fct_revenues.columns.token: must map some of a, b",
        "thresholds.refresh_token: must be a number, got 'x'",
        '{"token": {"path": "x"}}',
        "password:\n  next: 1",
        "2024-12-31 10:00:00,123 INFO customer_tiers: done",
    ],
)
def test_all_else_in_texts_stays(text: str) -> None:
    assert redacted(text) == text


@pytest.mark.parametrize("text", ["a." * 50_000, "token." * 20_000, "x://" * 20_000, "pwd=\\" * 20_000])
def test_long_texts_take_no_time(text: str) -> None:
    started = time.process_time()
    assert redacted(text)
    assert time.process_time() - started < 10


def missing(place: str) -> None:
    raise ValueError(f"{place} is not there")


def test_a_trace_is_redacted_too() -> None:
    with pytest.raises(ValueError, match="not there") as raised:
        missing("s3a://key:sec/ret@bucket")
    trace = (raised.type, raised.value, raised.tb)
    record = logging.LogRecord("x", logging.ERROR, "f", 1, "failed", None, trace)

    shown = RedactingFormatter("%(message)s").format(record)

    assert "Traceback" in shown
    assert "sec/ret" not in shown


# Documents


def test_documents_are_hidden_leaf_by_leaf() -> None:
    document = {
        "sources": {
            "tokens": {"path": "s3a://KEY:sec/ret@bucket/tokens"},
            "password": {"path": "https://host/x?sig=a%2Fb&sv=1", "columns": {"token": "secret", "pwd": "x"}},
        },
        "thresholds": {"high_token_usage": "70", "refresh_token": 5, "password": 0.5},
        "allowed_roots": ["s3://KEY@bucket", "/data/tokens"],
        "labels": ["Token: heavy use", 'password: "yes, but"', "The bearer of news", "ann@example.com"],
        "password": None,
        "token": True,
    }
    assert redacted_leaves(document) == {
        **document,
        "sources": {
            "tokens": {"path": "s3a://***@bucket/tokens"},
            "password": {"path": "https://host/x?sig=***&sv=1", "columns": {"token": "secret", "pwd": "x"}},
        },
        "allowed_roots": ["s3://***@bucket", "/data/tokens"],
    }


KEYS = st.one_of(
    st.sampled_from(
        ["password", "token", "tokens", "api_key", "high_token_usage", 'a"secret', "pwd=", "path"]
    ),
    st.text(max_size=5),
)
# No text that could be a secret: those have an equals sign, or an at sign after a colon and two slashes.
PLAIN = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False),
    st.text(st.characters(exclude_characters="=@", exclude_categories=["Cs"]), max_size=20),
    st.sampled_from(["ann@example.com", "token: 5", '"password": "x"', "Bearer x", "/data/a=b/x@y", '}{\\"']),
)
SECRET = st.builds(
    "{}://{}{}{}@{}".format,
    st.sampled_from(["s3", "s3a", "https", "postgresql"]),
    st.text(st.characters(codec="ascii", categories=["L"]), min_size=1, max_size=5),
    st.sampled_from([":", ":x/", ":/"]),
    st.just("HIDDEN"),
    st.sampled_from(["bucket", "host/path", "host:1/x"]),
)


def documents(leaves: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.recursive(
        leaves,
        lambda parts: st.lists(parts, max_size=4) | st.dictionaries(KEYS, parts, max_size=4),
        max_leaves=20,
    )


@settings(max_examples=60, deadline=None)
@given(documents(PLAIN))
def test_document_without_secrets_is_recorded_as_it_is(document: object) -> None:
    assert json.loads(json.dumps(redacted_leaves(document), ensure_ascii=False)) == document


def shape(document: object) -> Any:
    """A document with the leaves that hold a secret taken out."""
    if isinstance(document, dict):
        return {key: shape(value) for key, value in document.items()}
    if isinstance(document, list):
        return [shape(value) for value in document]
    return None if isinstance(document, str) and ("HIDDEN" in document or "***" in document) else document


@settings(max_examples=60, deadline=None)
@given(documents(PLAIN | SECRET))
def test_only_the_leaves_with_secrets_differ(document: object) -> None:
    recorded = json.dumps(redacted_leaves(document), ensure_ascii=False)
    assert "HIDDEN" not in recorded
    assert shape(json.loads(recorded)) == shape(document)
