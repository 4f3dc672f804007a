-- Grain: one row per customer to be scored.
-- Input: assessed_customers (features with the model's exclusion_reason). Shuffles: none.
-- Why: percentiles are over these customers only.
SELECT * EXCEPT (exclusion_reason)
FROM assessed_customers
WHERE exclusion_reason IS NULL
