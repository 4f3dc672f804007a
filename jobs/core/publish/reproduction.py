"""Computes a past run again, from the source versions and the configuration that it recorded."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from pydantic import ValidationError
from pyspark.sql import DataFrame, SparkSession

from jobs.core.config.configuration import configuration_hash, configuration_text
from jobs.core.config.model import ScoringModel, fallbacks_of
from jobs.core.config.settings import Settings
from jobs.core.config.table_registry import tables_of_stage
from jobs.core.delta.commits import is_conflict
from jobs.core.publish.comparison import Comparison
from jobs.core.publish.date_run import DateRun
from jobs.core.publish.layouts import refuse_old_names
from jobs.core.publish.output import Output
from jobs.core.publish.provenance import SEMANTICS, code_version, definitions
from jobs.core.publish.shared_features import SharedFeatures
from jobs.core.publish.snapshot import Snapshot, begun, snapshot_of
from jobs.core.publish.snapshot_tables import snapshot_engine
from jobs.core.publish.staleness import SEGMENTS
from jobs.core.runtime.errors import BadDataError, ConfigurationError, first_line
from jobs.core.runtime.progress import say
from jobs.core.sources.opening import open_sources
from jobs.core.sources.read_errors import VANISHED, explained
from jobs.core.sources.source_versions import SourceVersions

_FIRST_SEMANTICS = 1  # of runs that don't tell
_WITHOUT_SECRETS = "--config: must be the configuration of the run, which was recorded without its secrets"
_GONE = ("DELTA_", "is gone", "FILE_NOT_EXIST", "FileNotFound", "PATH_NOT_FOUND", VANISHED)


def reproduce(spark: SparkSession, settings: Settings, models: list[ScoringModel], run_id: str) -> None:
    """Computes every table of a published run again and compares content hashes; publishes nothing.

    Args:
        spark: the session.
        settings: where the run was published; the rest is taken as the run recorded it.
        models: of the settings.
        run_id: of the run.

    Raises:
        ConfigurationError: there is no such run, or its recorded configuration lacks secrets that `settings`
            doesn't have either.
        BadDataError: a hash differs, or what the run read is no longer there.
    """
    output = Output(spark, settings, models)
    recorded = output.log.find(run_id)
    if not recorded:
        raise ConfigurationError(
            f"RUN_ID: must be the run_id of a published run, got {run_id!r}, of which runs in "
            f"{settings.output.path or settings.output.schema_name} knows nothing"
        )
    events = {model_name: published[-1] for model_name, published in recorded.items()}
    for event in events.values():
        _check_semantics(event)
    refuse_old_names(output)
    for event in events.values():
        _check_carried(event)
    try:
        differing = [
            name
            for model_name, event in events.items()
            for name in _differing(spark, event, *_configuration(event, settings, models, model_name))
        ]
    except Exception as error:
        # Spark tells a missing file in several ways, not all of them as an error of its own kind.
        if any(sign in str(error) for sign in _GONE) and not is_conflict(error):
            raise BadDataError(
                f"run {run_id} can't be computed again: what it read is gone (vacuumed, or moved). "
                f"{_without_advice(explained(error) or first_line(error))}"
            ) from error
        raise
    if differing:
        raise BadDataError(f"run {run_id} is not reproduced: {', '.join(differing)} came out otherwise")
    say(f"Run {run_id} is reproduced: all content hashes are the same")


def _without_advice(told: str) -> str:
    """What is told of a file that is gone, without what to do in a run of today's sources."""
    file, vanished, _ = told.partition(VANISHED)
    return file + vanished


def _check_semantics(event: Mapping[str, Any]) -> None:
    """Raises BadDataError if this version may give other rows than the one that made the run."""
    semantics = event.get("semantics") or _FIRST_SEMANTICS
    if semantics != SEMANTICS:
        raise BadDataError(
            f"run {event['run_id']} was made by version {event['code_version']} with semantics {semantics}; "
            f"install it to reproduce. Version {code_version()} has semantics {SEMANTICS}: rows may differ"
        )


def _check_carried(event: Mapping[str, Any]) -> None:
    """Raises BadDataError if an upgrade left the tables of the run behind."""
    if not event["table_versions"]:
        raise BadDataError(
            f"run {event['run_id']} for {event['as_of']} didn't count any more when the output was upgraded: "
            "what it published was left in the earlier output"
        )


