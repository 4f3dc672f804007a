-- Grain: one row per customer with an event in the window.
-- Input: window_events. Shuffles: one, by customer.
-- Why: collected sets count distinct values in the one pass; COUNT(DISTINCT) would expand each row
-- once a column. They leave out NULL, as a count of distinct values does.
-- Representative and region are those of the latest event date; the smallest if there are several, NULL last.
SELECT
    customer_key,
    min_by(
        cs_representative, struct(-unix_date(event_date), cs_representative IS NULL, cs_representative)
    ) AS cs_representative,
    min_by(region, struct(-unix_date(event_date), region IS NULL, region)) AS region,
    sum(revenue_cents) AS revenue_cents,
    sum(margin_cents) AS margin_cents,
    sum(event_count) AS total_events,
    size(collect_set(trunc(event_date, 'MM'))) AS active_months,
    size(collect_set(product)) AS distinct_products,
    size(collect_set(business_unit)) AS distinct_business_units
FROM window_events
GROUP BY customer_key
