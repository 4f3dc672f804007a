"""The words, strings, quoted names and comments of an SQL text, as Spark's grammar tells them apart."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

_LEXEME = re.compile(
    r"""(?P<space>\s+|--(?:\\\n|[^\r\n])*|/\*(?!\+)(?:(?!/\*|\*/).)*\*/)
    |(?P<string>r'[^']*'|r"[^"]*"|'(?:[^'\\]|\\.|'')*'|"(?:[^"\\]|\\.|"")*")
    |(?P<quoted>`(?:[^`]|``)*`)
    |(?P<word>\w+)
    |(?P<symbol>/\*\+|\*/|/(?!\*)|[()\[\],.;:+\-*%&|^~<>=!?])""",
    re.VERBOSE | re.DOTALL | re.IGNORECASE,
)
_PLAIN = re.compile(r"[^'\"`\\]*")


@dataclass(frozen=True)
class Lexeme:
    """A piece of an SQL text.

    Attributes:
        kind: space (comments too), string, quoted, word or symbol.
        text: as it stands there.
    """

    kind: str
    text: str

    @property
    def name(self) -> str:
        """A word or quoted name as Spark compares it; a symbol; nothing for a string."""
        return "" if self.kind == "string" else self.text.strip("`").lower()

    @property
    def plain(self) -> str:
        """The text, or something as good in its place that no other lexer can misread."""
        if self.kind == "space":
            return re.sub(r"[^\n]", " ", self.text)  # lines stay, for messages tell them
        if self.kind == "string":
            body = self.text[2:-1] if self.text[0] in "rR" else self.text[1:-1]
            return f"'{body if _PLAIN.fullmatch(body) else 's'}'"
        if self.kind == "quoted":
            return self.text if _PLAIN.fullmatch(self.text[1:-1]) else "`odd name`"
        return self.text


def lexemes(text: str) -> Iterator[Lexeme]:
    """The lexemes of an SQL text; put together they are the text.

    Raises:
        ValueError: it has a quote or comment that isn't closed, a comment in a comment (of which lexers
            think differently), or a character that is in no query.
    """
    position = 0
    while position < len(text):
        found = _LEXEME.match(text, position)
        if found is None:
            line = text.count("\n", 0, position) + 1
            raise ValueError(
                f"{text[position : position + 20]!r} in line {line}: a quote or comment that isn't closed, "
                "a comment in a comment, or a character that is in no query"
            )
        position = found.end()
        yield Lexeme(str(found.lastgroup), found[0])
