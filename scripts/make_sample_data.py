"""Write invented facts, accounts and profiles as Delta tables: any number of customers, same seed, same rows.

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

from jobs.core.runtime.logs import default_log_file
from jobs.core.runtime.session import open_session

# Few large customers and many small ones: Pareto draws, cut off at `cap` times the smallest.
TAILS = {"activity_tail": 1.3, "size_tail": 1.2, "cap": 200.0}
MEAN_ACTIVITY = (1.3 - 200.0**-0.3) / 0.3
# The mean of the catalogue's prices by how often its products are drawn.
MEAN_LIST_CENTS = 15_093.0
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
    "terms": "0.5,1,1,1,1,2,2,2,3,3,5",
    "levels": "Enterprise,Mid-Market,SMB,Tech-Touch",
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
RETURN date_add(start, least(days - 1, CAST(floor(moment * days) AS INT)));

CREATE OR REPLACE TEMPORARY FUNCTION rating(share DOUBLE) RETURNS DECIMAL(9, 4)
RETURN CAST(100 * greatest(0, least(1, share)) AS DECIMAL(9, 4))
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

# One row per profile: all there is to know about a customer on a day. Most have 2 to 4, a few have none.
PROFILES = """
WITH signed AS (
    SELECT
        *,
        2 + CAST(floor(3 * draw(:seed, 'profiles', id, 0)) AS INT) AS profiles,
        -- Preference 0 of the events, and its share of them.
        CAST(floor(power(draw(:seed, 'product', id, 0), 1.4D) * 14) AS INT) AS product_no,
        power(products, -1 / 1.7D) AS first_share,
        CAST(pick(:terms, draw(:seed, 'term', id, 0)) AS DECIMAL(9, 4)) AS contract_years,
        CAST(12 * contract_years AS INT) AS term,
        -- Who is there from the first day signed before it.
        day_of(joined, :start, :days) AS joined_on,
        IF(joined > 0, 0, CAST(30 * term * draw(:seed, 'signed', id, 0) AS INT)) AS days_before,
        date_sub(joined_on, days_before) AS signed_on,
        CAST(ceil(size * (3 + 9 * draw(:seed, 'seats', id, 0))) AS INT) AS seats_bought,
        4 + CAST(floor(9 * draw(:seed, 'use cases', id, 0)) AS INT) AS use_cases_total,
        rating(ln(size) / 6 + 0.5D * draw(:seed, 'brand', id, 0)) AS brand_rating,
        rating(ln(size) / 18 + 0.8D * draw(:seed, 'influence', id, 0)) AS influence_rating,
        -- The share of its columns that stay empty: small for most customers, nearly all for a few.
        power(draw(:seed, 'gaps', id, 0), 4) AS gaps
    FROM customers
    WHERE draw(:seed, 'no profile', id, 0) >= 0.02
)

SELECT
    *,
    -- The share of its life that is over; n keeps the days of the shortest lives apart.
    (n - 1 + 0.4D * draw(:seed, 'profile', id, n)) / (profiles - 0.6D) AS age,
    date_add(day_of(joined + age * (gone - joined), :start, :days), n - profiles) AS known_on,
    -- A year of the events at their pace of that day, at list prices.
    power(greatest(age, 0.1D), 1 / trend - 1) / trend AS pace,
    pace * activity * :mean_events * 365 / :days AS yearly_events,
    (0.5D + 0.7D * size) * (first_share * list_cents + (1 - first_share) * :mean_list_cents) AS event_cents,
    CAST(yearly_events * event_cents * (0.75D + 0.5D * draw(:seed, 'arr', id, 0)) AS BIGINT) AS arr_cents,
    CAST(arr_cents * 0.01BD AS DECIMAL(18, 2)) AS arr,
    0.5D * power(draw(:seed, 'late', id, 0), 3) + 0.05D * draw(:seed, 'late', id, n) AS late_share,
    CAST(least(1, 1.1D - late_share) AS DECIMAL(9, 4)) AS on_time_payment_rate,
    CAST(0.1D * draw(:seed, 'growth', id, n) - 0.3D * ln(trend) AS DECIMAL(9, 4)) AS user_growth_rate,
    0.3D + 0.7D * draw(:seed, 'seats used', id, 0) - 0.2D * ln(trend) * age AS seat_share,
    CAST(seats_bought * seat_share AS INT) AS seats_used,
    0.2D + 0.7D * draw(:seed, 'use cases matched', id, 0) + 0.1D * age AS match_share,
    CAST(use_cases_total * match_share AS INT) AS use_cases_matched,
    -- Who fades or will leave is less and less content.
    0.3D + 0.6D * draw(:seed, 'mood', id, 0) + 0.2D * draw(:seed, 'mood', id, n) AS first_mood,
    first_mood - age * (0.4D * ln(trend) + IF(gone < 1, 0.4D, 0)) AS mood,
    rating(mood) AS health_score,
    CAST(2 * rating(mood + 0.4D * draw(:seed, 'nps', id, n) - 0.2D) - 100 AS INT) AS nps,
    rating(0.6D * mood + 0.4D * draw(:seed, 'reference', id, 0)) AS reference_rating,
    CAST(floor(greatest(0, months_between(known_on, signed_on)) / term) AS INT) AS renewals,
    add_months(signed_on, term * (1 + renewals)) AS renewal_date,
    IF(gone < 1 AND n = profiles, day_of(gone, :start, :days), NULL) AS cancelled_on,
    CASE
        WHEN draw(:seed, 'own level', id, 0) < 0.12 THEN pick(:levels, draw(:seed, 'own level', id, 1))
        WHEN arr > 100000 THEN 'Enterprise' WHEN arr >= 25000 THEN 'Mid-Market' WHEN arr >= 5000 THEN 'SMB'
        ELSE 'Tech-Touch'
    END AS delivered_service_level
