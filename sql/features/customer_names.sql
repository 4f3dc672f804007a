-- Grain: one row per date and customer with an event on or before it.
-- Inputs: events, snapshot_dates. Shuffles: two, by customer and name, then by customer.
-- Why: needed only where the name is an attribute beside another key. The name is that of the latest event
-- date; the smallest if there are several, NULL last. The dates go first by name, so that the
-- comparison of texts sees a row or two per customer and not all events; an event is counted for the first
-- of the dates that sees it, so that many dates cost no more rows. In the reference query: base_12m's
-- customer_name.
WITH names AS (
    SELECT /*+ BROADCAST(dates) */ -- noqa: CP03
        events.customer_key,
        events.customer_name,
        dates.as_of AS first_as_of,
        max(events.event_date) AS last_event_date
    FROM events
    INNER JOIN snapshot_dates AS dates
        ON events.event_date <= dates.as_of AND coalesce(events.event_date > dates.previous_as_of, TRUE)
    GROUP BY events.customer_key, events.customer_name, dates.as_of
),

together AS (
    SELECT *
    FROM names
    DISTRIBUTE BY customer_key
)

SELECT /*+ BROADCAST(dates) */ -- noqa: CP03
    dates.as_of,
    together.customer_key,
    min_by(
        together.customer_name,
        struct(
            -unix_date(together.last_event_date), together.customer_name IS NULL, together.customer_name
        )
    ) AS customer_name
FROM together
INNER JOIN snapshot_dates AS dates ON together.first_as_of <= dates.as_of
GROUP BY dates.as_of, together.customer_key
