"""Whatever a configuration or a model holds, it is taken or refused in plain words; nothing else happens."""

from collections.abc import Callable, Iterator
from copy import deepcopy
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

import pytest
import yaml

from jobs.core.config.documents import validate
from jobs.core.config.model import ScoringModel, load_model
from jobs.core.config.rules import QualityRules
from jobs.core.config.settings import Settings, load_settings
from jobs.core.runtime.errors import ConfigurationError
from tests.conftest import CHECKOUT

CASES = 300
GOOD: dict[str, Any] = {
    "sources": {
        "fct_revenues": {"path": "facts", "columns": {"region": "area"}, "unique_key": ["id"]},
        "dim_accounts": {"query": "accounts.sql", "inputs": {"raw": {"path": "raw.csv", "format": "csv"}}},
    },
    "output": {"path": "out"},
    "customer_key": "customer_id",
    "model": "profitability_adherence",
    "time_zone": "UTC",
    "migration": {"list_unchanged": True},
    "ranking": {"plain_up_to": 5},
    "quality": {"severity": {"refund": "off"}, "limits": {"quarantined_share": 0.5}},
    "allowed_roots": ["/"],
}
JUNK: tuple[Any, ...] = (
    *(
        None,
        True,
        -1,
        0,
        10**30,
        1.5,
        float("nan"),
        float("inf"),
        "",
        " ",
        "\0",
        "`",
        "a`b",
        "a b",
        "../x",
        "~",
    ),
    *(
        "; DROP TABLE x",
        "--",
        "'",
        '"',
        "\n",
        "{}",
        ":as_of",
        "${HOME}",
        "x" * 5000,
        "\ud83d\ude00",
        "\u00e9",
    ),
    *("s3://key:secret@bucket/x", "1e999", "NaN", "2024-02-30", "2024-12-31", "off", "yes", "null"),
    *([], [None], ["a", "a"], [[]], {}, {"a": 1}, {"path": "x"}, {1: 2}, {"": ""}, {None: None}),
)


def places(document: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where something stands in a document."""
    entries = document.items() if isinstance(document, dict) else enumerate(document)
    for key, value in entries:
        yield (*path, key)
        if isinstance(value, dict | list):
            yield from places(value, (*path, key))


def spoilt(good: dict[str, Any], rng: Random) -> dict[str, Any]:
    """A copy in which something is replaced, missing or added, once or several times."""
    document = deepcopy(good)
    for _ in range(rng.choice((1, 1, 2, 3))):
        *path, last = rng.choice(list(places(document)))
        holder = document
        for key in path:
            holder = holder[key]
        change = rng.choice(("replace", "replace", "remove", "add"))
        if change == "replace":
            holder[last] = deepcopy(rng.choice(JUNK))
        elif change == "remove":
            del holder[last]
        elif isinstance(holder, dict):
            holder[rng.choice(("colour", "", "path ", "Path", "sources"))] = deepcopy(rng.choice(JUNK))
    return document


def taken_or_refused(read: Callable[[], object]) -> bool:
    """Whether it was refused; with something to say, if it was."""
    try:
        read()
    except ConfigurationError as error:
        refused = error
    else:
        return False
    assert refused.problems
    assert all("must" in problem and len(problem) < 2000 for problem in refused.problems), str(refused)
    return True


def test_configurations_are_taken_or_refused(tmp_path: Path) -> None:
    rng, refused = Random(1), 0
    file = tmp_path / "run.yaml"

    def read() -> None:
        settings = load_settings(file, [])
        QualityRules.of(settings).check_keys(settings.sources.configured())
        assert isinstance(settings, Settings)

    file.write_text(yaml.safe_dump(GOOD))
    assert not taken_or_refused(read)
    for _ in range(CASES):
        file.write_text(yaml.safe_dump(spoilt(GOOD, rng)))
        refused += taken_or_refused(read)
    assert refused > CASES // 2


def test_models_are_taken_or_refused() -> None:
    rng, refused = Random(2), 0
    good = yaml.safe_load((CHECKOUT / "conf/models/profitability_adherence.yaml").read_text())
    for _ in range(CASES):
        document = spoilt(good, rng)
        refused += taken_or_refused(partial(validate, ScoringModel, document, "model"))
    assert refused > CASES // 2


@pytest.mark.parametrize(
    "text",
    [
        *("", "[]", "a: b: c", "a: 1\na: 2", "\0", "&a [*a]", "!!python/object:os.system x", "- x"),
        *("output: &a [*a]", "name: &a {b: *a}", f"sources: {'[' * 3000}{']' * 3000}", f"a: {'- ' * 3000}x"),
        *(f"customer_key: 0x{'f' * 5000}", f"window_months: 0x{'f' * 5000}"),
    ],
)
def test_what_is_no_configuration_or_model_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "run.yaml"
    file.write_text(text)
    assert taken_or_refused(lambda: load_settings(file, []))
    assert taken_or_refused(lambda: load_model(str(file)))


@pytest.mark.parametrize("name", [name for name in JUNK if isinstance(name, str)])
def test_names_of_models_are_found_or_refused(name: str) -> None:
    assert taken_or_refused(lambda: load_model(name))
