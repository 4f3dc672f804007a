"""Whether the sources give what the models score; nothing of them is read for it."""

from datetime import date

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.types import StructType

from jobs.core.config.model import ScoringModel
from jobs.core.config.model_check import check_columns_of_model
from jobs.core.config.settings import Settings
from jobs.core.pipeline.codes import NO_TEXT_CODES
from jobs.core.pipeline.engine import Engine
from jobs.core.pipeline.features import AUDIT, ROW_ID
from jobs.core.runtime.errors import Problems
from jobs.core.sources.money import PLANNED
from jobs.core.sources.opening import key_is_name


def check_models_fit_sources(
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
    features = _features_schema(spark, settings, sources, as_of)
    problems = Problems()
    for model in models:
        with problems.gathered():
            check_columns_of_model(model, features)
    problems.refuse()


def _features_schema(
    spark: SparkSession, settings: Settings, sources: dict[str, DataFrame], as_of: date
) -> StructType:
    columns_of = settings.sources.columns_of
    read = {name: frame.select(*columns_of(name)) for name, frame in sources.items()}
    read["fct_revenues"] = PLANNED.counted(read["fct_revenues"])
    with Engine(
        spark,
        as_of=as_of,
        window_months=1,
        key_is_name=key_is_name(settings),
        money_unit=PLANNED.unit,
        texts=NO_TEXT_CODES,  # the rows won't be read, so the texts of the facts needn't be either
        **read,
    ) as engine:
        return engine.table("customer_features").drop("as_of", *AUDIT, ROW_ID).schema
