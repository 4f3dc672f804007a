-- Whether a text shows nothing (as_seen): NULL, empty, or of white space, control characters and characters
-- without width alone. What is blank is no key. Most texts begin with a sign of ASCII, which is soon seen.
CREATE OR REPLACE TEMPORARY FUNCTION is_blank(words STRING)
RETURNS BOOLEAN
RETURN words IS NULL OR (NOT left(words, 1) BETWEEN '!' AND '~' AND as_seen(words) = '')
