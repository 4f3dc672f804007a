-- Grain: one row per customer and product of the window; no row while products are counted by their codes.
-- Input: window_events. Shuffles: one, by customer and product.
-- Values: :products_are_coded.
-- Why: a bit per product counts them without a shuffle of their own, up to as many products as
-- customer_units has bits for. This is the way for more. In the reference query: base_12m's
-- count(DISTINCT product).
SELECT
    customer_key,
    product
FROM window_events
WHERE product IS NOT NULL AND NOT :products_are_coded
GROUP BY customer_key, product
