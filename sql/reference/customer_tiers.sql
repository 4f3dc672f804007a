-- The model profitability_adherence, whole, as one plain query: to be read before all other SQL here.
-- Grain: one row per scored customer, as the pipeline publishes it in customer_tiers for one date, but for
-- the columns model and run_id. Who was seen and isn't here is in excluded_customers.
-- Inputs, tables or views: fct_revenues (customer_name, business_unit, product, event_date, total_revenue,
-- total_gross_margin, event_count, cs_representative, region, account_id) and dim_accounts (account_id,
-- status). Facts must have a customer, a date, amounts and a count; the pipeline sets aside those that don't.
-- Money as FLOAT is to be cast to STRING before, and a text with a time and an offset to TIMESTAMP.
-- What it is for: to understand the method; to ask by hand, in any editor for Spark SQL or Databricks SQL
-- (Spark 3.4 or later), changing the date in params and nothing else; and to hold the pipeline to: tests
-- compare the rows.
-- Why there is a pipeline: it publishes the same rows for bases of any size. Here one task ranks all
-- customers by a measure, and every event travels once more for each count(DISTINCT).
-- The numbers are those of conf/models/profitability_adherence.yaml. sql/METHODOLOGY.md says why they are
-- so, sql/GLOSSARY.md what the words mean.
WITH params AS (
    SELECT DATE '2024-12-31' AS as_of -- the date the rows speak for: to be changed here
),

-- Every fact on or before as_of; later ones are outside, not bad. Amounts keep up to 6 decimals until a
-- customer's sum is rounded: a thousand messages at 0.0075 are 7.50, not 10.00.
all_facts AS (
    SELECT
        (SELECT params.as_of FROM params) AS as_of,
        customer_name AS customer_key, -- or what customer_key of the run's configuration names
        customer_name,
        business_unit,
        product,
        CAST(event_date AS DATE) AS event_date,
        CAST(total_revenue AS DECIMAL(22, 6)) AS revenue,
        CAST(total_gross_margin AS DECIMAL(22, 6)) AS gross_margin,
        CAST(event_count AS BIGINT) AS event_count,
        cs_representative,
        region,
        account_id
    FROM fct_revenues
    WHERE CAST(event_date AS DATE) <= (SELECT params.as_of FROM params)
),

-- add_months clamps to the end of a shorter month: 12 months before 29 February is 28 February, which is
-- outside itself.
facts AS (
    SELECT *
    FROM all_facts
    WHERE event_date > add_months(as_of, -12)
),

-- Each account once: active if any of its rows says so, without case and what doesn't show: white space at
-- the ends, and characters without width (as functions/as_seen.sql). An id that shows nothing is none.
accounts AS (
    SELECT
        account_id,
        coalesce(
            bool_or(
                lower(
                    regexp_replace(
                        regexp_replace(
                            status,
                            r'[\p{Cc}\p{Cf}\u034F\u17B4\u17B5\u180B-\u180F\uFE00-\uFE0F'
                            || r'&&[^\p{IsWhite_Space}]]',
                            ''
                        ),
                        r'^[\p{IsWhite_Space}\u115F\u1160\u2800\u3164\uFFA0]+'
                        || r'|[\p{IsWhite_Space}\u115F\u1160\u2800\u3164\uFFA0]+\z',
                        ''
                    )
                ) = 'active'
            ),
            FALSE
        ) AS is_active
    FROM dim_accounts
    WHERE
        account_id RLIKE (
            r'[^\p{Cc}\p{Cf}\u034F\u17B4\u17B5\u180B-\u180F\uFE00-\uFE0F'
            || r'\p{IsWhite_Space}\u115F\u1160\u2800\u3164\uFFA0]'
        )
    GROUP BY account_id
),

