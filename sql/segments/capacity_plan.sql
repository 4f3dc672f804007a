-- Grain: one row per value segment, one per CS representative (NULL is one like others), one for all.
-- Inputs: scored_segments, engagement_models (what each segment is due). Shuffles: two, of few rows a task.
-- Why: what the customers are due takes people. Those needed are customers over customers a person, rounded
-- half up to 6 decimals for each segment (of each representative) and then added, of what is decided. A
-- segment or representative without customers has no row.
WITH held AS (
    SELECT
        value_segment,
        cs_representative,
        grouping(cs_representative) = 1 AS is_whole_segment,
        count(*) AS customers,
        count_if(service_match = 'over-served') AS over_served,
        count_if(service_match = 'under-served') AS under_served
    FROM scored_segments
    GROUP BY GROUPING SETS ((value_segment, cs_representative), (value_segment))
),

needed AS (
    SELECT
        held.*,
        divide_half_up(held.customers * 100000000BD, engagement.customers_per_csm_from * 100) AS csms_most,
        divide_half_up(held.customers * 100000000BD, engagement.customers_per_csm_to * 100) AS csms_least,
        held.customers * engagement.qbrs_per_year AS qbrs,
        held.customers * engagement.touches_per_year AS touches
    FROM held
    LEFT JOIN engagement_models AS engagement ON held.value_segment = engagement.value_segment
),

scoped AS (
    SELECT
        if(is_whole_segment, 'value_segment', 'cs_representative') AS scope_kind,
        if(is_whole_segment, value_segment, cs_representative) AS scope_value,
        * EXCEPT (value_segment, cs_representative, is_whole_segment)
    FROM needed
    UNION ALL
    SELECT
        'total' AS scope_kind,
        NULL AS scope_value,
        * EXCEPT (value_segment, cs_representative, is_whole_segment)
    FROM needed
    WHERE is_whole_segment
)

SELECT
    scope_kind,
    scope_value,
    sum(customers) AS customers,
    CAST(sum(csms_most) * 0.000001BD AS DECIMAL(38, 6)) AS csms_at_low_ratio,
    CAST(sum(csms_least) * 0.000001BD AS DECIMAL(38, 6)) AS csms_at_high_ratio,
    CAST(sum(qbrs) * 0.25BD AS DECIMAL(28, 4)) AS qbrs_per_quarter,
    CAST(sum(touches) * 0.25BD AS DECIMAL(28, 4)) AS touches_per_quarter,
    sum(over_served) AS over_served,
    sum(under_served) AS under_served
FROM scoped
GROUP BY scope_kind, scope_value
