"""Write invented facts and accounts as Delta tables: any number of customers, the same rows for a seed.

Every number is drawn from a hash of (seed, purpose, customer, n), so that a row depends on its own ids alone:
any partitioning gives the same rows, no step shuffles, and no task sees more than its share of the customers.
Money is whole cents until the last step, so that totals don't depend on the order of a sum.
"""

from __future__ import annotations

import argparse
import math
import re
import sys
import time
from collections.abc import Callable
from datetime import date

from pyspark.sql import SparkSession

from jobs.core.command import default_log_file
from jobs.core.session import open_session

# Few large customers and many small ones: Pareto draws, cut off at `cap` times the smallest.
TAILS = {"activity_tail": 1.3, "size_tail": 1.2, "cap": 200.0}
MEAN_ACTIVITY = (1.3 - 200.0**-0.3) / 0.3
# The mean share of the period in which a customer is present, from the kinds of life in CUSTOMERS.
MEAN_PRESENCE = 0.45 * 1.0 + 0.27 * 0.5 + 0.20 * 0.5 + 0.08 * 0.26

# Lists to pick from; a word listed more often is picked more often.
WORDS = {
    "first_words": "Northwind,Harbour,Summit,Blue River,Lantern,Atlas,Falcon,Willow,Étoile,O'Brien,Müller",
    "second_words": "Foods,Logistics,Textiles,Pharmacy,Motors,Books,Studios,Travel,Optics,Café,Farms",
    "reps": "Ana Alves,Ben Okoro,Chloé Dubois,Dev Patel,Elif Kaya,Greta Berg,Hugo O'Neill,Ines Lund",
    "regions": "North,North,North,North,South,South,South,South,South,East,East,West,West,West,Islands,none",
    "active": "active,active,active,active,active,active,active,Active ,ACTIVE, active",
    "closed": "closed,closed,Closed,suspended",
}

FUNCTIONS = """
-- A number in [0, 1): 53 bits are what a DOUBLE holds exactly.
CREATE OR REPLACE TEMPORARY FUNCTION draw(seed BIGINT, purpose STRING, id BIGINT, n BIGINT) RETURNS DOUBLE
RETURN pmod(xxhash64(seed, purpose, id, n), 9007199254740992) / 9007199254740992D;

CREATE OR REPLACE TEMPORARY FUNCTION pareto(u DOUBLE, tail DOUBLE, cap DOUBLE) RETURNS DOUBLE
RETURN least(power(1 - u, -1 / tail), cap);

CREATE OR REPLACE TEMPORARY FUNCTION pick(words STRING, u DOUBLE) RETURNS STRING
RETURN element_at(split(words, ','), 1 + CAST(floor(u * size(split(words, ','))) AS INT));

CREATE OR REPLACE TEMPORARY FUNCTION skip_absence(moment DOUBLE, away DOUBLE, back DOUBLE) RETURNS DOUBLE
RETURN IF(moment < away, moment, moment + back - away);

CREATE OR REPLACE TEMPORARY FUNCTION day_of(moment DOUBLE, start DATE, days INT) RETURNS DATE
RETURN date_add(start, least(days - 1, CAST(floor(moment * days) AS INT)))
"""

# One row per product: its only business unit, its price list and the margin as a share of the list price.
CATALOGUE = """
VALUES
    (0, 'Payments Basic', 'Payments', 1900, 62), (1, 'Payments Plus', 'Payments', 4900, 58),
    (2, 'Card Terminals', 'Payments', 12900, 24), (3, 'Invoicing', 'Finance', 2900, 71),
    (4, 'Payroll', 'Finance', 5900, 55), (5, 'Expense Cards', 'Finance', 3900, 48),
    (6, 'Treasury', 'Finance', 49900, 66), (7, 'Parcel Shipping', 'Logistics', 990, 17),
    (8, 'Freight', 'Logistics', 24900, 12), (9, 'Warehousing', 'Logistics', 34900, 21),
    (10, 'Returns Desk', 'Logistics', 1490, 29), (11, 'Web Shop', 'Commerce', 7900, 74),
    (12, 'Marketplace', 'Commerce', 9900, 45), (13, 'Consulting', 'Services', 89900, 33)
AS catalogue (product_no, product, business_unit, list_cents, margin_pct)
"""