-- The last 12 months of each customer. Money is rounded here, once, half up; all that follows uses the
-- rounded sums. Name, representative and region are those of the latest date; if it has several, the first
-- in binary order, NULL last.
base_12m AS (
    SELECT
        facts.as_of,
        facts.customer_key,
        min_by(
            facts.customer_name,
            struct(datediff(facts.as_of, facts.event_date), facts.customer_name IS NULL, facts.customer_name)
        ) AS customer_name,
        min_by(
            facts.cs_representative,
            struct(
                datediff(facts.as_of, facts.event_date),
                facts.cs_representative IS NULL,
                facts.cs_representative
            )
        ) AS cs_representative,
        min_by(
            facts.region,
            struct(datediff(facts.as_of, facts.event_date), facts.region IS NULL, facts.region)
        ) AS region,
        CAST(sum(facts.revenue) AS DECIMAL(18, 2)) AS total_revenue,
        CAST(sum(facts.gross_margin) AS DECIMAL(18, 2)) AS total_gross_margin,
        sum(facts.event_count) AS total_events,
        count(DISTINCT trunc(facts.event_date, 'MM')) AS active_months,
        sum(
            CASE WHEN facts.event_date > add_months(facts.as_of, -3) THEN facts.event_count ELSE 0 END
        ) AS recent_events,
        sum(
            CASE
                WHEN facts.event_date <= add_months(facts.as_of, -6) THEN 0
                WHEN facts.event_date <= add_months(facts.as_of, -3) THEN facts.event_count
                ELSE 0
            END
        ) AS earlier_events,
        count(DISTINCT facts.product) AS distinct_products,
        count(DISTINCT facts.business_unit) AS distinct_business_units,
        count(DISTINCT CASE WHEN accounts.is_active THEN accounts.account_id END) AS active_accounts,
        count(DISTINCT accounts.account_id) AS total_accounts,
        max(facts.event_date) AS last_event_date
    FROM facts
    LEFT JOIN accounts ON facts.account_id = accounts.account_id
    GROUP BY facts.as_of, facts.customer_key
),

-- The business unit with the most revenue, unrounded; ties as above, NULL being a unit like others.
unit_revenues AS (
    SELECT
        customer_key,
        business_unit,
        sum(revenue) AS revenue
    FROM facts
    GROUP BY customer_key, business_unit
),

main_units AS (
    SELECT
        customer_key,
        min_by(
            business_unit, struct(-revenue, business_unit IS NULL, business_unit)
        ) AS main_business_unit
    FROM unit_revenues
    GROUP BY customer_key
),

-- Two measures look back further than the window.
history AS (
    SELECT
        customer_key,
        min(event_date) AS first_event_date,
        CAST(sum(revenue) AS DECIMAL(18, 2)) AS lifetime_revenue
    FROM all_facts
    GROUP BY customer_key
),

-- What is derived. Quotients are rounded half up: Spark divides decimals to 16 places or more, so that
-- rounding again is the same as rounding once (margin_rate_pct: up to a revenue of a trillion; events_trend:
-- to as many events; functions/divide_half_up.sql has no limit). events_per_active_month is ranked as the
-- DOUBLE it is. Who has no active account in the window isn't scored, and is nobody's peer.
features AS (
    SELECT
        base_12m.*,
        main_units.main_business_unit,
        history.first_event_date,
        history.lifetime_revenue,
        CAST(
            round(100 * base_12m.total_gross_margin / nullif(base_12m.total_revenue, 0), 2) AS DECIMAL(38, 2)
        ) AS margin_rate_pct,
        base_12m.total_events / base_12m.active_months AS events_per_active_month,
        CAST(
            round(
                CAST(base_12m.recent_events - base_12m.earlier_events AS DECIMAL(20, 0))
                / nullif(base_12m.earlier_events, 0),
                6
            ) AS DECIMAL(38, 6)
        ) AS events_trend,
        CAST(
            round(base_12m.total_revenue / base_12m.active_accounts, 2) AS DECIMAL(18, 2)
        ) AS revenue_per_active_account,
        datediff(base_12m.as_of, base_12m.last_event_date) AS days_since_last_event
    FROM base_12m
    INNER JOIN main_units ON base_12m.customer_key = main_units.customer_key
    INNER JOIN history ON base_12m.customer_key = history.customer_key
    WHERE base_12m.active_accounts > 0
),