FROM signed INNER JOIN catalogue USING (product_no) LATERAL VIEW explode(sequence(1, profiles)) AS n
"""

# The profiles with gaps: most stay, those of nps and health come and go.
DIM_CUSTOMERS = """
SELECT
    customer_id, customer_name,
    IF(draw(:seed, 'no arr', id, 0) < gaps, NULL, arr) AS arr,
    IF(draw(:seed, 'no term', id, 0) < gaps, NULL, contract_years) AS contract_years,
    IF(draw(:seed, 'no payments', id, 0) < gaps, NULL, on_time_payment_rate) AS on_time_payment_rate,
    IF(draw(:seed, 'no growth', id, 0) < gaps, NULL, user_growth_rate) AS user_growth_rate,
    IF(draw(:seed, 'no use', id, 0) < gaps, NULL, seats_used) AS seats_used,
    IF(draw(:seed, 'no seats', id, 0) < gaps, NULL, seats_bought) AS seats_bought,
    IF(draw(:seed, 'no matches', id, 0) < gaps, NULL, use_cases_matched) AS use_cases_matched,
    IF(draw(:seed, 'no use cases', id, 0) < gaps, NULL, use_cases_total) AS use_cases_total,
    IF(draw(:seed, 'no brand', id, 0) < gaps, NULL, brand_rating) AS brand_rating,
    IF(draw(:seed, 'no reference', id, 0) < gaps, NULL, reference_rating) AS reference_rating,
    IF(draw(:seed, 'no influence', id, 0) < gaps, NULL, influence_rating) AS influence_rating,
    IF(draw(:seed, 'no nps', id, n) < gaps, NULL, nps) AS nps,
    IF(draw(:seed, 'no health', id, n) < gaps, NULL, health_score) AS health_score,
    IF(draw(:seed, 'no renewal', id, 0) < gaps, NULL, renewal_date) AS renewal_date,
    IF(draw(:seed, 'no cancellation', id, 0) < 0.1, NULL, cancelled_on) AS cancelled_on,
    IF(draw(:seed, 'no level', id, 0) < gaps, NULL, delivered_service_level) AS delivered_service_level,
    -- Some were known before anybody wrote down since when.
    IF(n = 1 AND joined = 0 AND draw(:seed, 'no date', id, 0) < 0.45, NULL, known_on) AS valid_from
FROM profiles
"""

# Each step is a view for the later ones; tables are what is written.
STEPS = {"catalogue": CATALOGUE, "customers": CUSTOMERS, "events": EVENTS, "profiles": PROFILES}
TABLES = {"fct_revenues": FCT_REVENUES, "dim_accounts": DIM_ACCOUNTS, "dim_customers": DIM_CUSTOMERS}


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
        "mean_list_cents": MEAN_LIST_CENTS,
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
    parser = argparse.ArgumentParser(
        description="Write the Delta tables fct_revenues, dim_accounts and dim_customers anew."
    )
    parser.add_argument("--output", required=True, metavar="DIR", help="folder or URI that holds the tables")
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
    """Write the tables and say where they are."""
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
