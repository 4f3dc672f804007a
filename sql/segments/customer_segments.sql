-- Grain: one row per customer scored at as_of, or scored at any earlier snapshot (is_scored tells).
-- Inputs: customer_states, segment_levels (the service level of each value segment). Shuffles: none of its
-- own: the few levels are broadcast.
-- Why: each axis as it is computed, and as it is assigned: an override in force wins, else what is held.
SELECT
    states.customer_key,
    states.customer_name,
    states.is_scored,
    states.computed_tier,
    CASE
        WHEN states.is_scored AND states.on_tier.decision = 'override' THEN states.on_tier.value
        ELSE states.held_tier
    END AS tier,
    states.computed_value_segment,
    CASE
        WHEN states.is_scored AND states.on_value_segment.decision = 'override'
            THEN states.on_value_segment.value
        ELSE states.held_value_segment
    END AS value_segment,
    states.computed_behavior_segment,
    CASE
        WHEN states.is_scored AND states.on_behavior_segment.decision = 'override'
            THEN states.on_behavior_segment.value
        ELSE states.computed_behavior_segment
    END AS behavior_segment,
    states.computed_health_state,
    CASE
        WHEN states.is_scored AND states.on_health_state.decision = 'override'
            THEN states.on_health_state.value
        ELSE states.computed_health_state
    END AS health_state,
    states.behavior_rule,
    states.typical_needs,
    states.engagement_focus,
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
FROM customer_states AS states
LEFT JOIN segment_levels AS levels
    ON
        CASE
            WHEN states.is_scored AND states.on_value_segment.decision = 'override'
                THEN states.on_value_segment.value
            ELSE states.held_value_segment
        END = levels.value_segment
LEFT JOIN service_levels AS delivered ON states.delivered_service_level = delivered.service_level
