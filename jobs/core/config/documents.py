"""YAML documents checked against a pydantic schema, with every problem told at once."""

import re
from collections.abc import Hashable, Iterator, Mapping
from datetime import date
from importlib.resources.abc import Traversable
from typing import Any, ClassVar, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError, ValidationInfo, model_validator

from jobs.core.config.known_keys import keys_at
from jobs.core.runtime.errors import ConfigurationError
from jobs.core.runtime.nearest import did_you_mean
from jobs.core.runtime.progress import say
from jobs.core.runtime.redaction import redacted


class Document(BaseModel):
    """A part of a YAML document: unknown keys are errors, values don't change once read.

    Attributes:
        renamed_keys: keys by the name that they had before, which is accepted for one release.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)
    renamed_keys: ClassVar[Mapping[str, str]] = {}

    @model_validator(mode="before")
    @classmethod
    def _by_new_names(cls, content: Any, info: ValidationInfo) -> Any:  # noqa: ANN401  (YAML is of any shape)
        old = cls.renamed_keys.keys() & content.keys() if isinstance(content, dict) else ()
        for name in sorted(old):
            now = cls.renamed_keys[name]
            if now in content:
                raise ValueError(f"must have {now} once, got it under its earlier name {name} too")
            if info.context is not None:
                info.context[name] = now
        return {cls.renamed_keys.get(key, key): value for key, value in content.items()} if old else content


DocumentType = TypeVar("DocumentType", bound=Document)


_MERGE = "tag:yaml.org,2002:merge"  # the key <<


_DEEPEST = 50  # levels in a document
_MOST_NODES = 100_000  # values in a document, those that aliases repeat counted again


class HostileYamlError(yaml.YAMLError):
    """YAML that is valid and would only take time and memory: endless, very deep or very large."""


class _Loader(yaml.SafeLoader):
    """Refuses a key given twice, of which YAML readers silently keep the last, and hostile documents."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._depth = self._deepest = self._nodes = 0
        self._sizes: dict[yaml.Node, tuple[int, int]] = {}  # values and levels of each node that is read

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        """Reads a node, and counts its values and levels."""
        repeated = self.check_event(yaml.AliasEvent)
        nodes, deepest = self._nodes, self._deepest
        self._depth += 1
        self._deepest = self._depth
        self._bound()
        node = super().compose_node(parent, index)
        if node is None or (repeated and node not in self._sizes):
            raise HostileYamlError("an alias that holds itself")
        values, levels = self._sizes[node] if repeated else (1, 1)
        self._nodes += values
        self._deepest = max(self._deepest, self._depth + levels - 1)
        self._bound()
        self._sizes.setdefault(node, (self._nodes - nodes, self._deepest - self._depth + 1))
        self._depth -= 1
        self._deepest = max(deepest, self._deepest)
        return node

    def _bound(self) -> None:
        if self._deepest > _DEEPEST:
            raise HostileYamlError(f"more than {_DEEPEST} levels")
        if self._nodes > _MOST_NODES:
            raise HostileYamlError(f"more than {_MOST_NODES:,} values")

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen = set()
        for key in (self.construct_object(key, deep=True) for key, _ in node.value if key.tag != _MERGE):
            if isinstance(key, Hashable):  # else refused below
                if key in seen:
                    raise yaml.constructor.ConstructorError(
                        None, None, f"key {key!r} is given twice", node.start_mark
                    )
                seen.add(key)
        return super().construct_mapping(node, deep)


def load_yaml(text: str) -> Any:  # noqa: ANN401  (YAML is of any shape)
    """What a YAML text holds.

    Raises:
        HostileYamlError: it is endless, very deep or very large.
        YAMLError: it is no YAML.
        ValueError: it holds a date, or a number, that there isn't.
    """
    return yaml.load(text, Loader=_Loader)  # noqa: S506  (a SafeLoader)


def read_yaml(file: Traversable, name: str) -> dict[str, Any]:
    """The mapping that a YAML file holds.

    Args:
        file: the file.
        name: what messages call it.

    Raises:
        ConfigurationError: no such file, not YAML, or not a mapping.
    """
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ConfigurationError(f"{name}: must be an existing file; there is none") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{name}: must be a readable UTF-8 text file, got: {error}") from None
    try:
        content = load_yaml(text)
    except HostileYamlError as error:
        raise ConfigurationError(f"{name}: must be a document of ordinary size, got {error}") from None
    except (yaml.YAMLError, ValueError) as error:
        raise ConfigurationError(f"{name}: must be valid YAML, got: {' '.join(str(error).split())}") from None
    if not isinstance(content, dict):
        raise ConfigurationError(f"{name}: must hold a mapping of settings, got: {type(content).__name__}")
    return content


def validate(schema: type[DocumentType], content: dict[str, Any], name: str) -> DocumentType:
    """The document, checked; keys under earlier names are told of.

    Raises:
        ConfigurationError: one line a problem, as `name: key.path: must be ..., got ...`.
    """
    renamed: dict[str, str] = {}
    try:
        document = schema.model_validate(content, context=renamed)
    except ValidationError as error:
        raise ConfigurationError(*(f"{name}: {problem}" for problem in _problems(schema, error))) from None
    except UnicodeEncodeError as error:  # YAML's escapes can spell what is no text
        raise ConfigurationError(f"{name}: must hold valid Unicode text, got: {error.reason}") from None
    for old, now in renamed.items():
        say(f"Warning: {name}: {old} is called {now} now; the next release takes that name alone")
    return document


def is_date(text: str) -> bool:
    """Whether a text is a date in the one form that Spark reads as one too."""
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


_WORDING = {
    "missing": "must be given",
    "string_type": "must be text",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_from_float": "must be a whole number",
    "decimal_parsing": "must be a number",
    "decimal_type": "must be a number",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "dict_type": "must be a mapping (key: value)",
    "model_type": "must be a mapping (key: value)",
    "model_attributes_type": "must be a mapping (key: value)",
    "list_type": "must be a list",
    "tuple_type": "must be a list",
}


_QUOTED = re.compile(r"'([^']*)'")


def _problems(schema: type[BaseModel], error: ValidationError) -> Iterator[str]:
    for problem in error.errors(include_url=False, include_context=False):
        path = ".".join(str(step) for step in problem["loc"]) or "(the document)"
        if problem["type"] == "extra_forbidden":
            *parents, unknown = problem["loc"]
            known = keys_at(schema, tuple(parents))
            yield f"{path}: must be a known key, one of {', '.join(known)}{did_you_mean(unknown, known)}"
            continue
        # The schema's own checks speak for themselves; pydantic's are put into the same form.
        own = problem["type"] in {"value_error", "assertion_error"}
        said = problem["msg"].removeprefix("Value error, ")
        wording = said if own else _WORDING.get(problem["type"], re.sub(r"^[\w ]+ should ", "must ", said))
        shown = "" if own or problem["type"] == "missing" else f", got {_shown(problem)}"
        nearest = ""
        if problem["type"] == "literal_error":
            nearest = did_you_mean(problem["input"], _QUOTED.findall(said))
        yield f"{path}: {wording}{shown}{nearest}"


def _shown(problem: Mapping[str, Any]) -> str:
    """The value that was given, without secrets: cut in two, they would no longer look like ones."""
    try:
        return f"{redacted(repr(problem.get('input'))):.80}"
    except ValueError:  # Python writes no number of more than some thousand digits
        return "a number of thousands of digits"
