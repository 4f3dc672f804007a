"""Settings that are given on the command line, as `key.path=value`."""

from typing import Any

import yaml

from jobs.core.config.documents import HostileYamlError, load_yaml
from jobs.core.runtime.redaction import redacted

_MOST_KEYS = 20  # in the path of --set


def merged(base: dict[str, Any], override: dict[str, Any]) -> dict[str, Any]:
    """A nested mapping with the values of another one where that has some."""
    result = dict(base)
    for key, value in override.items():
        both = isinstance(value, dict) and isinstance(base.get(key), dict)
        result[key] = merged(base[key], value) if both else value
    return result


def overrides(assignments: list[str]) -> tuple[dict[str, Any], list[str]]:
    """`key.path=value` arguments as a nested mapping (values are YAML), and those that are malformed."""
    nested: dict[str, Any] = {}
    problems = []
    for assignment in assignments:
        path, equals, text = assignment.partition("=")
        keys = path.strip().split(".")
        if not equals or not all(keys) or len(keys) > _MOST_KEYS:
            problems.append(f"--set: must be key.path=value, got {redacted(repr(assignment)):.80}")
            continue
        try:
            value = load_yaml(text)
        except HostileYamlError as error:
            problems.append(f"--set: {path}: must be a value of ordinary size, got {error}")
            continue
        except (yaml.YAMLError, ValueError):
            value = text
        for key in reversed(keys):
            value = {key: value}
        nested = merged(nested, value)
    return nested, problems
