-- Grain: one row per date, customer and product of the window; no row while products are counted by their
-- codes.
-- Inputs: window_events, snapshot_dates. Shuffles: one, by date, customer and product.
-- Values: :products_are_coded.
-- Why: a bit per product counts them without a shuffle of their own, up to as many products as
-- customer_units has bits for. This is the way for more. In the reference query: base_12m's
-- count(DISTINCT product).
SELECT /*+ BROADCAST(dates) */ -- noqa: CP03
    dates.as_of,
    events.customer_key,
    events.product
FROM window_events AS events
INNER JOIN snapshot_dates AS dates
    ON events.event_date > dates.window_start AND events.event_date <= dates.as_of
WHERE events.product IS NOT NULL AND NOT :products_are_coded
GROUP BY dates.as_of, events.customer_key, events.product
