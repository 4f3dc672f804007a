-- Grain: one row per event (a row of fct_revenues) on or before as_of.
-- Input: fct_revenues. Shuffles: none.
-- Why: sums are taken over whole cents, so that no order of adding can change them.
SELECT
    customer_key,
    customer_name,
    business_unit,
    product,
    event_date,
    event_count,
    cs_representative,
    region,
    account_id,
    CAST(total_revenue * 100 AS BIGINT) AS revenue_cents,
    CAST(total_gross_margin * 100 AS BIGINT) AS margin_cents
FROM fct_revenues
WHERE event_date <= :as_of
