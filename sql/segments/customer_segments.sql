-- Grain: one row per customer scored at as_of, or scored at any earlier snapshot (is_scored tells).
-- Inputs: customer_states, segment_needs (what customers of each behavioural segment need), segment_levels
-- (the service level of each value segment), service_levels. Shuffles: none of its own: the few segments and
-- levels are broadcast.
-- Why: each axis as it is computed, and as it is assigned: an override in force wins, else what is held.
WITH assigned AS (
    SELECT
        states.*,
        if(
            states.is_scored AND states.on_tier.decision = 'override', states.on_tier.value, states.held_tier
        ) AS tier,
        if(
            states.is_scored AND states.on_value_segment.decision = 'override',
            states.on_value_segment.value,
            states.held_value_segment
        ) AS value_segment,
        if(
            states.is_scored AND states.on_behavior_segment.decision = 'override',
            states.on_behavior_segment.value,
            states.computed_behavior_segment
        ) AS behavior_segment,
        if(
            states.is_scored AND states.on_health_state.decision = 'override',
            states.on_health_state.value,
            states.computed_health_state
        ) AS health_state
    FROM customer_states AS states
)

SELECT
    states.customer_key,
    states.customer_name,
    states.is_scored,
    states.computed_tier,
    states.tier,
    states.computed_value_segment,
    states.value_segment,
    states.computed_behavior_segment,
    states.behavior_segment,
    states.computed_health_state,
    states.health_state,
    states.behavior_rule,
    needs.typical_needs,
    needs.engagement_focus,
    states.above_since,
    states.held_tier,
    states.candidate_tier,
    states.tier_streak,
    states.held_value_segment,
    states.value_segment_status,
    if(
        states.value_segment_status IN ('pending', 'rejected'), states.computed_value_segment, NULL
    ) AS pending_value_segment,
    if(states.value_segment_status IN ('pending', 'rejected'), states.waiting_since, NULL) AS pending_since,
    if(states.leaving_status IN ('pending', 'rejected'), states.leaving_segment, NULL) AS left_segment,
    if(states.leaving_status IN ('pending', 'rejected'), states.leaving_since, NULL) AS left_since,
    CASE
        WHEN states.is_scored THEN states.behavior_segment
        WHEN states.leaving_segment IS NULL THEN states.last_behavior_before
    END AS last_behavior_segment,
    levels.service_level,
    states.delivered_service_level,
    CASE
        WHEN delivered.level_position < levels.level_position THEN 'over-served'
        WHEN delivered.level_position > levels.level_position THEN 'under-served'
        WHEN delivered.level_position = levels.level_position THEN 'as due'
    END AS service_match,
    states.quadrant,
    states.risk_level,
    states.cs_representative,
    states.action_flag,
    states.first_seen_date,
    states.total_revenue,
    states.total_gross_margin,
    states.lifetime_revenue,
    states.arr,
    states.health_score,
    states.scores.*
FROM assigned AS states
LEFT JOIN segment_needs AS needs ON states.is_scored AND states.behavior_segment = needs.behavior_segment
LEFT JOIN segment_levels AS levels ON states.value_segment = levels.value_segment
LEFT JOIN service_levels AS delivered ON states.delivered_service_level = delivered.service_level
