-- Online Retail (UCI) as accounts.
-- Grain: one row per customer and country.
-- Inputs: invoices, the CSV read as text; its column names in lower case, since Spark ignores their case.
-- Shuffles: one, on the account, for DISTINCT.
--
-- The data has no accounts. A customer's country stands in for one, so the four customers with two countries
-- have two. Nothing says that an account was closed: all are active. account_id is made, and lines without a
-- CustomerID are left out, as in fct_revenues.sql.
SELECT DISTINCT
    concat_ws(' ', regexp_replace(customerid, '[.]0$', ''), country) AS account_id,
    'active' AS status
FROM invoices
WHERE trim(customerid) <> ''
