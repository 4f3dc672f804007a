-- As divide_half_up, of numbers that fit BIGINT (2 * |numerator| + |divisor| must): several times faster.
CREATE OR REPLACE TEMPORARY FUNCTION divide_whole_half_up(numerator BIGINT, divisor BIGINT)
RETURNS BIGINT
RETURN
    CAST(sign(numerator) * sign(divisor) AS BIGINT)
    * ((2 * abs(numerator) + abs(divisor)) DIV nullif(2 * abs(divisor), 0))
