-- Grain: one row per event on or before the last of the dates; and per date one for each customer's account,
-- and customer's product where products are too many for codes; together by customer.
-- Inputs: coded_events (window_events with codes for their texts), events, customer_accounts,
-- customer_products. Shuffles: one, by customer: the only one of the window's measures.
-- Values: :first_as_of, :window_months.
-- Why: all that is known of a customer meets in one place, so that no joins are needed. Events before the
-- windows are read narrowly: key, date and money. unit_code -1 marks rows that are no event of a window;
-- as_of is NULL of an event, which many dates see;
-- row_kind is 0 for an event, 1 for a product, and customer_accounts' account_kind for an account.
-- In the reference query: the joins of base_12m, main_units and history. With such joins 2.0 GB are shuffled
-- for 2 million customers (the naive port in scripts/benchmark/results), by a whole run without them 0.8.
WITH beside_window AS (
    SELECT
        CAST(NULL AS DATE) AS as_of,
        customer_key,
        event_date,
        revenue_units AS lifetime_revenue_units,
        0 AS row_kind
    FROM events
    WHERE event_date <= add_months(:first_as_of, -:window_months)
    UNION ALL
    SELECT
        as_of,
        customer_key,
        NULL AS event_date,
        NULL AS lifetime_revenue_units,
        account_kind AS row_kind
    FROM customer_accounts
    UNION ALL
    SELECT
        as_of,
        customer_key,
        NULL AS event_date,
        NULL AS lifetime_revenue_units,
        1 AS row_kind
    FROM customer_products
)

SELECT
    CAST(NULL AS DATE) AS as_of,
    customer_key,
    unit_code,
    product_code,
    representative_code,
    region_code,
    event_date,
    event_count,
    revenue_units,
    margin_units,
    revenue_units AS lifetime_revenue_units,
    0 AS row_kind
FROM coded_events
UNION ALL
SELECT
    as_of,
    customer_key,
    -1 AS unit_code,
    NULL AS product_code,
    NULL AS representative_code,
    NULL AS region_code,
    event_date,
    NULL AS event_count,
    NULL AS revenue_units,
    NULL AS margin_units,
    lifetime_revenue_units,
    row_kind
FROM beside_window
DISTRIBUTE BY customer_key