# One row per customer. Time runs from 0 (first day) to 1 (after the last): a customer is there from `joined`
# to `gone`, except from `away` to `back`. 45% stay, 27% join, 20% leave, 8% leave and come back.
CUSTOMERS = """
SELECT
    id, format_string('C%010d', id + 1) AS customer_id,
    pick(:first_words, draw(:seed, 'first word', id, 0)) AS first_word,
    pick(:second_words, draw(:seed, 'second word', id, 0)) AS second_word,
    concat_ws(' ', first_word, second_word, id + 1) AS customer_name,
    draw(:seed, 'life', id, 0) AS life,
    draw(:seed, 'life', id, 1) AS early, draw(:seed, 'life', id, 2) AS late,
    IF(life >= 0.45 AND life < 0.72, early, 0) AS joined,
    IF(life >= 0.72 AND life < 0.92, late, 1) AS gone,
    IF(life >= 0.92, 0.05D + 0.19D * early, gone) AS away,
    IF(life >= 0.92, 0.77D + 0.23D * late, gone) AS back,
    gone - joined - (back - away) AS presence,
    -- Below 1 the customer grows, above 1 it fades.
    exp(1.4D * (draw(:seed, 'trend', id, 0) - 0.5D)) AS trend,
    pareto(draw(:seed, 'activity', id, 0), :activity_tail, :cap) AS activity,
    pareto(draw(:seed, 'size', id, 0), :size_tail, :cap) AS size,
    greatest(1, CAST(:mean_events * activity * presence + draw(:seed, 'events', id, 0) AS INT)) AS events,
    CAST(pareto(draw(:seed, 'accounts', id, 0), 1.5D, 40) AS INT) AS accounts,
    CAST(pareto(draw(:seed, 'products', id, 0), 1.0D, 9) AS INT) AS products,
    -- Moment 2 never comes: most customers keep their representative and their region.
    IF(draw(:seed, 'new rep', id, 0) < 0.20, draw(:seed, 'new rep', id, 1), 2) AS new_rep_at,
    IF(draw(:seed, 'moves', id, 0) < 0.04, draw(:seed, 'moves', id, 1), 2) AS moves_at
FROM ids
"""

# One row per account listing: a few accounts are listed twice, and the two listings contradict each other.
DIM_ACCOUNTS = """
WITH drawn AS (
    SELECT
        concat(customer_id, '-', account_no) AS account_id,
        draw(:seed, 'status', id, account_no) < 0.88 AS is_active,
        draw(:seed, 'listed twice', id, account_no) < 0.02 AS is_listed_twice,
        draw(:seed, 'spelling', id, account_no) AS spelling
    FROM customers LATERAL VIEW explode(sequence(1, accounts)) AS account_no
),

listed AS (
    SELECT *, explode(IF(is_listed_twice, array(is_active, NOT is_active), array(is_active))) AS says_active
    FROM drawn
)

SELECT account_id, pick(IF(says_active, :active, :closed), spelling) AS status FROM listed
"""

# One row per event: when, what, how much of it, at which price.
EVENTS = """
WITH timed AS (
    SELECT
        *,
        -- A moment in a slow month is mostly drawn again: seasons without losing events.
        skip_absence(joined + presence * power(draw(:seed, 'moment', id, n), trend), away, back) AS moment_1,
        skip_absence(joined + presence * power(draw(:seed, 'moment', id, -n), trend), away, back) AS moment_2,
        array(0.55, 0.5, 0.7, 0.7, 0.75, 0.7, 0.45, 0.4, 0.8, 0.9, 1, 1) AS seasons,
        element_at(seasons, month(day_of(moment_1, :start, :days))) AS season,
        IF(draw(:seed, 'season', id, n) < season, moment_1, moment_2) AS moment
    FROM customers LATERAL VIEW explode(sequence(1, events)) AS n
),

ordered AS (
    SELECT
        *,
        day_of(moment, :start, :days) AS event_date,
        -- The first of a customer's products is bought most.
        CAST(floor(power(draw(:seed, 'preference', id, n), 1.7D) * products) AS BIGINT) AS preference,
        CAST(floor(power(draw(:seed, 'product', id, preference), 1.4D) * 14) AS INT) AS product_no,
        CAST(ceil(size * (0.4D + 0.6D * draw(:seed, 'quantity', id, n))) AS BIGINT) AS quantity
    FROM timed
)

SELECT
    id, n, customer_id, customer_name, accounts, event_date, product, business_unit,
    IF(moment < new_rep_at, 0, 1) AS rep_no, IF(moment < moves_at, 0, 1) AS region_no,
    draw(:seed, 'account', id, n) AS account_draw,
    -- Prices rise by 4% of the first list a year; large orders cost 5% or 10% less, out of the margin.
    list_cents * (100 + 4 * (year(event_date) - year(:start))) AS price,
    CASE WHEN quantity < 10 THEN 0 WHEN quantity < 50 THEN 5 ELSE 10 END AS discount_pct,
    IF(draw(:seed, 'refund', id, n) < 0.02, -quantity, quantity) AS signed_quantity,
    signed_quantity * price * (100 - discount_pct) DIV 10000 AS revenue_cents,
    signed_quantity * price * (margin_pct - discount_pct) DIV 10000 AS margin_cents
FROM ordered INNER JOIN catalogue USING (product_no)
"""

