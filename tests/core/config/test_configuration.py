"""The configuration that a run records, and what a later run takes from it. Starts no Spark."""

import json
from decimal import Decimal
from typing import Any

import pytest

from jobs.core.config.configuration import Configuration
from jobs.core.config.model import ScoringModel, load_model
from jobs.core.config.settings import Settings
from jobs.core.publish.reproduction import _configuration
from jobs.core.runtime.errors import ConfigurationError

SHIPPED = load_model("profitability_adherence")
MODEL = ScoringModel.model_validate(
    {
        **SHIPPED.model_dump(mode="json", by_alias=True, exclude_unset=True),
        "thresholds": {**SHIPPED.thresholds, "high_token_usage": "70", "password": 5},
        "description": 'password: "two words", token: {x}',
    }
)
OTHER = load_model("value_potential_strategic")


def settings(facts: str = "/data/tokens", **other: Any) -> Settings:
    sources = {
        "fct_revenues": {
            "query": "q.sql",
            "inputs": {"tokens": {"path": facts}, "password": {"table": "a.b"}},
        },
        "dim_accounts": {"path": "/data/accounts", "columns": {"status": "token"}},
    }
    return Settings.model_validate({"sources": sources, "output": {"path": "/out"}, "model": "x", **other})


def event(configuration: Configuration) -> dict[str, Any]:
    return {"configuration": configuration.text, "configuration_hash": configuration.hash}


def test_names_that_sound_like_secrets_are_recorded_and_read_again() -> None:
    recorded = Configuration.of(settings(), MODEL, {})
    document = json.loads(recorded.text)
    assert list(document["settings"]["sources"]["fct_revenues"]["inputs"]) == ["tokens", "password"]
    assert document["settings"]["sources"]["dim_accounts"]["columns"] == {"status": "token"}
    assert document["model"]["description"] == MODEL.description

    found, model, fallbacks = _configuration(event(recorded), settings("/elsewhere"), [OTHER], MODEL.name)

    assert (found, model, fallbacks) == (settings(), MODEL, {})


def test_secret_is_not_recorded_and_has_to_be_given_again() -> None:
    given = settings("s3a://KEY:hun/ter@2@bucket/tokens")
    recorded = Configuration.of(given, MODEL, {})
    assert "s3a://***@bucket/tokens" in recorded.text
    assert "hun" not in recorded.text

    assert _configuration(event(recorded), given, [MODEL], MODEL.name)[0] is given
    with pytest.raises(ConfigurationError, match="must be the configuration of the run, which was recorded"):
        _configuration(event(recorded), settings("s3a://KEY:another@bucket/tokens"), [MODEL], MODEL.name)


def test_text_that_an_earlier_version_broke_is_told() -> None:
    broken = {"configuration": '{"settings": {"tokens": ***path": "x"}}', "configuration_hash": "0"}
    with pytest.raises(ConfigurationError, match="must be the configuration of the run, which was recorded"):
        _configuration(broken, settings(), [MODEL], MODEL.name)


def test_hashes_alone_tell_configurations_and_models_apart() -> None:
    first, second = (
        Configuration.of(settings(f"s3a://KEY:{secret}@bucket/x"), MODEL, {}) for secret in ("one", "two")
    )
    assert first.text == second.text
    assert first.hash != second.hash
    assert first.same_models(second)

    changed = MODEL.model_copy(update={"thresholds": {**MODEL.thresholds, "high_token_usage": Decimal(71)}})
    assert not first.same_models(Configuration.of(settings(), changed, {}))
    reordered = MODEL.model_copy(update={"thresholds": dict(reversed(MODEL.thresholds.items()))})
    assert first.same_models(Configuration.of(settings(), reordered, {}))


def test_model_is_told_apart_by_the_one_that_it_falls_back_to() -> None:
    fallbacks = {SHIPPED.name: SHIPPED}
    changed = {SHIPPED.name: SHIPPED.model_copy(update={"description": "another"})}
    before = Configuration.of(settings(), OTHER, fallbacks)
    assert before.same_models(Configuration.of(settings(), OTHER, fallbacks))
    assert not before.same_models(Configuration.of(settings(), OTHER, changed))


def test_models_of_an_earlier_version_are_found_in_its_text() -> None:
    now = Configuration.of(settings(), MODEL, {})
    assert now._replace(model_hash=None).same_models(now)
    assert not now._replace(model_hash=None, text='{"tokens": ***').same_models(now)
    assert not now._replace(model_hash=None, text='{"tokens": ***').same_models(now._replace(text="{"))


def with_earlier_keys(configuration: Configuration) -> Configuration:
    """As the version before recorded it: some keys of service levels had other names."""
    text = configuration.text
    for now, was in (
        ("customers_per_csm", "customers_a_csm"),
        ("qbrs_per_year", "qbrs_a_year"),
        ("touches_per_year", "touches_a_year"),
    ):
        assert now in text
        text = text.replace(f'"{now}"', f'"{was}"')
    return Configuration(text, "hash of the text with the earlier keys", None)


def test_a_configuration_with_earlier_keys_becomes_the_one_that_would_be_recorded_now() -> None:
    fallbacks = {SHIPPED.name: SHIPPED}
    now = Configuration.of(settings(), OTHER, fallbacks)
    found = with_earlier_keys(now).by_new_names()
    assert json.loads(found.text) == json.loads(now.text)
    assert (found.hash, found.model_hash) == (now.hash, now.model_hash)
    assert found.same_models(now)

    _, model, _ = _configuration(event(found), settings("/elsewhere"), [SHIPPED], OTHER.name)
    assert model.segmentation.service_levels == OTHER.segmentation.service_levels


def test_a_configuration_without_earlier_keys_stays_as_it_is() -> None:
    recorded = Configuration.of(settings(), MODEL, {})._replace(model_hash=None)
    assert recorded.by_new_names() is recorded


def test_the_hash_of_a_configuration_with_secrets_stays() -> None:
    now = Configuration.of(settings("s3a://KEY:secret@bucket/x"), OTHER, {SHIPPED.name: SHIPPED})
    found = with_earlier_keys(now).by_new_names()
    assert found.hash == "hash of the text with the earlier keys"
    assert found.same_models(now)


@pytest.mark.parametrize("text", ['{"tokens": ***', '{"settings": {}}', "{}"])
def test_a_configuration_that_cannot_be_read_has_no_new_names(text: str) -> None:
    with pytest.raises((ValueError, KeyError)):
        Configuration(text, "0", None).by_new_names()
