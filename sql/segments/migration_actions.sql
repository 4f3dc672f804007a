-- Grain: one row per customer and rule that fired.
-- Inputs: customer_states, segment_rules. Shuffles: none of its own: the rules are broadcast.
-- Why: an automatic rule is told once, when its axis changes; a manual one at every snapshot until it is
-- approved. Changes are those of what is held, and overrides fire nothing; but who leaves does so from the
-- segment that is assigned.
WITH changes AS (
    SELECT
        customer_key,
        customer_name,
        axis,
        from_value,
        to_value,
        status,
        pending_since,
        decided
    FROM customer_states
        LATERAL VIEW inline(
            array(
                named_struct(
                    'axis', 'tier',
                    'from_value', if(was_scored, from_tier, NULL),
                    'to_value', held_tier,
                    'status', 'done',
                    'pending_since', CAST(NULL AS DATE),
                    'decided', if(FALSE, on_tier, NULL)
                ),
                named_struct(
                    'axis', 'value_segment',
                    'from_value', from_value_segment,
                    'to_value', computed_value_segment,
                    'status', value_segment_status,
                    'pending_since', waiting_since,
                    'decided', if(value_segment_status IN ('approved', 'rejected'), on_value_segment, NULL)
                ),
                named_struct(
                    'axis', 'behavior_segment',
                    'from_value', if(is_scored, if(was_scored, from_behavior_segment, NULL), leaving_segment),
                    'to_value', if(is_scored, computed_behavior_segment, 'churned'),
                    'status', if(is_scored, 'done', leaving_status),
                    'pending_since', leaving_since,
                    'decided', if(leaving_status IN ('approved', 'rejected'), on_behavior_segment, NULL)
                ),
                named_struct(
                    'axis', 'health_state',
                    'from_value', from_health_state,
                    'to_value', computed_health_state,
                    'status', 'done',
                    'pending_since', CAST(NULL AS DATE),
                    'decided', if(FALSE, on_tier, NULL)
                )
            )
        ) AS axis, from_value, to_value, status, pending_since, decided
)

SELECT
    changes.customer_key,
    changes.customer_name,
    changes.axis,
    rules.rule,
    changes.from_value,
    changes.to_value,
    rules.trigger,
    rules.mode,
    rules.action,
    changes.status,
    changes.pending_since,
    changes.decided.decided_by,
    changes.decided.reason AS decision_reason
FROM changes
INNER JOIN segment_rules AS rules
    ON
        changes.axis = rules.axis
        AND changes.from_value <=> rules.from_value
        AND changes.to_value = rules.to_value
