-- Grain: one row per date and customer with an event on or before it, whether or not it will be scored.
-- Inputs: customer_activity, and behind its codes business_unit_texts, cs_representative_texts, region_texts.
-- Shuffles: none: the few distinct values are broadcast.
-- Values: :money_unit.
-- Why: every measure a model can rank, compare or publish is a column here. A new metric is one more
-- column and one line of a model. Counts and money of a customer without events in the window are 0.
-- Money is rounded half up to cents here, once, and all that follows from it uses the rounded sum. A sum that
-- its column can't hold is NULL: jobs/core/quality/sums.py refuses it, by the unrounded one.
-- Ordinary amounts are divided as BIGINT: 1.9 million quotients take 0.3 s, warm, as decimals 2.7; these take
-- the huge ones. (A function's arguments are evaluated wherever it stands, so they are guarded again.)
-- In the reference query: features, without the limits of its round() and with everybody, scored or not.
WITH unrounded AS (
    SELECT
        * EXCEPT (total_events, recent_events, earlier_events),
        CAST(coalesce(revenue_units, 0) * :money_unit AS DECIMAL(38, 6)) AS unrounded_total_revenue,
        CAST(coalesce(margin_units, 0) * :money_unit AS DECIMAL(38, 6)) AS unrounded_total_gross_margin,
        CAST(lifetime_revenue_units * :money_unit AS DECIMAL(38, 6)) AS unrounded_lifetime_revenue,
        try_cast(coalesce(total_events, 0) AS BIGINT) AS total_events,
        try_cast(coalesce(recent_events, 0) AS BIGINT) AS recent_events,
        try_cast(coalesce(earlier_events, 0) AS BIGINT) AS earlier_events
    FROM customer_activity
),

rounded AS (
    SELECT
        *,
        try_cast(unrounded_total_revenue AS DECIMAL(18, 2)) AS total_revenue,
        try_cast(unrounded_total_gross_margin AS DECIMAL(18, 2)) AS total_gross_margin,
        try_cast(unrounded_lifetime_revenue AS DECIMAL(18, 2)) AS lifetime_revenue
    FROM unrounded
),

in_cents AS (
    SELECT
        *,
        CAST(total_revenue * 100 AS BIGINT) AS revenue_cents,
        CAST(total_gross_margin * 100 AS BIGINT) AS margin_cents
    FROM rounded
),

activity AS (
    SELECT
        *,
        abs(margin_cents) < 400000000000000 AND abs(revenue_cents) < 100000000000000000 AS is_ordinary,
        recent_events BETWEEN -999999999999 AND 999999999999
        AND earlier_events BETWEEN -999999999999 AND 999999999999 AS are_few_events
    FROM in_cents
)

SELECT
    activity.as_of,
    activity.customer_key,
    representatives.distinct_text AS cs_representative,
    regions.distinct_text AS region,
    business_units.distinct_text AS main_business_unit,
    activity.total_revenue,
    activity.total_gross_margin,
    CAST(
        if(
            activity.is_ordinary,
            CAST(
                divide_whole_half_up(
                    if(activity.is_ordinary, activity.margin_cents, 0) * 10000, activity.revenue_cents
                ) AS DECIMAL(38, 0)
            ),
            divide_half_up(activity.margin_cents * 10000BD, activity.revenue_cents)
        ) * 0.01BD AS DECIMAL(38, 2)
    ) AS margin_rate_pct,
    activity.total_events,
    activity.active_months,
    -- A quotient is ranked as the DOUBLE it is, and published with 6 decimals.
    activity.total_events / nullif(activity.active_months, 0) AS events_per_active_month,
    activity.recent_events,
    activity.earlier_events,
    CAST(
        if(
            activity.are_few_events,
            CAST(
                divide_whole_half_up(
                    if(activity.are_few_events, activity.recent_events - activity.earlier_events, 0)
                    * 1000000,
                    activity.earlier_events
                ) AS DECIMAL(38, 0)
            ),
            divide_half_up(
                (CAST(activity.recent_events AS DECIMAL(20, 0)) - activity.earlier_events) * 1000000BD,
                activity.earlier_events
            )
        ) * 0.000001BD AS DECIMAL(38, 6)
    ) AS events_trend,
    activity.distinct_products,
    activity.distinct_business_units,
    activity.active_accounts,
    activity.total_accounts,
    CAST(
        divide_whole_half_up(activity.revenue_cents, activity.active_accounts) * 0.01BD AS DECIMAL(18, 2)
    ) AS revenue_per_active_account,
    activity.first_event_date,
    activity.last_event_date,
    datediff(activity.as_of, activity.last_event_date) AS days_since_last_event,
    activity.lifetime_revenue,
    activity.unrounded_total_revenue,
    activity.unrounded_total_gross_margin,
    activity.unrounded_lifetime_revenue,
    activity.unknown_accounts,
    activity.conflicting_accounts,
    activity.event_rows
FROM activity
LEFT JOIN business_unit_texts AS business_units ON activity.main_unit_code = business_units.code
LEFT JOIN cs_representative_texts AS representatives ON activity.representative_code = representatives.code
LEFT JOIN region_texts AS regions ON activity.region_code = regions.code
