-- Grain: one row per customer with a known account in the window.
-- Inputs: window_events, accounts. Shuffles: three: by customer and account, to count each account once;
-- by account, to join (none where accounts are few and broadcast); by customer.
-- Why: accounts that dim_accounts doesn't know count for nothing.
WITH used_accounts AS (
    SELECT DISTINCT
        customer_key,
        account_id
    FROM window_events
    WHERE account_id IS NOT NULL
)

SELECT
    used_accounts.customer_key,
    CAST(count_if(accounts.is_active) AS INT) AS active_accounts,
    CAST(count(*) AS INT) AS total_accounts
FROM used_accounts
INNER JOIN accounts ON used_accounts.account_id = accounts.account_id
GROUP BY used_accounts.customer_key
