"""Whether the sources give what the models score; nothing of them is read for it."""

from datetime import date

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.types import StructType

from jobs.core.config.model import ScoringModel
from jobs.core.config.model_check import check_model
from jobs.core.config.settings import Settings
from jobs.core.pipeline import pipeline
from jobs.core.pipeline.steps import Steps
from jobs.core.runtime.errors import Problems
from jobs.core.sources.money import PLANNED
from jobs.core.sources.opening import KINDS, key_is_name


def check_models(
    spark: SparkSession,
    settings: Settings,
    models: list[ScoringModel],
    sources: dict[str, DataFrame],
    as_of: date,
) -> None:
    """Checks that the sources give what the models score.

    Raises:
        ConfigurationError: they don't.
    """
    features = _features_schema(spark, sources, as_of, key_is_name(settings))
    problems = Problems()
    for model in models:
        with problems.gathered():
            check_model(model, features)
    problems.refuse()


def _features_schema(
    spark: SparkSession, sources: dict[str, DataFrame], as_of: date, named: bool
) -> StructType:
    with Steps(spark, as_of=as_of, window_months=1) as steps:
        read = {name: frame.select(*KINDS[name]) for name, frame in sources.items()}
        features = pipeline.customer_features(steps, read, PLANNED, key_is_name=named, only_planned=True)
        return features.drop(*pipeline.AUDIT).schema
