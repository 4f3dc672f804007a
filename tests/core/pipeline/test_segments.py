"""What a snapshot remembers of one that an earlier version published."""

from pyspark.sql import SparkSession

from jobs.core.config.table_registry import types_of
from jobs.core.pipeline.segments import remembered_segments


def test_what_an_earlier_version_did_not_remember_is_not_known(spark: SparkSession) -> None:
    whole = remembered_segments(spark)
    earlier = spark.sql("SELECT 'c1' AS customer_key, TRUE AS is_scored, 'Declining' AS behavior_segment")

    remembered = remembered_segments(spark, earlier)

    assert dict(remembered.dtypes).keys() == dict(whole.dtypes).keys()
    [row] = remembered.collect()
    known = {name: value for name, value in row.asDict().items() if value is not None}
    assert known == earlier.collect()[0].asDict()
    assert (
        dict(remembered.dtypes)["last_behavior_segment"]
        == types_of("customer_segments")["last_behavior_segment"].lower()
    )
