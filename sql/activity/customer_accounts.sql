-- Grain: one row per customer and account that dim_accounts knows, used in the window.
-- Inputs: window_events, dim_accounts. Shuffles: two, both by account: the window's (customer, account)
-- pairs and dim_accounts. Being together by account, pairs need no shuffle of their own to be counted once.
-- Why: an account may be listed more than once; it is active if any row says so. Accounts that
-- dim_accounts doesn't know count for nothing.
WITH used_accounts AS (
    SELECT
        customer_key,
        account_id
    FROM window_events
    WHERE account_id IS NOT NULL
    DISTRIBUTE BY account_id
),

listed_accounts AS (
    SELECT
        account_id,
        coalesce(lower(trim(BOTH ' ' FROM status)) = 'active', FALSE) AS is_active
    FROM dim_accounts
    WHERE account_id IS NOT NULL
    DISTRIBUTE BY account_id
)

SELECT /*+ SHUFFLE_HASH(listed_accounts) */ -- noqa: CP03
    used_accounts.customer_key,
    used_accounts.account_id,
    bool_or(listed_accounts.is_active) AS is_active
FROM used_accounts
INNER JOIN listed_accounts ON used_accounts.account_id = listed_accounts.account_id
GROUP BY used_accounts.account_id, used_accounts.customer_key
