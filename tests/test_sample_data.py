"""Sample data is the same for the same seed, however Spark divides the work."""

from pathlib import Path

import make_sample_data
import pytest
from pyspark.sql import SparkSession


def make(output: Path, *arguments: str) -> int:
    return make_sample_data.main(["--output", str(output), "--customers", "120", *arguments])


def test_rows_follow_from_the_seed_alone(spark: SparkSession, tmp_path: Path) -> None:
    make(tmp_path / "one")
    spark.conf.set("spark.sql.leafNodeDefaultParallelism", "7")
    try:
        make(tmp_path / "two")
    finally:
        spark.conf.unset("spark.sql.leafNodeDefaultParallelism")
    make(tmp_path / "other", "--seed", "8")

    one, two, other = (
        spark.read.format("delta").load(str(tmp_path / n / "fct_revenues")) for n in ("one", "two", "other")
    )
    assert one.count() > 1000
    assert one.exceptAll(two).isEmpty()
    assert two.exceptAll(one).isEmpty()
    assert not one.exceptAll(other).isEmpty()
    assert one.where("total_revenue < 0").count() > 0
    assert one.select("customer_id").distinct().count() == 120


def test_impossible_sizes_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as refused:
        make(tmp_path, "--customers", "0")

    assert refused.value.code == 2
    assert "--customers: must be a whole number from 1" in capsys.readouterr().err
