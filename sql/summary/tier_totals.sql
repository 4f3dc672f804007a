-- Grain: one row per tier with customers, and one for all (tier total).
-- Input: current_snapshot (as published). Shuffles: one, of a few rows a task.
SELECT
    if(grouping(tier) = 1, 'total', tier) AS tier,
    count(*) AS customers,
    sum(total_revenue) AS total_revenue,
    sum(total_gross_margin) AS total_gross_margin,
    sum(arr) AS arr,
    divide_half_up(sum(health_score) * 1000000, count(health_score)) AS mean_health_micros
FROM current_snapshot
GROUP BY tier WITH ROLLUP
