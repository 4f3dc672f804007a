r"""Data on a screen or in a log: what it holds is shown, and never acts.

Whatever is not seen, or makes a terminal do something, becomes its escape as Python spells it: `\n`, `\x1b`,
`\u202e`, `\U000e0041`. A backslash in data stays one, so `\n` may also be two characters of the data.
"""

import unicodedata

from rich.text import Text

# Letters and marks without a shape: the grapheme joiner, fillers of Hangul, two vowels of Khmer.
_SHAPELESS = set("\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0")


def visible(text: str) -> str:
    """The text in one line, without control characters, marks of direction and zero-width characters.

    Letters of all scripts, combining marks, signs, emoji and spaces of any width stay as they are.
    """
    return "".join(each if _is_seen(each) else each.encode("unicode_escape").decode("ascii") for each in text)


def visible_lines(text: str) -> str:
    """The same of a text of ours, whose line breaks are meant: data must have been made visible before."""
    return "\n".join(visible(line) for line in text.split("\n"))


def cell(text: str | None) -> Text:
    """A cell of Rich's tables: shown as it is, in one line, and never taken for markup."""
    return Text(visible(text or ""))


def _is_seen(character: str) -> bool:
    # To Python no space but the common one is printable.
    printable = character.isprintable() or unicodedata.category(character) == "Zs"
    return printable and character not in _SHAPELESS
