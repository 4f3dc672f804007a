"""One local Spark session for all tests of a process, and ways to feed the job and read what it published."""

import logging
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml
from pyspark.sql import DataFrame, SparkSession

from jobs import publish, reproduce
from jobs.core.config.settings import Settings
from jobs.core.publish.readers import PUBLISHED, published
from jobs.core.runtime.functions import define_functions
from jobs.core.runtime.java import use_java
from jobs.core.runtime.session import JAVA_OPTIONS, local_settings, open_session

CHECKOUT = Path(__file__).parents[1]
FACTS = (
    "customer_id STRING, customer_name STRING, business_unit STRING, product STRING, event_date DATE, "
    "total_revenue DECIMAL(24,8), total_gross_margin DECIMAL(24,8), event_count INT, "
    "cs_representative STRING, region STRING, account_id STRING"
)
ACCOUNTS = "account_id STRING, status STRING"
PROFILES = (
    "customer_id STRING, customer_name STRING, arr DECIMAL(19,4), mrr DECIMAL(19,4), "
    "contract_years DECIMAL(20,8), on_time_payment_rate DECIMAL(20,8), user_growth_rate DECIMAL(20,8), "
    "seats_used INT, seats_bought INT, use_cases_matched INT, use_cases_total INT, "
    "brand_rating DECIMAL(20,8), reference_rating DECIMAL(20,8), influence_rating DECIMAL(20,8), "
    "nps DECIMAL(20,8), sentiment DECIMAL(20,8), health_score DECIMAL(20,8), renewal_date DATE, "
    "cancelled_on DATE, delivered_service_level STRING, valid_from DATE"
)
LABELS = {"model", "run_id"}

