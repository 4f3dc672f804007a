-- Grain: one row per event in the window that ends with as_of.
-- Input: events. Shuffles: none.
-- Values: :as_of, :window_months.
SELECT *
FROM events
WHERE event_date > add_months(:as_of, -:window_months)
