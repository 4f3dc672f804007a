-- The table as dim_accounts: a first guess, column by column.
-- Grain: as the table's.
-- Inputs: accounts. Shuffles: none.
-- Not used: nothing.
SELECT
    `Kontonummer` AS account_id, -- a guess, by its name; INT
    CASE WHEN `aktiv` THEN 'active' ELSE 'inactive' END AS status -- a guess, by its name; BOOLEAN
FROM accounts
