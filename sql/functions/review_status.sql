-- What became of a change that a migration rule fits: done if the rule is automatic; else approved by a
-- decision for just this value, rejected by any rejection, or pending. NULL without a rule.
CREATE OR REPLACE TEMPORARY FUNCTION review_status(
    mode STRING, decision STRING, decided_value STRING, wanted_value STRING
)
RETURNS STRING
RETURN
    CASE
        WHEN mode IS NULL THEN NULL
        WHEN mode = 'automatic' THEN 'done'
        WHEN decision = 'approve' AND decided_value = wanted_value THEN 'approved'
        WHEN decision = 'reject' THEN 'rejected'
        ELSE 'pending'
    END