def _configuration(
    event: Mapping[str, Any], settings: Settings, models: list[ScoringModel], model_name: str
) -> tuple[Settings, ScoringModel, Mapping[str, ScoringModel]]:
    """The settings, the model and its fallbacks that the run recorded; those given if they are the same."""
    fallbacks = fallbacks_of(models)
    for model in models:
        if model.name == model_name:
            now = configuration_hash(configuration_text(settings, model, fallbacks))
            if now == event["configuration_hash"]:
                return settings, model, fallbacks
    try:
        document = json.loads(event["configuration"])
    except ValueError:  # an earlier version hid secrets in the text, and some of its marks with them
        raise ConfigurationError(_WITHOUT_SECRETS) from None
    recorded = Settings.model_validate(document["settings"])
    model = ScoringModel.model_validate(document["model"])
    fallbacks = {}
    if "fallback_model" in document:
        fallback = ScoringModel.model_validate(document["fallback_model"])
        fallbacks[fallback.name] = fallback
    if configuration_hash(configuration_text(recorded, model, fallbacks)) != event["configuration_hash"]:
        raise ConfigurationError(_WITHOUT_SECRETS)
    return _here(recorded, settings), model, fallbacks


def _here(recorded: Settings, given: Settings) -> Settings:
    """The recorded settings with the output that is given, inside the roots that are allowed today."""
    content = recorded.model_dump(by_alias=True, exclude_unset=True)
    content["output"] = given.output.model_dump(by_alias=True, exclude_unset=True)
    content["allowed_roots"] = given.allowed_roots
    try:
        return Settings.model_validate(content)
    except ValidationError as error:
        problems = (problem["msg"].removeprefix("Value error, ") for problem in error.errors())
        raise ConfigurationError(*(f"the run's configuration: {problem}" for problem in problems)) from None


def _changed_texts(event: Mapping[str, Any], settings: Settings) -> Iterator[str]:
    """The texts that the run computed by, by their hashes, which are others now."""
    try:
        now = definitions(settings)
    except OSError as error:
        raise BadDataError(f"a mapping query of the run can't be read any more: {error}") from None
    recorded = event.get("definitions") or {}  # earlier versions told none
    yield from (name for name, text in recorded.items() if now.get(name) != text)


def _differing(
    spark: SparkSession,
    event: Mapping[str, Any],
    settings: Settings,
    model: ScoringModel,
    fallbacks: Mapping[str, ScoringModel],
) -> list[str]:
    """The tables whose rows differ from those that the run published."""
    as_of, hashes = event["as_of"], event["content_hashes"]
    changed = list(_changed_texts(event, settings))
    queries = [name for name in changed if name.endswith(".query")]
    if queries:
        raise BadDataError(f"the text of {', '.join(queries)} is another than the run read")
    if changed:
        say(f"  {' and '.join(changed)} changed since, without changing the semantics")
    output = Output(spark, settings, [model], fallbacks)
    source_versions = SourceVersions(dict(event["source_versions"]))
    sources = open_sources(spark, settings, source_versions)
    # Before definitions were told, files were told by their names alone, which is no proof.
    if source_versions.files != event["source_files"] and event.get("definitions"):
        raise BadDataError(
            f"the files of {', '.join(source_versions.files)} are others than those that the run read"
        )
    comparison, tables = Comparison(output, model), output.tables_of(model)
    snapshot = begun(as_of, source_versions)
    run = DateRun(output, snapshot)
    features = run.write_features(SharedFeatures(output, sources, [snapshot]))
    published = replace(snapshot, run_id=event["run_id"])

    def hashed(frames: Mapping[str, DataFrame]) -> list[str]:
        different = []
        for table, frame in frames.items():
            labelled = output.labelled(frame, published, model)
            found = tables.hash_of(table, labelled, event["table_versions"][table])
            same = found == hashes[table]
            say(f"  {table:<24} {'the same' if same else 'differs'}: {found}")
            different += [] if same else [f"{model.name}.{table}"]
        return different

    with snapshot_engine(output, model, run, features) as engine:
        differing = hashed(engine.tables(tables_of_stage("snapshot")))
    # What changed is compared from the snapshots as published: these are the same, or have been told.
    previous = _previous(output, event, model.name)
    current = snapshot_of(event)
    if model.segments is not None:
        with comparison.segmentation(current, previous) as frames:
            differing += hashed(frames)
    with comparison.comparison(current, previous) as frames:
        return differing + hashed(frames)


def _previous(output: Output, event: Mapping[str, Any], model_name: str) -> Snapshot | None:
    """The snapshot that a run was compared with, as it was then: it may have been compared anew since."""
    if not event["previous_run_id"]:
        return None
    found = output.log.find(event["previous_run_id"]).get(model_name, ())
    recorded = [snapshot_of(each) for each in found if each["table_versions"]]
    if found and not recorded:
        _check_carried(found[-1])
    remembered = event.get("previous_segments_hash")
    same = [
        each
        for each in recorded
        if SEGMENTS in each.written and each.written[SEGMENTS].content_hash == remembered
    ]
    return next(reversed(same or recorded), None)
