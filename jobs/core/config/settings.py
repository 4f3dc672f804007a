"""A run's configuration: which sources, where to publish, which model."""

import posixpath
import re
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from zoneinfo import available_timezones

import yaml
from pydantic import AfterValidator, Field, ValidationInfo, field_validator, model_validator

from jobs.core.config.documents import Document, HostileYamlError, load_yaml, read_yaml, validate
from jobs.core.config.inputs import Input, PathText, SchemaName
from jobs.core.runtime.errors import Problems
from jobs.core.runtime.nearest import did_you_mean
from jobs.core.runtime.redaction import redacted

_URI = re.compile(r"^[a-zA-Z][a-zA-Z0-9+.-]+:")
_MOST_KEYS = 20  # in the path of --set


def _column_name(value: str) -> str:
    if not value or "`" in value:
        raise ValueError(f"must be the name of a column, got {value!r}")
    return value


def _time_zone(value: str) -> str:
    if value not in available_timezones():
        nearest = did_you_mean(value, available_timezones())
        raise ValueError(f"must be a time zone such as UTC or Europe/Berlin, got {value!r}{nearest}")
    return value


ColumnName = Annotated[str, AfterValidator(_column_name)]
ViewName = Annotated[str, Field(pattern=r"^[a-z_][a-z0-9_]*$")]
Share = Annotated[Decimal, Field(ge=0, le=1)]
Severity = Literal["warn", "quarantine", "fail", "off"]


class Source(Input):
    """A source of the job: one input, or a query that maps one's own tables to its columns."""

    query: PathText | None = None
    inputs: dict[ViewName, Input] = Field(default_factory=dict)
    columns: dict[str, ColumnName] = Field(default_factory=dict)
    unique_key: tuple[ColumnName, ...] = ()

    @model_validator(mode="after")
    def _check_place(self) -> Self:
        if self.query is None:
            if self.inputs:
                raise ValueError("must have inputs only beside query")
            self.check_one_place()
        elif self.model_fields_set & set(Input.model_fields):
            raise ValueError("must have either query (with inputs) or path or table")
        elif not self.inputs:
            raise ValueError("must name the query's tables in inputs, as view: {path or table}")
        return self


class Sources(Document):
    """The sources of the job."""

    fct_revenues: Source
    dim_accounts: Source
    dim_customers: Source | None = None

    @field_validator("dim_accounts", "dim_customers")
    @classmethod
    def _views_apart(cls, source: Source | None, info: ValidationInfo) -> Source | None:
        for view, given in source.inputs.items() if source else ():
            for name, other in info.data.items():
                # A session may look a view up by its name as late as when it runs the query.
                if other is not None and other.inputs.get(view, given) != given:
                    raise ValueError(
                        f"must read the same table under a view's name as {name} does, got {view!r}"
                    )
        return source

    def configured(self) -> dict[str, Source]:
        """The sources that are given, by name."""
        return {name: source for name, source in self if source is not None}


class Output(Document):
    """Where to publish: a folder, or a schema of a catalog."""

    path: PathText | None = None
    schema_name: SchemaName | None = Field(default=None, alias="schema")

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if (self.path is None) == (self.schema_name is None):
            raise ValueError("must have either path or schema")
        return self


class Migration(Document):
    """What the list of movements holds."""

    list_unchanged: bool = False


class Ranking(Document):
    """How customers are ranked; it changes the speed, never the ranks."""

    plain_up_to: Annotated[int, Field(ge=0, le=10**9)] = 100_000


class Limits(Document):
    """From where on a total breaks its rule.

    Attributes:
        quarantined_share: of a source's rows, or of its revenue, at most.
        rows_kept: share of the rows of the last published run, at least.
        revenue_kept: share of the scored customers' revenue of the previous snapshot, at least.
        latest_event_days: from the latest event to as_of, at most.
    """

    quarantined_share: Share = Decimal("0.01")
    rows_kept: Share = Decimal("0.5")
    revenue_kept: Share = Decimal("0.8")
    latest_event_days: Annotated[int, Field(ge=0, le=10**9)] = 92


class Quality(Document):
    """What the rules of conf/rules.yaml do in this run."""

    severity: dict[str, Severity] = Field(default_factory=dict)
    limits: Limits = Limits()

    @field_validator("severity", mode="before")
    @classmethod
    def _off_is_a_word(cls, severity: Any) -> Any:  # noqa: ANN401  (whatever the document holds)
        # YAML reads a bare `off` as false.
        if not isinstance(severity, dict):
            return severity
        return {rule: "off" if given is False else given for rule, given in severity.items()}


