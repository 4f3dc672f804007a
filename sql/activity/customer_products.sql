-- Grain: one row per date, customer and product of the window; no row while products are counted by their
-- codes.
-- Inputs: window_events, snapshot_dates. Shuffles: one, by customer and product.
-- Values: :products_are_coded.
-- Why: a bit per product counts them without a shuffle of their own, up to as many products as
-- customer_units has bits for. This is the way for more. In the reference query: base_12m's
-- count(DISTINCT product).
WITH together AS (
    SELECT
        customer_key,
        product,
        event_date
    FROM window_events
    WHERE product IS NOT NULL AND NOT :products_are_coded
    DISTRIBUTE BY customer_key, product
)

SELECT
    dates.as_of,
    together.customer_key,
    together.product
FROM together
INNER JOIN snapshot_dates AS dates
    ON together.event_date > dates.window_start AND together.event_date <= dates.as_of
GROUP BY dates.as_of, together.customer_key, together.product
