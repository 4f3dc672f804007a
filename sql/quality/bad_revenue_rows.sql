-- Grain: one row in all: how many rows of fct_revenues can't be used, by what is wrong with them.
-- Input: fct_revenues. Shuffles: one row a task, to add up.
-- Why: a value that could not be read as its column's type is NULL by now, so missing and unreadable
-- values look alike; both make the row bad, because leaving it out would change a customer's score.
WITH checked_rows AS (
    SELECT
        trim(BOTH ' ' FROM coalesce(customer_key, '')) = '' AS no_customer_key,
        event_date IS NULL AS no_event_date,
        total_revenue IS NULL AS no_total_revenue,
        total_gross_margin IS NULL AS no_total_gross_margin,
        event_count IS NULL AS no_event_count
    FROM fct_revenues
)

SELECT
    count(*) AS rows_read,
    count_if(
        no_customer_key OR no_event_date OR no_total_revenue OR no_total_gross_margin OR no_event_count
    ) AS bad_rows,
    count_if(no_customer_key) AS customer_key,
    count_if(no_event_date) AS event_date,
    count_if(no_total_revenue) AS total_revenue,
    count_if(no_total_gross_margin) AS total_gross_margin,
    count_if(no_event_count) AS event_count
FROM checked_rows