class Settings(Document):
    """A whole run configuration."""

    sources: Sources
    output: Output
    customer_key: ColumnName = "customer_name"
    model: str | None = None
    models: Annotated[tuple[str, ...], Field(validate_default=True)] = ()
    time_zone: Annotated[str, AfterValidator(_time_zone)] = "UTC"
    migration: Migration = Migration()
    ranking: Ranking = Ranking()
    quality: Quality = Quality()
    allowed_roots: tuple[PathText, ...] = ()

    @field_validator("models")
    @classmethod
    def _some_model(cls, models: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        if "model" in info.data and (info.data["model"] is None) == (not models):
            raise ValueError("must be given if model isn't, and only then")
        if len(set(models)) < len(models):
            raise ValueError(f"must have each model once, got {list(models)}")
        return models

    @model_validator(mode="after")
    def _inside_allowed_roots(self) -> Self:
        roots = [_normal(root) for root in self.allowed_roots]
        inside = tuple(f"{root.rstrip('/')}/" for root in roots)
        outside = [path for path in self._paths() if not f"{_normal(path)}/".startswith(inside)]
        if roots and outside:
            raise ValueError(
                f"must have all paths inside allowed_roots ({', '.join(roots)}), got {', '.join(outside)}"
            )
        return self

    def _paths(self) -> list[str]:
        sources = self.sources.configured().values()
        inputs = [given for source in sources for given in (source, *source.inputs.values())]
        paths = [given.path for given in inputs] + [source.query for source in sources] + [self.output.path]
        paths += [model for model in self.model_names if is_model_file(model)]
        return [path for path in paths if path is not None]

    @property
    def model_names(self) -> tuple[str, ...]:
        """Names in conf/models, or paths of YAML files."""
        return self.models if self.model is None else (self.model,)


def _normal(place: str) -> str:
    """A path or URI without `.`, `..` and doubled or trailing slashes."""
    scheme, found, rest = place.partition("://")
    return f"{scheme}://{posixpath.normpath(rest)}" if found else posixpath.normpath(place)


def _resolve(place: str, folder: Path) -> str:
    if not place.strip() or _URI.match(place):
        return place
    try:
        return str((folder / Path(place).expanduser()).resolve())
    except (RuntimeError, ValueError):  # no such home, or no possible path: the check will say so
        return place


def is_model_file(model: str) -> bool:
    """Whether a model is given as a file, not as a name in conf/models."""
    return model.endswith((".yaml", ".yml"))


def _resolve_paths(content: Any, folder: Path, key: str = "") -> Any:  # noqa: ANN401  (YAML is of any shape)
    """Makes the relative paths in a configuration relative to `folder`."""
    if isinstance(content, dict):
        return {
            # The names below `columns` and `inputs` are the user's own, never keys of ours.
            name: value
            if key == "columns"
            else _resolve_paths(value, folder, "" if key == "inputs" else name)
            for name, value in content.items()
        }
    if key in {"models", "allowed_roots"} and isinstance(content, list):
        return [_resolve_paths(value, folder, "model" if key == "models" else "path") for value in content]
    named = key in {"path", "query"} or (
        key == "model" and isinstance(content, str) and is_model_file(content)
    )
    return _resolve(content, folder) if named and isinstance(content, str) else content


def _merge(base: dict[str, Any], override: dict[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in override.items():
        both = isinstance(value, dict) and isinstance(base.get(key), dict)
        merged[key] = _merge(base[key], value) if both else value
    return merged


def _overrides(assignments: list[str]) -> tuple[dict[str, Any], list[str]]:
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
        nested = _merge(nested, value)
    return nested, problems


def load_settings(file: Path, assignments: list[str]) -> Settings:
    """Reads and checks a run configuration.

    Args:
        file: the YAML file; paths in it are relative to its folder.
        assignments: `key.path=value`, which win over the file; paths are relative to the working folder.

    Raises:
        ConfigurationError: with every problem found.
    """
    overrides, malformed = _overrides(assignments)
    problems = Problems(malformed)
    content = _resolve_paths(read_yaml(file, str(file)), file.resolve().parent)
    with problems.gathered():
        settings = validate(Settings, _merge(content, _resolve_paths(overrides, Path.cwd())), str(file))
    problems.refuse()
    return settings
