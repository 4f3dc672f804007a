-- Grain: one row per event (a row of fct_revenues) on or before the last of the dates.
-- Input: fct_revenues, its money as whole units of the source's last decimal place. Shuffles: none.
-- Values: :last_as_of.
-- Why: sums are taken over whole units, so that none is rounded and no order of adding can change one. Units
-- and counts are BIGINT where every sum of theirs fits, else decimals (jobs/core/sources/money.py).
-- In the reference query: all_facts, whose amounts are decimals. Of 1.9 million events these are added by
-- customer in 2.0 s, warm, and BIGINT units in 1.5.
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
    revenue_units,
    margin_units
FROM fct_revenues
WHERE event_date <= :last_as_of
