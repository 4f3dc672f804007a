-- Grain: one row per date, customer and account used in the window.
-- Inputs: window_events, dim_accounts, snapshot_dates. Shuffles: two, both by account: the windows'
-- events (customer, account, date) and dim_accounts. Being together by account, pairs need no shuffle of
-- their own to be counted once.
-- Why: an account may be listed more than once; it is active if any row says so. account_kind is 2 for an
-- account that dim_accounts doesn't know, 3 for one that isn't active, 4 for an active one and 5 for one
-- listed as active and otherwise.
-- In the reference query: accounts, and base_12m's two counts of them. Counted apart because sets of account
-- ids took the main aggregation from 12 s to 29 (2 million customers, warm) and still had to be joined.
WITH used_accounts AS (
    SELECT
        customer_key,
        account_id,
        event_date
    FROM window_events
    WHERE NOT is_blank(account_id)
    DISTRIBUTE BY account_id
),

listed_accounts AS (
    SELECT
        account_id,
        coalesce(lower(as_seen(status)) = 'active', FALSE) AS is_active
    FROM dim_accounts
    WHERE NOT is_blank(account_id)
    DISTRIBUTE BY account_id
)

SELECT /*+ SHUFFLE_HASH(listed_accounts), BROADCAST(dates) */ -- noqa: CP03
    dates.as_of,
    used_accounts.customer_key,
    used_accounts.account_id,
    CASE
        WHEN bool_or(listed_accounts.is_active) IS NULL THEN 2
        WHEN NOT bool_or(listed_accounts.is_active) THEN 3
        WHEN bool_and(listed_accounts.is_active) THEN 4
        ELSE 5
    END AS account_kind
FROM used_accounts
INNER JOIN snapshot_dates AS dates
    ON used_accounts.event_date > dates.window_start AND used_accounts.event_date <= dates.as_of
LEFT JOIN listed_accounts ON used_accounts.account_id = listed_accounts.account_id
GROUP BY dates.as_of, used_accounts.account_id, used_accounts.customer_key
