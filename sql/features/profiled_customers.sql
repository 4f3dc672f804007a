-- Grain: one row per date and customer with an event, or a profile, on or before it.
-- Inputs: active_customers (customer_measures with the name), customer_profiles.
-- Shuffles: none of its own: both come together by customer, which is enough where a session allows it
-- (spark.sql.requireAllClusterKeysForCoPartition); else both.
-- Why: measures of the profile stand beside those of the facts. What a profile doesn't tell falls back, and
-- says so: ARR to twelve times the MRR, else to the revenue of the window, growth to the trend of events. A
-- customer without events has counts and money of 0; a sum that its column can't hold stays NULL. A company's
-- own columns of dim_customers pass by the stars.
WITH together AS (
    SELECT
        coalesce(facts.as_of, profiles.as_of) AS as_of,
        coalesce(facts.customer_key, profiles.customer_key) AS customer_key,
        if(facts.customer_key IS NULL, profiles.customer_name, facts.customer_name) AS customer_name,
        if(facts.customer_key IS NULL, 0, facts.total_revenue) AS total_revenue,
        if(facts.customer_key IS NULL, 0, facts.total_gross_margin) AS total_gross_margin,
        if(facts.customer_key IS NULL, 0, facts.total_events) AS total_events,
        coalesce(facts.active_months, 0) AS active_months,
        if(facts.customer_key IS NULL, 0, facts.recent_events) AS recent_events,
        if(facts.customer_key IS NULL, 0, facts.earlier_events) AS earlier_events,
        coalesce(facts.distinct_products, 0) AS distinct_products,
        coalesce(facts.distinct_business_units, 0) AS distinct_business_units,
        coalesce(facts.active_accounts, 0) AS active_accounts,
        coalesce(facts.total_accounts, 0) AS total_accounts,
        if(facts.customer_key IS NULL, 0, facts.lifetime_revenue) AS lifetime_revenue,
        coalesce(facts.unknown_accounts, 0) AS unknown_accounts,
        coalesce(facts.conflicting_accounts, 0) AS conflicting_accounts,
        coalesce(facts.event_rows, 0) AS event_rows,
        facts.* EXCEPT (
            as_of,
            customer_key,
            customer_name,
            total_revenue,
            total_gross_margin,
            total_events,
            active_months,
            recent_events,
            earlier_events,
            distinct_products,
            distinct_business_units,
            active_accounts,
            total_accounts,
            lifetime_revenue,
            unknown_accounts,
            conflicting_accounts,
            event_rows
        ),
        profiles.* EXCEPT (as_of, customer_key, customer_name)
    FROM active_customers AS facts
    FULL OUTER JOIN customer_profiles AS profiles
        ON facts.as_of = profiles.as_of AND facts.customer_key = profiles.customer_key
)

SELECT
    * EXCEPT (
        arr,
        mrr,
        user_growth_rate,
        health_score,
        seats_used,
        seats_bought,
        use_cases_matched,
        use_cases_total,
        unknown_accounts,
        conflicting_accounts,
        event_rows
    ),
    CASE
        WHEN arr IS NOT NULL THEN arr
        WHEN mrr IS NOT NULL THEN TRY_CAST(mrr * 12 AS DECIMAL(18, 2))
        WHEN active_months > 0 THEN total_revenue
    END AS arr,
    CASE
        WHEN arr IS NOT NULL THEN 'given'
        WHEN mrr IS NOT NULL THEN 'mrr'
        WHEN active_months > 0 THEN 'revenue'
    END AS arr_source,
    CAST(coalesce(user_growth_rate, events_trend) AS DECIMAL(38, 6)) AS growth_rate,
    CASE
        WHEN user_growth_rate IS NOT NULL THEN 'given' WHEN events_trend IS NOT NULL THEN 'events'
    END AS growth_source,
    health_score AS given_health_score,
    seats_used,
    seats_bought,
    CAST(
        divide_half_up(seats_used * 1000000BD, seats_bought) * 0.000001BD AS DECIMAL(38, 6)
    ) AS seats_used_share,
    use_cases_matched,
    use_cases_total,
    CAST(
        divide_half_up(use_cases_matched * 1000000BD, use_cases_total) * 0.000001BD AS DECIMAL(38, 6)
    ) AS use_cases_matched_share,
    datediff(renewal_date, as_of) AS days_to_renewal,
    unknown_accounts,
    conflicting_accounts,
    event_rows
FROM together
