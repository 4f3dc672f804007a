"""Sample data is the same for the same seed, however Spark divides the work."""

from collections import defaultdict
from datetime import date
from pathlib import Path

import make_sample_data
import pytest
from pyspark.sql import DataFrame, Row, SparkSession


def make(output: Path, *arguments: str) -> int:
    return make_sample_data.main(["--output", str(output), "--customers", "120", *arguments])


def made(spark: SparkSession, output: Path, *arguments: str) -> dict[str, DataFrame]:
    make(output, *arguments)
    return {name: spark.read.format("delta").load(str(output / name)) for name in make_sample_data.TABLES}


@pytest.fixture(scope="module")
def sample(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> dict[str, DataFrame]:
    return made(spark, tmp_path_factory.mktemp("sample"))


@pytest.fixture(scope="module")
def profiles(sample: dict[str, DataFrame]) -> dict[str, list[Row]]:
    """The profiles of each customer that has some, oldest first."""
    found = defaultdict(list)
    for row in sorted(sample["dim_customers"].collect(), key=lambda row: str(row.valid_from or "")):
        found[row.customer_id].append(row)
    return found


def test_rows_follow_from_the_seed_alone(
    spark: SparkSession, sample: dict[str, DataFrame], tmp_path: Path
) -> None:
    spark.conf.set("spark.sql.leafNodeDefaultParallelism", "7")
    try:
        two = made(spark, tmp_path / "two")
    finally:
        spark.conf.unset("spark.sql.leafNodeDefaultParallelism")
    other = made(spark, tmp_path / "other", "--seed", "8")

    for name in ("fct_revenues", "dim_customers"):
        assert sample[name].exceptAll(two[name]).isEmpty()
        assert two[name].exceptAll(sample[name]).isEmpty()
        assert not sample[name].exceptAll(other[name]).isEmpty()

    facts = sample["fct_revenues"]
    assert facts.count() > 1000
    assert facts.where("total_revenue < 0").count() > 0
    assert facts.select("customer_id").distinct().count() == 120


def test_most_customers_have_two_to_four_profiles_of_different_days(profiles: dict[str, list[Row]]) -> None:
    assert 110 < len(profiles) < 120
    assert {len(rows) for rows in profiles.values()} == {2, 3, 4}
    for rows in profiles.values():
        dates = [row.valid_from for row in rows]
        assert None not in dates[1:]
        assert len(set(dates)) == len(dates)


def test_every_value_segment_holds_customers(profiles: dict[str, list[Row]]) -> None:
    limits = (100_000, 25_000, 5_000)
    arrs = [row.arr for rows in profiles.values() for row in rows if row.arr is not None]

    assert {sum(arr < limit for limit in limits) for arr in arrs} == {0, 1, 2, 3}
    assert all(arr > 0 for arr in arrs)


def test_every_column_but_the_key_has_gaps(profiles: dict[str, list[Row]]) -> None:
    rows = [row.asDict() for rows in profiles.values() for row in rows]
    missing = {name: sum(row[name] is None for row in rows) / len(rows) for name in rows[0]}

    assert missing.pop("customer_id") == missing.pop("customer_name") == 0
    assert missing.pop("cancelled_on") < 1
    assert all(0.05 < share < 0.35 for share in missing.values()), missing


def test_who_cancels_is_gone_afterwards(sample: dict[str, DataFrame], profiles: dict[str, list[Row]]) -> None:
    last_facts = sample["fct_revenues"].groupBy("customer_id").agg({"event_date": "max"})
    last_dates: dict[str, date] = dict(last_facts.collect())
    cancelled = {key: rows[-1] for key, rows in profiles.items() if rows[-1].cancelled_on}

    assert len(cancelled) > 10
    for key, row in cancelled.items():
        assert max(row.valid_from, last_dates[key]) <= row.cancelled_on
    assert all(row.cancelled_on is None for rows in profiles.values() for row in rows[:-1])


def test_impossible_sizes_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as refused:
        make(tmp_path, "--customers", "0")

    assert refused.value.code == 2
    assert "--customers: must be a whole number from 1" in capsys.readouterr().err
