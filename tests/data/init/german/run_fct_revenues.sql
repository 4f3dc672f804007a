-- The table as fct_revenues: a first guess, column by column.
-- Grain: as the table's.
-- Inputs: facts. Shuffles: none.
-- Not used: nothing.
SELECT
    `Kunde` AS customer_name, -- a guess, by its name; text like 'Müller & Söhne'
    CAST(NULL AS STRING) AS business_unit, -- nothing looks like it; may stay empty
    `Artikel` AS product, -- a guess, by its name; text like 'Schraube "M4"'
    CAST(try_to_timestamp(trim(`Buchungsdatum`), 'd.M.yyyy') AS DATE) AS event_date, -- a guess, by its name; text like '31.12.2024'
    try_cast(replace(replace(`Umsatz (netto)`, '.', ''), ',', '.') AS DECIMAL(22, 6)) AS total_revenue, -- a guess, by how its name ends; text like '1.234,50'
    CAST(NULL AS DECIMAL(18, 2)) AS total_gross_margin, -- TODO: nothing looks like it
    `Menge` AS event_count, -- a guess, by its name; text like '3'
    CAST(NULL AS STRING) AS cs_representative, -- nothing looks like it; may stay empty
    `Region` AS region, -- has the name; text like 'Süd'
    CAST(NULL AS STRING) AS account_id -- TODO: nothing looks like it; the customer's key where each customer is one account
FROM facts
