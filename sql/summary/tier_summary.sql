-- Grain: one row per tier of the model, with or without customers, and one for all (tier total).
-- Inputs: model_tiers, tier_totals, tier_mean_scores, tier_retention: a handful of rows each.
-- Shuffles: none that grows with customers.
-- Values: :has_arr, :previous_as_of.
-- Why: what a tier holds now, and how much of the revenue of those who were in it before has stayed.
WITH all_tiers AS (
    SELECT
        tier,
        tier_name
    FROM model_tiers
    UNION ALL
    SELECT
        'total' AS tier,
        'All tiers' AS tier_name
),

base AS (
    SELECT
        customers,
        total_revenue,
        total_gross_margin,
        arr
    FROM tier_totals
    WHERE tier = 'total'
)

SELECT
    all_tiers.tier,
    all_tiers.tier_name,
    coalesce(totals.customers, 0) AS customers,
    CAST(
        divide_half_up(coalesce(totals.customers, 0) * 1000000, base.customers) / 1000000
        AS DECIMAL(38, 6)
    ) AS customer_share,
    CAST(coalesce(totals.total_revenue, 0) AS DECIMAL(28, 2)) AS total_revenue,
    CAST(
        divide_half_up(coalesce(totals.total_revenue, 0) * 100000000, base.total_revenue * 100) / 1000000
        AS DECIMAL(38, 6)
    ) AS revenue_share,
    CAST(coalesce(totals.total_gross_margin, 0) AS DECIMAL(28, 2)) AS total_gross_margin,
    CAST(
        divide_half_up(coalesce(totals.total_gross_margin, 0) * 100000000, base.total_gross_margin * 100)
        / 1000000
        AS DECIMAL(38, 6)
    ) AS margin_share,
    CAST(if(:has_arr, coalesce(totals.arr, 0), NULL) AS DECIMAL(28, 2)) AS arr,
    CAST(
        divide_half_up(coalesce(totals.arr, 0) * 100000000, base.arr * 100) / 1000000 AS DECIMAL(38, 6)
    ) AS arr_share,
    CAST(totals.mean_health_micros * 0.000001BD AS DECIMAL(38, 6)) AS mean_health,
    mean_scores.* EXCEPT (tier),
    CAST(:previous_as_of AS DATE) AS previous_as_of,
    if(
        CAST(:previous_as_of AS DATE) IS NULL, NULL, coalesce(retention.retention_customers, 0)
    ) AS retention_customers,
    CAST(retention.net_revenue_retention AS DECIMAL(38, 6)) AS net_revenue_retention,
    CAST(retention.gross_revenue_retention AS DECIMAL(38, 6)) AS gross_revenue_retention
FROM all_tiers
LEFT JOIN base ON TRUE
LEFT JOIN tier_totals AS totals ON all_tiers.tier = totals.tier
LEFT JOIN tier_mean_scores AS mean_scores ON all_tiers.tier = mean_scores.tier
LEFT JOIN tier_retention AS retention ON all_tiers.tier = retention.tier
