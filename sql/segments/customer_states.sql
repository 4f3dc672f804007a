-- Grain: one row per customer scored at as_of, or scored at any earlier snapshot.
-- Inputs: computed_segments (the scored customers with what their measures say), remembered_segments
-- (customer_segments of the previous snapshot), excluded_customers, decisions_in_force, segment_rules.
-- Shuffles: three, by customer: the scored, the remembered and the excluded; decisions and rules are few.
-- Values: :as_of, :at_risk_below, :healthy_above, :healthy_after_days, :tier_snapshots.
-- Why: a state follows from the measures and the state before, never from more, so that a snapshot needs only
-- the previous one. What is held is without overrides, which come on top. Absence ends everything but the
-- health state, which stays, its count of days above the limit not, and the last behavioural segment, from
-- which a customer leaves whose cancellation shows later.
WITH known_before AS (
    SELECT
        remembered.*,
        excluded.customer_key AS excluded_key,
        excluded.customer_name AS excluded_name,
        excluded.reason
    FROM remembered_segments AS remembered
    LEFT JOIN excluded_customers AS excluded ON remembered.customer_key = excluded.customer_key
),

together AS (
    SELECT
        coalesce(scored.customer_key, remembered.customer_key) AS customer_key,
        scored.customer_key IS NOT NULL AS is_scored,
        CASE
            WHEN scored.customer_key IS NOT NULL THEN scored.customer_name
            WHEN remembered.excluded_key IS NOT NULL THEN remembered.excluded_name
            ELSE remembered.customer_name
        END AS customer_name,
        scored.* EXCEPT (customer_key, customer_name),
        coalesce(remembered.is_scored, FALSE) AS was_scored,
        remembered.held_tier AS from_tier,
        remembered.candidate_tier AS candidate_before,
        remembered.tier_streak AS streak_before,
        remembered.held_value_segment AS from_value_segment,
        remembered.pending_value_segment AS pending_before,
        remembered.pending_since AS pending_since_before,
        remembered.computed_behavior_segment AS from_behavior_segment,
        -- (Outputs of before have no last one, of those who are not scored either.)
        coalesce(remembered.last_behavior_segment, remembered.behavior_segment) AS last_behavior_before,
        remembered.computed_health_state AS from_health_state,
        remembered.above_since AS above_since_before,
        remembered.left_segment AS left_segment_before,
        remembered.left_since AS left_since_before,
        coalesce(remembered.reason = 'cancelled', FALSE) AS is_cancelled,
        decisions.on_tier,
        decisions.on_value_segment,
        decisions.on_behavior_segment,
        decisions.on_health_state
    FROM computed_segments AS scored
    FULL OUTER JOIN known_before AS remembered ON scored.customer_key = remembered.customer_key
    LEFT JOIN decisions_in_force AS decisions
        ON coalesce(scored.customer_key, remembered.customer_key) = decisions.customer_key
),

wanted AS (
    SELECT
        *,
        CASE
            WHEN NOT is_scored THEN NULL
            WHEN was_scored AND array_contains(staying_tiers, from_tier) THEN from_tier
            ELSE computed_tier
        END AS candidate_tier,
        CASE
            WHEN NOT is_scored AND (is_cancelled OR left_segment_before IS NOT NULL)
                THEN coalesce(left_segment_before, last_behavior_before)
        END AS leaving_segment,
        CASE
            WHEN health_score < :at_risk_below THEN 'At-Risk'
            WHEN from_health_state = 'At-Risk' AND is_scored AND health_score > :healthy_above
                THEN if(
                    datediff(:as_of, coalesce(above_since_before, :as_of)) >= :healthy_after_days,
                    'Healthy',
                    'At-Risk'
                )
            WHEN from_health_state = 'At-Risk' OR health_score IS NULL THEN from_health_state
            ELSE 'Healthy'
        END AS computed_health_state
    FROM together
),

counted AS (
    SELECT
        wanted.*,
        CASE
            WHEN NOT wanted.is_scored OR NOT wanted.was_scored THEN 0
            WHEN wanted.candidate_tier = wanted.from_tier THEN 0
            WHEN wanted.candidate_tier = wanted.candidate_before THEN wanted.streak_before + 1
            ELSE 1
        END AS streak,
        review_status(
            value_rules.mode,
            wanted.on_value_segment.decision,
            wanted.on_value_segment.value,
            wanted.computed_value_segment
        ) AS value_segment_status,
        review_status(
            leaving_rules.mode,
            wanted.on_behavior_segment.decision,
            wanted.on_behavior_segment.value,
            'churned'
        ) AS leaving_status,
        if(
            value_rules.mode = 'manual',
            coalesce(
                if(
                    wanted.pending_before = wanted.computed_value_segment, wanted.pending_since_before, NULL
                ),
                :as_of
            ),
            NULL
        ) AS waiting_since,
        if(leaving_rules.mode = 'manual', coalesce(wanted.left_since_before, :as_of), NULL) AS leaving_since
    FROM wanted
    LEFT JOIN segment_rules AS value_rules
        ON
            value_rules.axis = 'value_segment'
            AND wanted.from_value_segment = value_rules.from_value
            AND wanted.computed_value_segment = value_rules.to_value
    LEFT JOIN segment_rules AS leaving_rules
        ON
            leaving_rules.axis = 'behavior_segment'
            AND wanted.leaving_segment = leaving_rules.from_value
            AND leaving_rules.to_value = 'churned'
)

SELECT
    * EXCEPT (streak),
    -- A first or returning customer holds what it is; another tier is held when its streak is long enough.
    if(was_scored AND streak BETWEEN 1 AND :tier_snapshots - 1, from_tier, candidate_tier) AS held_tier,
    if(streak >= :tier_snapshots, 0, streak) AS tier_streak,
    if(
        value_segment_status IN ('pending', 'rejected'), from_value_segment, computed_value_segment
    ) AS held_value_segment,
    CASE
        WHEN is_scored AND computed_health_state = 'At-Risk' AND health_score > :healthy_above
            THEN coalesce(above_since_before, :as_of)
    END AS above_since
FROM counted
