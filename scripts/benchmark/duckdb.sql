-- The columns of customer_tiers, as one query for DuckDB, written for its speed.
-- Texts of the facts become codes in the order of the texts (NULL last): codes are cheaper to group, count
-- and compare. Products are a bit each, of which a HUGEINT holds 126: with more the run is refused.
WITH business_units AS (
    SELECT business_unit, row_number() OVER (ORDER BY business_unit NULLS LAST) AS unit_code
    FROM (SELECT DISTINCT business_unit FROM fct_revenues)
),

representatives AS (
    SELECT cs_representative, row_number() OVER (ORDER BY cs_representative NULLS LAST) AS representative_code
    FROM (SELECT DISTINCT cs_representative FROM fct_revenues)
),

regions AS (
    SELECT region, row_number() OVER (ORDER BY region NULLS LAST) AS region_code
    FROM (SELECT DISTINCT region FROM fct_revenues)
),

products AS (
    SELECT
        product,
        CASE
            WHEN count(*) OVER () > 126 THEN error('more than 126 products')
            WHEN product IS NULL THEN 0
            ELSE 1::HUGEINT << (row_number() OVER (ORDER BY product NULLS LAST))::INTEGER
        END AS product_bit
    FROM (SELECT DISTINCT product FROM fct_revenues)
),

facts AS (
    SELECT
        facts.customer_name AS customer_key,
        business_units.unit_code,
        products.product_bit,
        facts.event_date,
        facts.event_count,
        facts.total_revenue,
        facts.total_gross_margin,
        facts.event_date > getvariable('as_of') - INTERVAL 12 MONTH AS in_window,
        (year(getvariable('as_of')) - year(facts.event_date)) * 12
        + month(getvariable('as_of')) - month(facts.event_date) AS months_ago,
        -- The least is the latest event's, and of those the first in the order of texts.
        (getvariable('as_of') - facts.event_date) * 4294967296 + representatives.representative_code
            AS latest_representative,
        (getvariable('as_of') - facts.event_date) * 4294967296 + regions.region_code AS latest_region
    FROM fct_revenues AS facts
    JOIN business_units ON facts.business_unit IS NOT DISTINCT FROM business_units.business_unit
    JOIN products ON facts.product IS NOT DISTINCT FROM products.product
    JOIN representatives ON facts.cs_representative IS NOT DISTINCT FROM representatives.cs_representative
    JOIN regions ON facts.region IS NOT DISTINCT FROM regions.region
    WHERE facts.event_date <= getvariable('as_of')
),

customer_units AS (
    SELECT
        customer_key,
        unit_code,
        count(*) FILTER (in_window) > 0 AS is_in_window,
        sum(total_revenue) FILTER (in_window) AS total_revenue,
        sum(total_gross_margin) FILTER (in_window) AS total_gross_margin,
        sum(event_count) FILTER (in_window) AS total_events,
        bit_or(1 << months_ago) FILTER (in_window) AS month_bits,
        bit_or(product_bit) FILTER (in_window) AS product_bits,
        min(latest_representative) AS latest_representative,
        min(latest_region) AS latest_region,
        min(event_date) AS first_event_date,
        max(event_date) AS last_event_date,
        sum(total_revenue) AS lifetime_revenue
    FROM facts
    GROUP BY customer_key, unit_code
),

activity AS (
    SELECT
        customer_key,
        sum(total_revenue)::DECIMAL(18, 2) AS total_revenue,
        sum(total_gross_margin)::DECIMAL(18, 2) AS total_gross_margin,
        sum(total_events)::BIGINT AS total_events,
        bit_count(bit_or(month_bits))::INTEGER AS active_months,
        bit_count(bit_or(product_bits))::INTEGER AS distinct_products,
        count(business_unit) FILTER (is_in_window)::INTEGER AS distinct_business_units,
        (
            min({less: -total_revenue, unit_code: customer_units.unit_code}) FILTER (is_in_window)
        ).unit_code AS main_unit_code,
        min(latest_representative) % 4294967296 AS representative_code,
        min(latest_region) % 4294967296 AS region_code,
        min(first_event_date) AS first_event_date,
        max(last_event_date) AS last_event_date,
        sum(lifetime_revenue)::DECIMAL(18, 2) AS lifetime_revenue
    FROM customer_units
    JOIN business_units ON customer_units.unit_code = business_units.unit_code
    GROUP BY customer_key
),

