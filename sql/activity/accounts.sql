-- Grain: one row per account.
-- Input: dim_accounts. Shuffles: one, by account.
-- Why: an account may be listed more than once; it is active if any row says so.
SELECT
    account_id,
    coalesce(bool_or(lower(trim(BOTH ' ' FROM status)) = 'active'), FALSE) AS is_active
FROM dim_accounts
WHERE account_id IS NOT NULL
GROUP BY account_id
