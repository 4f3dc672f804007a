"""The customers' features, from the measures that the SQL makes of the facts and of the profiles."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F  # noqa: N812

ROW_ID = "row_id"  # of one writing of customer_features; nothing published holds it
# What checks are made of, and no measures of a customer.
AUDIT = (
    *("event_rows", "unknown_accounts", "conflicting_accounts"),
    *("unrounded_total_revenue", "unrounded_total_gross_margin", "unrounded_lifetime_revenue"),
)


def active_customers(customer_measures: DataFrame, customer_names: DataFrame | None = None) -> DataFrame:
    """One row per date and customer with an event on or before it: key, name, every measure of the facts.

    Args:
        customer_measures: by `as_of` and `customer_key`.
        customer_names: where the name is an attribute; else the key is the name.
    """
    if customer_names is None:
        named = customer_measures.withColumn("customer_name", F.col("customer_key"))
    else:
        named = customer_measures.join(customer_names, on=["as_of", "customer_key"])
    return named.select("as_of", "customer_key", "customer_name", *customer_measures.columns[2:])


def customer_features(active_customers: DataFrame, profiled_customers: DataFrame | None = None) -> DataFrame:
    """One row per date and customer seen on or before it: every measure, and the row's id.

    Ids are of one writing: narrow rows can travel by them, and nothing published holds them.
    """
    customers = active_customers if profiled_customers is None else profiled_customers
    return customers.withColumn(ROW_ID, F.monotonically_increasing_id())