-- The share of a customer's other peers (here all scored customers) that have strictly less.
percentiles AS (
    SELECT
        *,
        CAST(count(*) OVER () AS INT) AS peers,
        percent_rank() OVER (ORDER BY total_gross_margin) AS total_gross_margin_percentile,
        percent_rank() OVER (ORDER BY total_revenue) AS total_revenue_percentile,
        percent_rank() OVER (ORDER BY total_events) AS total_events_percentile,
        percent_rank() OVER (ORDER BY events_per_active_month) AS events_per_active_month_percentile,
        percent_rank() OVER (ORDER BY distinct_products) AS distinct_products_percentile,
        percent_rank() OVER (ORDER BY distinct_business_units) AS distinct_business_units_percentile,
        percent_rank() OVER (ORDER BY days_since_last_event) AS days_since_last_event_percentile
    FROM features
),

-- percent_rank() is below / (peers - 1), below being how many peers have less (rank() - 1). The nearest whole
-- number brings it back from the DOUBLE. A single customer has percentile 0, and is given one other peer, so
-- that nothing is divided by 0.
ranks AS (
    SELECT
        *,
        CAST(greatest(peers - 1, 1) AS BIGINT) AS other_peers,
        CAST(round(total_gross_margin_percentile * (peers - 1)) AS INT) AS total_gross_margin_below,
        CAST(round(total_revenue_percentile * (peers - 1)) AS INT) AS total_revenue_below,
        CAST(round(total_events_percentile * (peers - 1)) AS INT) AS total_events_below,
        CAST(round(events_per_active_month_percentile * (peers - 1)) AS INT) AS events_per_active_month_below,
        CAST(round(distinct_products_percentile * (peers - 1)) AS INT) AS distinct_products_below,
        CAST(round(distinct_business_units_percentile * (peers - 1)) AS INT) AS distinct_business_units_below,
        CAST(round(days_since_last_event_percentile * (peers - 1)) AS INT) AS days_since_last_event_below
    FROM percentiles
),

-- Points are weight * 100 * percentile, rounded half up to 6 decimals: round(55 * percent_rank(), 6) for the
-- margin, were it exact. But with 641 customers, 23 of them below, that is 1.9765625, so 1.976563; and the
-- DOUBLE, a little less, makes it 1.976562. So points are counted in whole millionths, where adding half the
-- divisor before DIV, which cuts, rounds half up. Few days since the last event are better than many: there
-- 1 - percentile counts. A score is the sum of its points as they are published, to the last digit.
scores AS (
    SELECT
        *,
        CAST(
            (55000000L * total_gross_margin_below + other_peers DIV 2) DIV other_peers * 0.000001BD
            AS DECIMAL(9, 6)
        ) AS total_gross_margin_points,
        CAST(
            (45000000L * total_revenue_below + other_peers DIV 2) DIV other_peers * 0.000001BD
            AS DECIMAL(9, 6)
        ) AS total_revenue_points,
        CAST(
            (30000000L * total_events_below + other_peers DIV 2) DIV other_peers * 0.000001BD
            AS DECIMAL(9, 6)
        ) AS total_events_points,
        CAST(
            (25000000L * events_per_active_month_below + other_peers DIV 2) DIV other_peers * 0.000001BD
            AS DECIMAL(9, 6)
        ) AS events_per_active_month_points,
        CAST(
            (20000000L * distinct_products_below + other_peers DIV 2) DIV other_peers * 0.000001BD
            AS DECIMAL(9, 6)
        ) AS distinct_products_points,
        CAST(
            (10000000L * distinct_business_units_below + other_peers DIV 2) DIV other_peers * 0.000001BD
            AS DECIMAL(9, 6)
        ) AS distinct_business_units_points,
        CAST(
            (15000000L * (other_peers - days_since_last_event_below) + other_peers DIV 2) DIV other_peers
            * 0.000001BD
            AS DECIMAL(9, 6)
        ) AS days_since_last_event_points,
        CAST(total_gross_margin_points + total_revenue_points AS DECIMAL(9, 6)) AS profitability_score,
        CAST(
            total_events_points + events_per_active_month_points + distinct_products_points
            + distinct_business_units_points + days_since_last_event_points
            AS DECIMAL(9, 6)
        ) AS adherence_score
    FROM ranks
),

