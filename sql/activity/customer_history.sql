-- Grain: one row per customer with an event on or before as_of.
-- Input: events. Shuffles: one, by customer.
-- Why: what needs all history: who counts as new, who has gone quiet, and what they were worth.
-- The name is that of the latest event date; the smallest if there are several, NULL last.
SELECT
    customer_key,
    min_by(
        customer_name, struct(-unix_date(event_date), customer_name IS NULL, customer_name)
    ) AS customer_name,
    min(event_date) AS first_event_date,
    max(event_date) AS last_event_date,
    sum(revenue_cents) AS lifetime_revenue_cents
FROM events
GROUP BY customer_key
