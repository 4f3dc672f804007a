"""A run's configuration: which sources, where to publish, which model."""

import posixpath
import re
from pathlib import Path
from typing import Annotated, Any, Self
from zoneinfo import available_timezones

from pydantic import AfterValidator, Field, ValidationInfo, field_validator, model_validator

from jobs.core.config.conditions import raise_all
from jobs.core.config.documents import Document, read_yaml, validate
from jobs.core.config.inputs import Input, PathText, SchemaName
from jobs.core.config.overrides import merged, overrides
from jobs.core.config.own_columns import OwnColumns, name_problems
from jobs.core.config.quality import Quality
from jobs.core.config.source_columns import SourceColumn, source_tables
from jobs.core.runtime.errors import Problems
from jobs.core.runtime.nearest import did_you_mean

_URI = re.compile(r"^[a-zA-Z][a-zA-Z0-9+.-]+:")


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


class ProfileSource(Source):
    """The source of profiles, which may have columns of a company's own beside those that every company has.

    Attributes:
        own_columns: the type of each.
    """

    own_columns: OwnColumns = Field(default_factory=dict)

    @field_validator("own_columns")
    @classmethod
    def _apart_from_ours(cls, own: OwnColumns) -> OwnColumns:
        raise_all(name_problems(own))
        return own


class Sources(Document):
    """The sources of the job."""

    fct_revenues: Source
    dim_accounts: Source
    dim_customers: ProfileSource | None = None

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

    @property
    def own_columns(self) -> OwnColumns:
        """A company's own columns of dim_customers, with the type of each."""
        return self.dim_customers.own_columns if self.dim_customers else {}

    def columns_of(self, name: str) -> dict[str, SourceColumn]:
        """The columns that are read of a source."""
        return source_tables()[name].read_columns(self.own_columns if name == "dim_customers" else None)


class OutputPlace(Document):
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


class Settings(Document):
    """A whole run configuration."""

    sources: Sources
    output: OutputPlace
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

    @field_validator("customer_key")
    @classmethod
    def _key_is_no_own_column(cls, key: str, info: ValidationInfo) -> str:
        if "sources" in info.data and key in info.data["sources"].own_columns:
            raise ValueError(f"must not be called like one of own_columns, got {key!r}")
        return key

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


def resolved(place: str, folder: Path) -> str:
    """A path, if it is relative one in a folder; an address stays as it is."""
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
            # The names below these are the user's own, never keys of ours.
            name: value
            if key in {"columns", "own_columns"}
            else _resolve_paths(value, folder, "" if key == "inputs" else name)
            for name, value in content.items()
        }
    if key in {"models", "allowed_roots"} and isinstance(content, list):
        return [_resolve_paths(value, folder, "model" if key == "models" else "path") for value in content]
    named = key in {"path", "query"} or (
        key == "model" and isinstance(content, str) and is_model_file(content)
    )
    return resolved(content, folder) if named and isinstance(content, str) else content


def load_settings(file: Path, assignments: list[str]) -> Settings:
    """Reads and checks a run configuration.

    Args:
        file: the YAML file; paths in it are relative to its folder.
        assignments: `key.path=value`, which win over the file; paths are relative to the working folder.

    Raises:
        ConfigurationError: with every problem found.
    """
    on_top, malformed = overrides(assignments)
    problems = Problems(malformed)
    content = _resolve_paths(read_yaml(file, str(file)), file.resolve().parent)
    with problems.gathered():
        settings = validate(Settings, merged(content, _resolve_paths(on_top, Path.cwd())), str(file))
    problems.refuse()
    return settings
