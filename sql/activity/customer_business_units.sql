-- Grain: one row per customer with an event in the window.
-- Input: window_events. Shuffles: two, by customer and unit, then by customer.
-- Why: the main business unit has the most revenue; the smallest name of several, NULL (a value like
-- others) last.
WITH unit_revenues AS (
    SELECT
        customer_key,
        business_unit,
        sum(revenue_cents) AS revenue_cents
    FROM window_events
    GROUP BY customer_key, business_unit
)

SELECT
    customer_key,
    min_by(
        business_unit, struct(-revenue_cents, business_unit IS NULL, business_unit)
    ) AS main_business_unit
FROM unit_revenues
GROUP BY customer_key