used_accounts AS (
    SELECT DISTINCT customer_name AS customer_key, account_id
    FROM fct_revenues
    WHERE event_date > getvariable('as_of') - INTERVAL 12 MONTH AND event_date <= getvariable('as_of')
),

listed_accounts AS (
    SELECT account_id, coalesce(bool_or(lower(trim(status, ' ')) = 'active'), FALSE) AS is_active
    FROM dim_accounts
    GROUP BY account_id
),

customer_accounts AS (
    SELECT
        customer_key,
        count_if(is_active)::INTEGER AS active_accounts,
        count(*)::INTEGER AS total_accounts
    FROM used_accounts
    JOIN listed_accounts ON used_accounts.account_id = listed_accounts.account_id
    GROUP BY customer_key
    HAVING active_accounts > 0
),

scored AS (
    SELECT
        activity.*,
        active_accounts,
        total_accounts,
        total_events::DOUBLE / active_months AS events_per_active_month,
        getvariable('as_of') - last_event_date AS days_since_last_event
    FROM activity
    JOIN customer_accounts ON activity.customer_key = customer_accounts.customer_key
),

-- Only the key goes through the sorts with the metrics: carrying all columns takes twice the time.
-- Counted by value where values are few (a third of the time of sorting), sorted where they are many.
total_events_ranks AS (
    SELECT total_events, sum(n) OVER (ORDER BY total_events) - n AS total_events_below
    FROM (SELECT total_events, count(*) AS n FROM scored GROUP BY total_events)
),

events_per_active_month_ranks AS (
    SELECT events_per_active_month, sum(n) OVER (ORDER BY events_per_active_month) - n AS events_per_active_month_below
    FROM (SELECT events_per_active_month, count(*) AS n FROM scored GROUP BY events_per_active_month)
),

distinct_products_ranks AS (
    SELECT distinct_products, sum(n) OVER (ORDER BY distinct_products) - n AS distinct_products_below
    FROM (SELECT distinct_products, count(*) AS n FROM scored GROUP BY distinct_products)
),

distinct_business_units_ranks AS (
    SELECT distinct_business_units, sum(n) OVER (ORDER BY distinct_business_units) - n AS distinct_business_units_below
    FROM (SELECT distinct_business_units, count(*) AS n FROM scored GROUP BY distinct_business_units)
),

days_since_last_event_ranks AS (
    SELECT days_since_last_event, sum(n) OVER (ORDER BY days_since_last_event) - n AS days_since_last_event_below
    FROM (SELECT days_since_last_event, count(*) AS n FROM scored GROUP BY days_since_last_event)
),

ranks AS (
    SELECT
        customer_key,
        count(*) OVER () AS peers,
        rank() OVER (ORDER BY total_gross_margin) - 1 AS total_gross_margin_below,
        rank() OVER (ORDER BY total_revenue) - 1 AS total_revenue_below,
        total_events_below,
        events_per_active_month_below,
        distinct_products_below,
        distinct_business_units_below,
        days_since_last_event_below
    FROM scored
    INNER JOIN total_events_ranks USING (total_events)
    INNER JOIN events_per_active_month_ranks USING (events_per_active_month)
    INNER JOIN distinct_products_ranks USING (distinct_products)
    INNER JOIN distinct_business_units_ranks USING (distinct_business_units)
    INNER JOIN days_since_last_event_ranks USING (days_since_last_event)
),

