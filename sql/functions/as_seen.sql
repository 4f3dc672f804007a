-- A text as it looks: without control characters and characters without width, white space of Unicode as one
-- space inside and none at the ends. For comparisons alone: nothing is published so.
CREATE OR REPLACE TEMPORARY FUNCTION as_seen(words STRING)
RETURNS STRING
RETURN
    if(
        words RLIKE r'^[!-~]*\z',
        words,
        trim(
            regexp_replace(
                regexp_replace(
                    words,
                    r'[\p{Cc}\p{Cf}\u034F\u17B4\u17B5\u180B-\u180F\uFE00-\uFE0F&&[^\p{IsWhite_Space}]]',
                    ''
                ),
                r'[\p{IsWhite_Space}\u115F\u1160\u2800\u3164\uFFA0]+',
                ' '
            )
        )
    )