FCT_REVENUES = """
SELECT
    customer_id, customer_name, business_unit, product, event_date,
    CAST(revenue_cents * 0.01BD AS DECIMAL(18, 2)) AS total_revenue,
    CAST(margin_cents * 0.01BD AS DECIMAL(18, 2)) AS total_gross_margin,
    CAST(pareto(draw(:seed, 'event count', id, n), 1.8D, 60) AS INT) AS event_count,
    pick(:reps, draw(:seed, 'rep', id, rep_no)) AS cs_representative,
    nullif(pick(:regions, draw(:seed, 'region', id, region_no)), 'none') AS region,
    CASE
        WHEN account_draw < 0.01 THEN NULL WHEN account_draw < 0.02 THEN concat(customer_id, '-unknown')
        ELSE concat(customer_id, '-', 1 + CAST(floor(account_draw * accounts) AS INT))
    END AS account_id
FROM events
"""

# Each step is a view for the later ones; tables are what is written.
STEPS = {"catalogue": CATALOGUE, "customers": CUSTOMERS, "events": EVENTS}
TABLES = {"fct_revenues": FCT_REVENUES, "dim_accounts": DIM_ACCOUNTS}


def define_views(spark: SparkSession, arguments: argparse.Namespace) -> None:
    """Name every step as a view; nothing runs until a table is written."""
    for function in FUNCTIONS.split(";"):
        spark.sql(function)
    # About two million facts a file.
    partitions = max(4, math.ceil(arguments.customers * arguments.events_per_customer / 2_000_000))
    spark.range(0, arguments.customers, 1, partitions).createOrReplaceTempView("ids")
    markers = {
        "seed": arguments.seed,
        "start": arguments.start,
        "days": (arguments.until - arguments.start).days + 1,
        "mean_events": arguments.events_per_customer / (MEAN_ACTIVITY * MEAN_PRESENCE),
        **TAILS,
        **WORDS,
    }
    for name, text in (STEPS | TABLES).items():
        spark.sql(text, args=markers).createOrReplaceTempView(name)


def whole_number(low: int, high: int) -> Callable[[str], int]:
    """A parser of whole numbers from low to high."""

    def parse(text: str) -> int:
        if not re.fullmatch("-?[0-9]+", text) or not low <= int(text) <= high:
            raise argparse.ArgumentTypeError(f"must be a whole number from {low} to {high}, got {text!r}")
        return int(text)

    return parse


def calendar_date(text: str) -> date:
    """A date as ISO 8601 writes it."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"must be a date like 2024-12-31, got {text!r}") from None


def parse_arguments(argv: list[str] | None) -> argparse.Namespace:
    """The command line, checked; argparse exits with status 2 and a message."""
    parser = argparse.ArgumentParser(description="Write the Delta tables fct_revenues and dim_accounts anew.")
    parser.add_argument("--output", required=True, metavar="DIR", help="folder or URI that holds both tables")
    for name, kind, default, meaning in (
        ("--customers", whole_number(1, 10**10), "3000", "number of customers"),
        ("--events-per-customer", whole_number(1, 10**4), "30", "mean number of facts per customer"),
        ("--start", calendar_date, "2023-01-01", "first day that can have facts, YYYY-MM-DD"),
        ("--until", calendar_date, "2024-12-31", "last day that can have facts, YYYY-MM-DD"),
        ("--seed", whole_number(-(2**63), 2**63 - 1), "7", "same seed, sizes and dates: same rows"),
    ):
        parser.add_argument(name, type=kind, default=default, help=f"{meaning} (default {default})")
    arguments = parser.parse_args(argv)
    if arguments.start >= arguments.until:
        parser.error(f"--start must be before --until, got {arguments.start} and {arguments.until}")
    return arguments


def main(argv: list[str] | None = None) -> int:
    """Write both tables and say where they are."""
    arguments = parse_arguments(argv)
    print("Sample data ...", flush=True)
    spark = open_session("customer-tiers sample data", default_log_file())
    define_views(spark, arguments)
    for name in TABLES:
        path = f"{arguments.output.rstrip('/')}/{name}"
        begun = time.monotonic()
        spark.table(name).write.format("delta").mode("overwrite").option("overwriteSchema", "true").save(path)
        seconds = time.monotonic() - begun
        # Delta answers from the statistics in its log: nothing is read again.
        rows = spark.read.format("delta").load(path).count()
        print(f"{name}: {rows:,} rows in {seconds:.1f} s at {path}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