-- Points are whole millionths until they are published; a basis point of weight is 10,000 at most.
points AS (
    SELECT
        *,
        greatest(peers - 1, 1) AS others,
        (55000000 * total_gross_margin_below + others // 2) // others AS total_gross_margin_micro,
        (45000000 * total_revenue_below + others // 2) // others AS total_revenue_micro,
        (30000000 * total_events_below + others // 2) // others AS total_events_micro,
        (25000000 * events_per_active_month_below + others // 2) // others AS events_per_active_month_micro,
        (20000000 * distinct_products_below + others // 2) // others AS distinct_products_micro,
        (10000000 * distinct_business_units_below + others // 2) // others AS distinct_business_units_micro,
        -- Lower is better. The only customer has all points.
        (15000000 * (others - days_since_last_event_below) + others // 2) // others
            AS days_since_last_event_micro,
        total_gross_margin_micro + total_revenue_micro AS profitability_micro,
        total_events_micro + events_per_active_month_micro + distinct_products_micro
        + distinct_business_units_micro + days_since_last_event_micro AS adherence_micro
    FROM ranks
)

SELECT
    scored.customer_key,
    scored.customer_key AS customer_name,
    representatives.cs_representative,
    regions.region,
    business_units.business_unit AS main_business_unit,
    scored.total_revenue,
    scored.total_gross_margin,
    -- Half up, away from zero, in whole numbers: hundredths of a percent, and cents.
    (
        sign(scored.total_gross_margin) * sign(scored.total_revenue) * (
            (abs(scored.total_gross_margin) * 2000000)::HUGEINT + (abs(scored.total_revenue) * 100)::HUGEINT
        ) // nullif((abs(scored.total_revenue) * 200)::HUGEINT, 0)
    )::DECIMAL(36, 0) * 0.01 AS margin_rate_pct,
    scored.total_events,
    scored.active_months,
    ((scored.total_events * 2000000 + active_months) // (2 * active_months))::DECIMAL(12, 0) * 0.000001
        AS events_per_active_month,
    scored.distinct_products,
    scored.distinct_business_units,
    scored.active_accounts,
    scored.total_accounts,
    (
        sign(scored.total_revenue) * (
            ((abs(scored.total_revenue) * 200)::HUGEINT + scored.active_accounts)
            // (2 * scored.active_accounts)
        )
    )::DECIMAL(18, 0) * 0.01 AS revenue_per_active_account,
    scored.first_event_date,
    scored.last_event_date,
    scored.days_since_last_event,
    scored.lifetime_revenue,
    '{}' AS peer_group,
    points.peers::INTEGER AS peers,
    points.total_gross_margin_below::INTEGER AS total_gross_margin_below,
    points.total_revenue_below::INTEGER AS total_revenue_below,
    points.total_events_below::INTEGER AS total_events_below,
    points.events_per_active_month_below::INTEGER AS events_per_active_month_below,
    points.distinct_products_below::INTEGER AS distinct_products_below,
    points.distinct_business_units_below::INTEGER AS distinct_business_units_below,
    points.days_since_last_event_below::INTEGER AS days_since_last_event_below,
    points.total_gross_margin_micro::DECIMAL(9, 0) * 0.000001 AS total_gross_margin_points,
    points.total_revenue_micro::DECIMAL(9, 0) * 0.000001 AS total_revenue_points,
    points.total_events_micro::DECIMAL(9, 0) * 0.000001 AS total_events_points,
    points.events_per_active_month_micro::DECIMAL(9, 0) * 0.000001 AS events_per_active_month_points,
    points.distinct_products_micro::DECIMAL(9, 0) * 0.000001 AS distinct_products_points,
    points.distinct_business_units_micro::DECIMAL(9, 0) * 0.000001 AS distinct_business_units_points,
    points.days_since_last_event_micro::DECIMAL(9, 0) * 0.000001 AS days_since_last_event_points,
    points.profitability_micro::DECIMAL(9, 0) * 0.000001 AS profitability_score,
    points.adherence_micro::DECIMAL(9, 0) * 0.000001 AS adherence_score,
    CASE
        WHEN profitability_micro >= 70000000 AND adherence_micro >= 70000000 THEN 'A'
        WHEN profitability_micro >= 70000000 THEN 'B'
        WHEN adherence_micro >= 70000000 THEN 'C'
        ELSE 'D'
    END AS tier,
    CASE tier
        WHEN 'A' THEN 'Strategic'
        WHEN 'B' THEN 'Margin Power'
        WHEN 'C' THEN 'High Adherence Cost'
        ELSE 'Basic/Attention'
    END AS tier_name,
    CASE
        WHEN days_since_last_event >= 90 THEN 'CHURN_RISK'
        WHEN days_since_last_event >= 60 THEN 'WARNING'
        WHEN active_months >= 10 AND distinct_products = 1 THEN 'XSELL'
        WHEN profitability_micro >= 70000000 AND active_accounts = 1 THEN 'EXPANSION'
        WHEN first_event_date > getvariable('as_of') - INTERVAL 3 MONTH THEN 'NEW'
        ELSE 'REGULAR'
    END AS action_flag
FROM scored
JOIN points ON scored.customer_key = points.customer_key
JOIN business_units ON scored.main_unit_code = business_units.unit_code
JOIN representatives ON scored.representative_code = representatives.representative_code
JOIN regions ON scored.region_code = regions.region_code
