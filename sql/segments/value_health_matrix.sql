-- Grain: one row per quadrant of the model, and one (quadrant NULL) for customers whose health is not known.
-- Inputs: scored_segments, model_quadrants. Shuffles: one, of a few rows a task.
-- Why: how many customers and how much money each strategy is for.
WITH held AS (
    SELECT
        quadrant,
        count(*) AS customers,
        sum(total_revenue) AS total_revenue,
        sum(arr) AS arr
    FROM scored_segments
    GROUP BY quadrant
)

SELECT
    quadrants.quadrant,
    quadrants.strategy,
    coalesce(held.customers, 0) AS customers,
    CAST(coalesce(held.total_revenue, 0) AS DECIMAL(28, 2)) AS total_revenue,
    CAST(coalesce(held.arr, 0) AS DECIMAL(28, 2)) AS arr
FROM model_quadrants AS quadrants
LEFT JOIN held ON quadrants.quadrant <=> held.quadrant
