-- Grain: one row per customer seen on or before as_of and not scored.
-- Input: assessed_customers (features with the model's exclusion_reason). Shuffles: none.
-- Why: nobody is dropped silently.
SELECT
    customer_key,
    customer_name,
    exclusion_reason AS reason,
    last_event_date,
    lifetime_revenue
FROM assessed_customers
WHERE exclusion_reason IS NOT NULL