Row = dict[str, Any]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begins with the longest, so that two processes end together."""
    longest = ("faults", "end_to_end", "commands", "pipeline")
    place = {folder: number for number, folder in enumerate(longest)}
    items.sort(key=lambda item: place.get(item.path.parent.name, len(longest)))


@pytest.fixture(scope="session")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparkSession]:
    settings = local_settings(tmp_path_factory.mktemp("spark") / "spark.log")
    # What is compiled here runs a few times: the thorough compiler takes longer than it saves (two tests of
    # reproduction: 164 processor seconds with it, 125 without).
    settings[JAVA_OPTIONS] += " -XX:TieredStopAtLevel=1 -XX:ReservedCodeCacheSize=240m"
    use_java()
    SparkSession.builder.config(map={**settings}).getOrCreate()
    session = open_session("customer-tiers tests")
    session.conf.set("spark.sql.shuffle.partitions", "3")
    # Else each file of a Delta log is read by a task, which writes the code for it anew.
    session.conf.set("spark.sql.files.minPartitionNum", "1")
    define_functions(session)
    yield session
    session.stop()


@pytest.fixture(autouse=True, scope="module")
def _no_views_left_behind() -> Iterator[None]:
    # Once a module: to list them takes a fifth of a second.
    yield
    session = SparkSession.getActiveSession()
    if session is not None:
        for table in session.catalog.listTables():
            if table.isTemporary:
                session.catalog.dropTempView(table.name)


@pytest.fixture
def log_handlers() -> Iterator[None]:
    """Puts back where this process logs to."""
    root = logging.getLogger()
    before, root.handlers = root.handlers, []
    yield
    for handler in root.handlers:
        handler.close()
    root.handlers = before


@dataclass(frozen=True)
class Workspace:
    """A folder with sources, a configuration and an output of one test."""

    spark: SparkSession
    folder: Path

    @property
    def config(self) -> Path:
        return self.folder / "run.yaml"

    def write_sources(self, facts: Iterable[Row], accounts: Iterable[Row], partitions: int = 2) -> None:
        self.write_source("fct_revenues", facts, FACTS, partitions)
        self.write_source("dim_accounts", accounts, ACCOUNTS, partitions)

    def write_source(self, name: str, rows: Iterable[Row], columns: str, partitions: int = 2) -> None:
        names = [column.split()[0] for column in columns.split(", ")]
        frame = self.spark.createDataFrame([tuple(row.get(n) for n in names) for row in rows], columns)
        frame.repartition(partitions).write.format("delta").mode("overwrite").save(str(self.folder / name))

    def configure(self, **settings: Any) -> None:
        content: Row = {
            "sources": {"fct_revenues": {"path": "fct_revenues"}, "dim_accounts": {"path": "dim_accounts"}},
            "output": {"path": "output"},
            "model": "profitability_adherence",
            **settings,
        }
        self.config.write_text(yaml.safe_dump(content))

    def model(self, **changes: Any) -> str:
        """A copy of the shipped model with some keys changed; the name to configure."""
        content = yaml.safe_load((CHECKOUT / "conf/models/profitability_adherence.yaml").read_text())
        (self.folder / "model.yaml").write_text(yaml.safe_dump({**content, **changes}))
        return "model.yaml"

    def run(self, *dates: date | str, options: Sequence[str] = ()) -> int:
        """Runs the job in this process; its exit status."""
        as_of = [argument for day in dates for argument in ("--as-of", str(day))]
        return publish.run([*self._given(), *as_of, "--no-summary", *options])

    def reproduce(self, run_id: str, *options: str) -> int:
        """Computes a run again in this process; its exit status."""
        return reproduce.run([run_id, *self._given(), *options])

    def _given(self) -> list[str]:
        return ["--config", str(self.config), "--log-file", str(self.folder / "job.log")]

    def table(self, name: str, output: str = "output") -> DataFrame:
        return self.spark.read.format("delta").load(str(self.folder / output / name))

    def rows(self, name: str, as_of: date | None = None, output: str = "output") -> list[Row]:
        """Published rows as plain values, without the labels that differ from run to run."""
        frame = self.table(name, output)
        wanted = frame if as_of is None else frame.where(frame["as_of"] == as_of)
        return [
            {key: plain(value) for key, value in row.asDict(recursive=True).items() if key not in LABELS}
            for row in wanted.collect()
        ]

    def as_readers_see(self, as_of: date) -> dict[str, list[Row]]:
        """All that the documented reader shows of a date, labels and all, by table."""
        path = str(self.folder / "output")
        return {
            table: sorted(
                (row.asDict() for row in published(self.spark, table, as_of, path=path).collect()), key=str
            )
            for table in PUBLISHED
            if (self.folder / "output" / table).exists()
        }

    def published(self, output: str = "output") -> list[Row]:
        """What `runs` tells of published snapshots, oldest first."""
        told = self.table("runs", output).where("status = 'published'").orderBy("happened_at")
        return [row.asDict() for row in told.collect()]


def plain_settings(**changes: Any) -> Settings:
    """The settings of a run that publishes the first model, with some keys changed; nothing lies there."""
    content = {
        "sources": {"fct_revenues": {"path": "facts"}, "dim_accounts": {"path": "accounts"}},
        "output": {"path": "output"},
        "model": "profitability_adherence",
        **changes,
    }
    return Settings.model_validate(content)


def plain(value: Any) -> Any:
    """Structs in a list, as action flags are, as tuples; everything else as it is."""
    if isinstance(value, list):
        return [tuple(entry.values()) if isinstance(entry, dict) else entry for entry in value]
    return value


@pytest.fixture
def workspace(spark: SparkSession, tmp_path: Path) -> Workspace:
    return Workspace(spark, tmp_path)


def fact(customer: str = "Ann", day: str = "2024-12-01", revenue: str = "100", **other: Any) -> Row:
    """One ordinary event."""
    return {
        "customer_id": customer,
        "customer_name": customer,
        "business_unit": "Core",
        "product": "Basic",
        "event_date": date.fromisoformat(day),
        "total_revenue": Decimal(revenue),
        "total_gross_margin": Decimal(revenue) / 2,
        "event_count": 1,
        "cs_representative": "Eve",
        "region": "North",
        "account_id": f"{customer}-1",
        **other,
    }


def active(*customers: str) -> list[Row]:
    """The account that `fact` uses, active, for each customer."""
    return [{"account_id": f"{customer}-1", "status": "active"} for customer in customers]
