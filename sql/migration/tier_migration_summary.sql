-- Grain: one row per movement, from_tier and to_tier; everybody is counted.
-- Input: movements. Shuffles: one, of a few rows a task.
SELECT
    CAST(:previous_as_of AS DATE) AS previous_as_of,
    movement,
    from_tier,
    to_tier,
    count(*) AS customers,
    CAST(sum(revenue_before) AS DECIMAL(28, 2)) AS revenue_before,
    CAST(sum(revenue_after) AS DECIMAL(28, 2)) AS revenue_after,
    CAST(sum(revenue_impact) AS DECIMAL(28, 2)) AS revenue_impact
FROM movements
GROUP BY movement, from_tier, to_tier
