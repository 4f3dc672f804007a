"""The configuration of a run, as `runs` records it and as runs are told apart by it."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any, NamedTuple, Self

from jobs.core.config.documents import Document
from jobs.core.config.model import ScoringModel
from jobs.core.config.settings import Settings
from jobs.core.runtime.redaction import HIDDEN, redacted_leaves

_MODELS = ("model", "fallback_model")


class Configuration(NamedTuple):
    """The configuration of a run of one model.

    Attributes:
        text: as JSON, without secrets.
        hash: of the text with its secrets: two configurations are the same if theirs are.
        model_hash: of the model, and of the one that it falls back to; None where a version that recorded
            none made the run.
    """

    text: str
    hash: str
    model_hash: str | None

    @classmethod
    def of(cls, settings: Settings, model: ScoringModel, fallbacks: Mapping[str, ScoringModel]) -> Self:
        """The configuration as it is now."""
        whole = {name: _plain(each) for name, each in _documents(settings, model, fallbacks).items()}
        text = json.dumps(redacted_leaves(whole), ensure_ascii=False)
        its_hash = configuration_hash(configuration_text(settings, model, fallbacks))
        return cls(text, its_hash, _model_hash(whole))

    def by_new_names(self) -> "Configuration":
        """The same with the keys that models have now, as an earlier version recorded it with others.

        Raises:
            KeyError, ValueError: this version can't read it.
        """
        whole = json.loads(self.text)
        documents: dict[str, Document] = {"settings": Settings.model_validate(whole["settings"])}
        documents |= {name: ScoringModel.model_validate(whole[name]) for name in _MODELS if name in whole}
        now = {**whole, **{name: _plain(documents[name]) for name in _MODELS if name in whole}}
        if now == whole:
            return self
        # Without its secrets a configuration can't be hashed anew.
        known = HIDDEN not in self.text
        its_hash = configuration_hash(_as_text(documents)) if known else self.hash
        return Configuration(json.dumps(now, ensure_ascii=False), its_hash, _model_hash(now))

    def same_models(self, other: "Configuration") -> bool:
        """Whether the model, and the one that it falls back to, are those of another configuration."""
        ours = self._known_model_hash()
        return ours is not None and ours == other._known_model_hash()

    def _known_model_hash(self) -> str | None:
        try:
            return self.model_hash or _model_hash(json.loads(self.text))
        except ValueError:  # earlier versions hid secrets in the text, and some of its marks with them
            return None


def _plain(document: Document) -> Any:  # noqa: ANN401  (a document is of any shape)
    return document.model_dump(mode="json", by_alias=True, exclude_unset=True)


def _documents(
    settings: Settings, model: ScoringModel, fallbacks: Mapping[str, ScoringModel]
) -> dict[str, Document]:
    documents: dict[str, Document] = {"settings": settings, "model": model}
    if model.health is not None:
        documents["fallback_model"] = fallbacks[model.health.fallback_model]
    return documents


def configuration_text(settings: Settings, model: ScoringModel, fallbacks: Mapping[str, ScoringModel]) -> str:
    """The configuration of a run of one model, and of the model that it falls back to, as JSON."""
    return _as_text(_documents(settings, model, fallbacks))


def _as_text(documents: Mapping[str, Document]) -> str:
    # What was given alone: a document that says all defaults too contradicts itself.
    texts = {
        name: each.model_dump_json(by_alias=True, exclude_unset=True) for name, each in documents.items()
    }
    return "{" + ", ".join(f'"{name}": {text}' for name, text in texts.items()) + "}"


def configuration_hash(text: str) -> str:
    """SHA-256 of a configuration's text, in hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()


def _model_hash(whole: Mapping[str, Any]) -> str:
    """SHA-256 of the models of a configuration, whatever the order of their keys.

    Without the answers to the checklist, on which no row depends.
    """
    models = {
        name: {key: value for key, value in whole[name].items() if key != "checklist"}
        if whole.get(name)
        else None
        for name in _MODELS
    }
    return configuration_hash(json.dumps(models, sort_keys=True))
