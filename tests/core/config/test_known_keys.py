"""The keys that a message offers instead of an unknown one. Starts no Spark."""

import pytest

from jobs.core.config.known_keys import keys_at
from jobs.core.config.model import ScoringModel
from jobs.core.config.settings import Settings


@pytest.mark.parametrize(
    ("place", "known"),
    [
        ((), list(Settings.model_fields)),
        (("output",), ["path", "schema"]),
        (("sources", "dim_customers"), ["query", "inputs", "columns", "unique_key"]),
        (("sources", "fct_revenues", "inputs", "path"), ["path", "table"]),
        (("quality", "limits"), ["quarantined_share"]),
        (("sources", "fct_revenues", "columns"), []),
        (("nothing",), []),
    ],
)
def test_keys_of_a_configuration(place: tuple[int | str, ...], known: list[str]) -> None:
    found = keys_at(Settings, place)
    assert set(known) <= set(found)
    assert bool(found) == bool(known)


@pytest.mark.parametrize(
    ("place", "known"),
    [
        (("components", 3), ["score", "metric", "weight", "direction", "scale", "description"]),
        (("components", 0, "scale", "linear"), ["type", "zero_at", "full_at"]),
        (("components", 0, "scale", "steps", "steps", 1), ["at_least", "scaled"]),
        (("segments", "migration_rules", 0), ["rule", "axis", "from", "to", "mode", "trigger", "action"]),
        (
            ("flags", 1, "when", "any", 0, "all", 2),
            ["metric", "operator", "value", "threshold", "times", "months_before_as_of", "all", "any"],
        ),
    ],
)
def test_keys_of_a_model(place: tuple[int | str, ...], known: list[str]) -> None:
    assert keys_at(ScoringModel, place) == known
