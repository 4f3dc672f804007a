"""Data on a screen or in a log."""

import logging
import unicodedata
from types import TracebackType

import pytest

from jobs.core.config.rules import Check
from jobs.core.runtime.progress import say
from jobs.core.runtime.redaction import RedactingFormatter
from jobs.core.runtime.visible import cell, visible, visible_lines

# What a terminal or a reader could be deceived with.
ACTING = {
    "\n": r"\n",
    "\r": r"\r",
    "\t": r"\t",
    "\0": r"\x00",
    "\b": r"\x08",
    "\x07": r"\x07",
    "\x1b": r"\x1b",
    "\x7f": r"\x7f",
    "\x85": r"\x85",
    "\x9b": r"\x9b",  # CSI in one character
    "\x9d": r"\x9d",  # OSC
    "\xad": r"\xad",
    "\u034f": r"\u034f",
    "\u061c": r"\u061c",
    "\u200b": r"\u200b",
    "\u200d": r"\u200d",
    "\u200f": r"\u200f",
    "\u2028": r"\u2028",
    "\u202e": r"\u202e",
    "\u2066": r"\u2066",
    "\u3164": r"\u3164",
    "\ufeff": r"\ufeff",
    "\ud800": r"\ud800",
    "\U000e0041": r"\U000e0041",
}
READABLE = [
    "Müller & Söhne",
    "Zoe\u0308",  # with a combining mark
    "株式会社",
    "יעקב",
    "محمد",
    "क्षत्रिय",
    "100\u00a0000\u202f€",
    "🎉 ☎\ufe0f",
    "[bold]x[/] \\ `y` \"z\" 'w'",
]


@pytest.mark.parametrize("character", ACTING, ids=lambda character: f"{ord(character):04X}")
def test_what_acts_or_is_not_seen_is_shown_by_its_escape(character: str) -> None:
    assert visible(f"a{character}b") == f"a{ACTING[character]}b"


@pytest.mark.parametrize("text", READABLE)
def test_what_can_be_read_stays_as_it_is(text: str) -> None:
    assert visible(text) == text


def test_no_control_or_format_character_of_unicode_comes_through() -> None:
    every = "".join(map(chr, range(0x110000)))
    left = {unicodedata.category(each) for each in visible(every)}
    assert left.isdisjoint({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def test_line_breaks_of_our_own_stay() -> None:
    assert visible_lines("Bad data:\n  a\x1b[2J\n  b\r") == "Bad data:\n  a\\x1b[2J\n  b\\r"


def test_rich_takes_nothing_for_markup() -> None:
    assert cell("[bold red]Red[/]\x1b[2J").plain == "[bold red]Red[/]\\x1b[2J"
    assert cell("[bold]x").spans == []
    assert cell(None).plain == ""


def test_what_is_said_can_not_act(capsys: pytest.CaptureFixture[str]) -> None:
    say("one\x1b]0;title\x07\ntwo\u202e")
    assert capsys.readouterr().err == "one\\x1b]0;title\\x07\ntwo\\u202e\n"


def test_an_example_of_a_rule_can_not_forge_a_line() -> None:
    check = Check(
        "refund", "fct_revenues", "warn", "negative revenue", 2, 1, "k\nFailed: all\x1b[31m", "a\rb"
    )
    assert str(check) == (
        "refund (fct_revenues): negative revenue: 1 of 2, e.g. k\\nFailed: all\\x1b[31m (a\\rb)"
    )


Raised = tuple[type[BaseException], BaseException, TracebackType]


def logged(message: str, *arguments: object, exc_info: Raised | None = None) -> list[str]:
    record = logging.LogRecord("x", logging.ERROR, "f", 1, message, arguments, exc_info)
    return RedactingFormatter("%(levelname)s %(name)s: %(message)s").format(record).split("\n")


def test_a_log_line_of_data_stays_one_line() -> None:
    assert logged("customer %s", "k\nERROR x: forged\x1b[31m") == [
        "ERROR x: customer k\\nERROR x: forged\\x1b[31m"
    ]


def test_a_secret_is_hidden_with_what_acts_in_it() -> None:
    assert logged("password=hun\x1bter2 and more") == ["ERROR x: password=*** and more"]


def test_lines_of_a_trace_can_not_be_taken_for_lines_of_the_log() -> None:
    with pytest.raises(ValueError, match="forged") as raised:
        raise ValueError("bad\nERROR x: forged\u2028password=hunter2")
    first, *others = logged("failed", exc_info=(raised.type, raised.value, raised.tb))
    assert first == "ERROR x: failed"
    assert all(line.startswith("  ") for line in others)
    assert others[-1] == "  ERROR x: forged\\u2028password=***"
