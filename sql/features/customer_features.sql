-- Grain: one row per customer with an event on or before as_of, whether or not it will be scored.
-- Inputs: customer_history, customer_window, customer_business_units, customer_accounts.
-- Shuffles: none of its own: all four come hashed by customer.
-- Why: every measure a model can rank, compare or publish is a column here. A new metric is one more
-- column and one line of a model. Counts and money of a customer without events in the window are 0.
SELECT
    past.customer_key,
    past.customer_name,
    activity.cs_representative,
    activity.region,
    business_units.main_business_unit,
    CAST(coalesce(activity.revenue_cents, 0) / 100BD AS DECIMAL(18, 2)) AS total_revenue,
    CAST(coalesce(activity.margin_cents, 0) / 100BD AS DECIMAL(18, 2)) AS total_gross_margin,
    CAST(
        divide_half_up(activity.margin_cents * 10000BD, activity.revenue_cents) / 100 AS DECIMAL(38, 2)
    ) AS margin_rate_pct,
    coalesce(activity.total_events, 0) AS total_events,
    coalesce(activity.active_months, 0) AS active_months,
    -- A quotient is ranked as the DOUBLE it is, and published with 6 decimals.
    activity.total_events / activity.active_months AS events_per_active_month,
    coalesce(activity.distinct_products, 0) AS distinct_products,
    coalesce(activity.distinct_business_units, 0) AS distinct_business_units,
    coalesce(used_accounts.active_accounts, 0) AS active_accounts,
    coalesce(used_accounts.total_accounts, 0) AS total_accounts,
    CAST(
        divide_half_up(activity.revenue_cents, used_accounts.active_accounts) / 100 AS DECIMAL(18, 2)
    ) AS revenue_per_active_account,
    past.first_event_date,
    past.last_event_date,
    datediff(:as_of, past.last_event_date) AS days_since_last_event,
    CAST(past.lifetime_revenue_cents / 100BD AS DECIMAL(18, 2)) AS lifetime_revenue
FROM customer_history AS past
LEFT JOIN customer_window AS activity ON past.customer_key = activity.customer_key
LEFT JOIN customer_business_units AS business_units ON past.customer_key = business_units.customer_key
LEFT JOIN customer_accounts AS used_accounts ON past.customer_key = used_accounts.customer_key
