-- Grain: one row per decision of tier_decisions, with counts: FALSE for one that nobody should have recorded.
-- Inputs: tier_decisions, known_decisions (each kind of decision with the values that it can name). Shuffles:
-- none: the known decisions are broadcast.
-- Why: the command that records decisions refuses such ones, but anybody can append to a table, and a model
-- can lose a segment. Only value segments, and having left, wait for approval or rejection; a rejection
-- needn't name one; an override needs a reason and an end.
SELECT
    given.*,
    CASE
        WHEN known.axis IS NULL OR given.expires <= given.valid_from THEN FALSE
        WHEN given.decision = 'override'
            THEN coalesce(trim(given.reason), '') <> '' AND given.expires IS NOT NULL
        ELSE TRUE
    END AS counts
FROM tier_decisions AS given
LEFT JOIN known_decisions AS known
    ON given.axis = known.axis AND given.decision = known.decision AND given.value <=> known.value
