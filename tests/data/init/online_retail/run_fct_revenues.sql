-- The table as fct_revenues: a first guess, column by column.
-- Grain: as the table's.
-- Inputs: facts. Shuffles: none.
-- Not used: InvoiceNo, Description, UnitPrice.
SELECT
    `CustomerID` AS customer_id, -- has the name; text like '12923.0'
    `CustomerID` AS customer_name, -- nothing looks like it: the key stands in
    CAST(NULL AS STRING) AS business_unit, -- nothing looks like it; may stay empty
    `StockCode` AS product, -- a guess, by its name; text like '23256'
    `InvoiceDate` AS event_date, -- a guess, by its name; text like '2011-10-06 16:20:00'
    CAST(NULL AS DECIMAL(18, 2)) AS total_revenue, -- TODO: nothing looks like it
    CAST(NULL AS DECIMAL(18, 2)) AS total_gross_margin, -- TODO: nothing looks like it
    `Quantity` AS event_count, -- a guess, by its name; text like '2'
    CAST(NULL AS STRING) AS cs_representative, -- nothing looks like it; may stay empty
    `Country` AS region, -- a guess, by its name; text like 'United Kingdom'
    CAST(NULL AS STRING) AS account_id -- TODO: nothing looks like it; the customer's key where each customer is one account
FROM facts
