"""What one step of the activity gives and the next one takes."""

ACTIVITY_ROWS = (
    "as_of DATE, customer_key STRING, "
    "unit_code INT, product_code INT, representative_code INT, region_code INT, "
    "event_date DATE, event_count BIGINT, revenue_units BIGINT, margin_units BIGINT, "
    "lifetime_revenue_units BIGINT, row_kind INT"
)
CUSTOMER_UNITS = (
    "as_of DATE, customer_key STRING, "
    "unit_code INT, revenue_units BIGINT, margin_units BIGINT, total_events BIGINT, "
    "recent_events BIGINT, earlier_events BIGINT, months_0 BIGINT, months_1 BIGINT, products_0 BIGINT, "
    "products_1 BIGINT, products_2 BIGINT, products_3 BIGINT, latest_representative BIGINT, "
    "latest_region BIGINT, first_event_date DATE, last_event_date DATE, lifetime_revenue_units BIGINT, "
    "event_rows BIGINT, total_accounts BIGINT, active_accounts BIGINT, unknown_accounts BIGINT, "
    "conflicting_accounts BIGINT, further_products BIGINT"
)
NULL_CODE = 2147483647
EVENT, PRODUCT, UNKNOWN, INACTIVE, ACTIVE, CONFLICTING = 0, 1, 2, 3, 4, 5  # kinds of rows
BIT_63 = -(2**63)  # the sign


def latest(days_before: int, code: int) -> int:
    """The least of these is the latest event's, and of those the first in the order of texts."""
    return days_before * 2**31 + code
