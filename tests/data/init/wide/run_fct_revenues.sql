-- The table as fct_revenues: a first guess, column by column.
-- Grain: as the table's.
-- Inputs: facts. Shuffles: none.
-- Not used: due_date, ship_date, Straße`n, attribute_01, attribute_02, attribute_03, attribute_04,
--   attribute_05, attribute_06, attribute_07, attribute_08, attribute_09, attribute_10, attribute_11,
--   attribute_12, attribute_13, attribute_14, attribute_15, attribute_16, attribute_17, attribute_18,
--   attribute_19, attribute_20, measure_01, measure_02, measure_03, measure_04, measure_05,
--   measure_06, measure_07, measure_08, measure_09, measure_10, measure_11, measure_12, measure_13,
--   measure_14, measure_15, flag_01, flag_02, flag_03, flag_04, flag_05, flag_06, flag_07, flag_08,
--   flag_09, flag_10.
SELECT
    `Client-No` AS customer_id, -- a guess, by its name; BIGINT
    `client_name` AS customer_name, -- a guess, by its name; STRING
    ```division``` AS business_unit, -- a guess, by its name; STRING
    `item.no` AS product, -- a guess, by its name; STRING
    `posting_date` AS event_date, -- a guess, by its name; TIMESTAMP; also like it: `due_date`, `ship_date`
    `net_revenue_eur` AS total_revenue, -- a guess, by how its name ends; DECIMAL(19,4)
    `contribution_margin` AS total_gross_margin, -- a guess, by its name; DOUBLE
    CASE WHEN `qty` = floor(`qty`) THEN try_cast(`qty` AS BIGINT) END AS event_count, -- a guess, by its name; DOUBLE
    `account_owner` AS cs_representative, -- a guess, by its name; STRING
    `sales_region` AS region, -- a guess, by its name; STRING
    `billing_account_id` AS account_id, -- a guess, by how its name ends; INT
    `currency_code` AS currency -- a guess, by its name; STRING
FROM facts
