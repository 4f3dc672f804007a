-- Grain: one row per event in the windows that end with the dates, or between two of them.
-- Input: events. Shuffles: none.
-- Values: :first_as_of, :window_months.
-- Why: the events of all dates are read and sent to their customers once; customer_units tells which of them
-- are in the window of which date.
SELECT *
FROM events
WHERE event_date > add_months(:first_as_of, -:window_months)
