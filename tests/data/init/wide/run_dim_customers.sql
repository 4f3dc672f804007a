-- The table as dim_customers: a first guess, column by column.
-- Grain: as the table's.
-- Inputs: customers. Shuffles: none.
-- Not used: NPS.
SELECT
    `Kundennummer` AS customer_id, -- a guess, by its name; BIGINT
    `Firma` AS customer_name, -- a guess, by its name; string like 'x'
    `arr` AS arr -- has the name; DECIMAL(2,1)
FROM customers
