-- Grain: one row per axis and segment of the model, with or without customers, and one for all (axis total).
-- Inputs: scored_segments (the scored customers' segments, as published), known_segments (of the model, with
-- the expected shares). Shuffles: one, of a few rows a task.
-- Why: what each segment holds, beside what it was expected to.
WITH held AS (
    SELECT
        CASE
            WHEN grouping(tier) = 0 THEN 'tier'
            WHEN grouping(value_segment) = 0 THEN 'value_segment'
            WHEN grouping(behavior_segment) = 0 THEN 'behavior_segment'
            WHEN grouping(health_state) = 0 THEN 'health_state'
            ELSE 'total'
        END AS axis,
        coalesce(tier, value_segment, behavior_segment, health_state) AS segment,
        count(*) AS customers,
        sum(total_revenue) AS total_revenue,
        sum(arr) AS arr,
        sum(health_score) AS health_scores,
        count(health_score) AS health_scores_known
    FROM scored_segments
    GROUP BY GROUPING SETS ((tier), (value_segment), (behavior_segment), (health_state), ())
),

base AS (
    SELECT
        customers,
        arr
    FROM held
    WHERE axis = 'total'
)

SELECT
    known.axis,
    known.segment,
    coalesce(held.customers, 0) AS customers,
    CAST(
        divide_half_up(coalesce(held.customers, 0) * 1000000, base.customers) * 0.000001BD AS DECIMAL(38, 6)
    ) AS customer_share,
    known.expected_customers_from,
    known.expected_customers_to,
    CAST(coalesce(held.total_revenue, 0) AS DECIMAL(28, 2)) AS total_revenue,
    CAST(coalesce(held.arr, 0) AS DECIMAL(28, 2)) AS arr,
    CAST(
        divide_half_up(coalesce(held.arr, 0) * 100000000, base.arr * 100) * 0.000001BD AS DECIMAL(38, 6)
    ) AS arr_share,
    known.expected_arr_from,
    known.expected_arr_to,
    CAST(
        divide_half_up(held.health_scores * 1000000, held.health_scores_known) * 0.000001BD AS DECIMAL(38, 6)
    ) AS mean_health
FROM known_segments AS known
LEFT JOIN base ON TRUE
LEFT JOIN held ON known.axis = held.axis AND known.segment <=> held.segment
