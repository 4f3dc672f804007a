-- The quotient of two whole numbers, rounded half up (away from zero); NULL when the divisor is 0.
-- Why: a decimal division rounds once to the type's scale, and rounding that again to fewer places can
-- differ from rounding the quotient itself. Here the remainder is taken off first, so that the division
-- is exact. For n decimal places, multiply the numerator by 10^n.
CREATE OR REPLACE TEMPORARY FUNCTION divide_half_up(
    numerator DECIMAL(38, 0), divisor DECIMAL(38, 0)
)
RETURNS DECIMAL(38, 0)
RETURN
    CAST(sign(numerator) * sign(divisor) AS DECIMAL(1, 0))
    * CAST(
        (
            (2 * abs(numerator) + abs(divisor))
            - (2 * abs(numerator) + abs(divisor)) % nullif(2 * abs(divisor), 0)
        ) / nullif(2 * abs(divisor), 0) AS DECIMAL(37, 0)
    )