-- The tier compares the scores as they are published. All flags that hold, in order of priority.
decided AS (
    SELECT
        *,
        CASE
            WHEN profitability_score >= 70 AND adherence_score >= 70 THEN 'A'
            WHEN profitability_score >= 70 THEN 'B'
            WHEN adherence_score >= 70 THEN 'C'
            ELSE 'D'
        END AS tier,
        array_compact(
            array(
                CASE
                    WHEN days_since_last_event >= 90
                        THEN named_struct('flag', 'CHURN_RISK', 'recommended_action', 'Immediate CS contact')
                END,
                CASE
                    WHEN days_since_last_event >= 60 AND days_since_last_event < 90
                        THEN named_struct('flag', 'WARNING', 'recommended_action', 'Proactive check-in')
                END,
                CASE
                    WHEN active_months >= 10 AND distinct_products = 1
                        THEN named_struct('flag', 'XSELL', 'recommended_action', 'Portfolio expansion')
                END,
                CASE
                    WHEN profitability_score >= 70 AND active_accounts = 1
                        THEN named_struct('flag', 'EXPANSION', 'recommended_action', 'Account growth')
                END,
                CASE
                    WHEN first_event_date > add_months(as_of, -3)
                        THEN named_struct('flag', 'NEW', 'recommended_action', 'Onboarding follow-up')
                END
            )
        ) AS flags_that_hold
    FROM scores
),

-- The columns in the order in which they are published. Who has no flag is REGULAR.
final AS (
    SELECT
        as_of,
        customer_key,
        customer_name,
        cs_representative,
        region,
        main_business_unit,
        total_revenue,
        total_gross_margin,
        margin_rate_pct,
        total_events,
        active_months,
        CAST(events_per_active_month AS DECIMAL(18, 6)) AS events_per_active_month,
        recent_events,
        earlier_events,
        events_trend,
        distinct_products,
        distinct_business_units,
        active_accounts,
        total_accounts,
        revenue_per_active_account,
        first_event_date,
        last_event_date,
        days_since_last_event,
        lifetime_revenue,
        '{}' AS peer_group, -- the whole base
        peers,
        total_gross_margin_below,
        total_revenue_below,
        total_events_below,
        events_per_active_month_below,
        distinct_products_below,
        distinct_business_units_below,
        days_since_last_event_below,
        total_gross_margin_points,
        total_revenue_points,
        total_events_points,
        events_per_active_month_points,
        distinct_products_points,
        distinct_business_units_points,
        days_since_last_event_points,
        profitability_score,
        adherence_score,
        tier,
        CASE tier
            WHEN 'A' THEN 'Strategic'
            WHEN 'B' THEN 'Margin Power'
            WHEN 'C' THEN 'High Adherence Cost'
            ELSE 'Basic/Attention'
        END AS tier_name,
        CASE
            WHEN size(flags_that_hold) > 0 THEN flags_that_hold
            ELSE array(named_struct('flag', 'REGULAR', 'recommended_action', 'Standard monitoring'))
        END AS action_flags,
        CASE WHEN size(flags_that_hold) > 0 THEN flags_that_hold[0].flag ELSE 'REGULAR' END AS action_flag
    FROM decided
)

SELECT * FROM final
