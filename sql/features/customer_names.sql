-- Grain: one row per customer with an event on or before as_of.
-- Input: events. Shuffles: two, by customer and name, then by customer.
-- Why: needed only where the name is an attribute beside another key. The name is that of the latest event
-- date; the smallest if there are several, NULL last. The dates go first by name, so that the
-- comparison of texts sees a row or two per customer and not all events. In the reference query: base_12m's
-- customer_name.
WITH names AS (
    SELECT
        customer_key,
        customer_name,
        max(event_date) AS last_event_date
    FROM events
    GROUP BY customer_key, customer_name
)

SELECT
    customer_key,
    min_by(
        customer_name, struct(-unix_date(last_event_date), customer_name IS NULL, customer_name)
    ) AS customer_name
FROM names
GROUP BY customer_key
