"""What a mapping query may say: it reads its inputs alone, and gives the same rows whenever it runs.

Spark runs the text as it is. What sqlglot parses is the same text with comments left out and strings made
plain, so that nothing that is code to Spark is a comment or a string to sqlglot.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

import sqlglot
from sqlglot import exp

from jobs.core.runtime.errors import ConfigurationError, Problems
from jobs.core.sources.lexemes import Lexeme, lexemes
from jobs.core.sources.plain_query import names_like_clauses, plain_query

_SUBSTITUTED = re.compile(r"\$\{\S+?\}")  # Spark replaces it before it reads the text, in comments too

# Columns where there is one of the name, else functions, which need no parentheses; quoted or not.
_UNSTABLE_NAMES = frozenset(
    ("current_date", "current_time", "current_timestamp", "current_user", "session_user", "user")
)
_UNSTABLE = re.compile(
    r"current_\w+|input_file_\w+|now|curdate|getdate|localtimestamp|session_user|user|version|uuid|shuffle"
    r"|rand|randn|random|randstr|uniform|monotonically_increasing_id|spark_partition_id|tablesample"
    r"|aes_encrypt|getvariable|is_member|is_account_group_member"
)
_UNSTABLE_WITHOUT_ARGUMENT = frozenset(("unix_timestamp", "to_unix_timestamp"))
# Code, files, services, and names that are made up while it runs.
_OUTSIDE = re.compile(
    r"reflect|java_method|try_reflect|identifier|(?:to|from)_(?:protobuf|avro)|ai_\w+|http_request"
    r"|(?:try_)?secret|list_secrets|read_\w+|cloud_files|remote_query|vector_search|python_worker_logs"
)
# The names of a query's inputs hold inside it alone. As a subquery nothing but
# a SELECT is valid: it changes no table.
_OVER_INPUTS = "WITH {inputs}\nSELECT * FROM (\n{text}\n)"
_INPUT = "`{name}` AS (TABLE {view})"
_TABLE_FUNCTIONS = re.compile(
    r"range|stack|json_tuple|(?:explode|posexplode|inline|variant_explode)(?:_outer)?"
)
# Texts that become dates of the clock beside dates, and where they surely don't.
_CLOCK_TEXT = re.compile(r"\s*(?:now|today|tomorrow|yesterday)(?:\s+\S+)?\s*", re.IGNORECASE)
_STAYS_TEXT = (exp.Select, exp.Like, exp.ILike, exp.RegexpLike)

_SAME_ROWS = "must give the same rows whenever it runs, got"
_AS_COLUMN = "a column of that name is written with its table's, or in backquotes"


def check_mapping_query(
    text: str, inputs: Mapping[str, Collection[str]], functions: Collection[str], place: str
) -> None:
    """Checks a mapping query before Spark sees it.

    Args:
        text: of the query.
        inputs: the columns of each input.
        functions: Spark's own; others may read tables, or be others tomorrow.
        place: what messages call the query.

    Raises:
        ConfigurationError: it is not one SELECT, reads what is not among its inputs, reaches out of the
            query, or may give other rows tomorrow; all problems at once.
    """
    try:
        found = list(lexemes(text))
    except ValueError as error:
        raise ConfigurationError(f"{place} must be one valid SELECT, got {error}") from None
    problems = Problems(_problems_of_text(text, [each for each in found if each.kind != "space"]))
    understood = Problems()
    with understood.gathered():
        tree = _parsed(plain_query(found))
        problems += _problems_of_tree(tree, inputs)
        problems += _problems_of_others(tree, functions)
    # What the words say is plainer than that the whole is not understood.
    problems = problems or understood
    if problems:
        raise ConfigurationError(*(f"{place} {problem}" for problem in dict.fromkeys(problems)))


def _problems_of_text(text: str, found: list[Lexeme]) -> Iterator[str]:
    """What is told by words alone, wherever they stand."""
    if substituted := _SUBSTITUTED.search(text):
        yield f"must hold its values as they are, got {substituted[0]}, which Spark would replace"
    for name in names_like_clauses(found):
        rows = "; rows stand in parentheses, as in VALUES (1), (2)" if name.lower() == "values" else ""
        yield f"must write names that are keywords in backquotes, got {name}{rows}"
    end = Lexeme("symbol", "")
    padded = [end] * 4 + found + [end] * 2
    for position, this in enumerate(found, 4):
        last, following = padded[position - 1], padded[position + 1]
        if this.kind in {"word", "quoted"} and following.text == "(":
            yield from _problems_of_call(padded[position - 4 : position + 3])
        elif this.kind == "word" and last.name not in {".", "as"} and following.text != ".":
            if this.name in _UNSTABLE_NAMES:
                yield f"{_SAME_ROWS} {this.text}; {_AS_COLUMN}"
            if this.name == "table":
                yield f"must read its inputs by SELECT, got TABLE; {_AS_COLUMN}"
        if this.name == "using" and following.kind == "string":
            yield f"must run no script, got USING {following.text:.80}"
        if (this.text, following.text) == ("|", ">"):
            yield "must be a SELECT without pipes (|>)"


def _problems_of_call(found: list[Lexeme]) -> Iterator[str]:
    """What is wrong with a name before parentheses, given with four lexemes before it and two after it."""
    *_, first, second, qualifier, dot, this, _, argument = found
    builtin = qualifier.name == "builtin" and (second.text != "." or first.name == "system")
    if dot.text == "." and not builtin:
        yield f"must call Spark's own functions alone, got {qualifier.text}.{this.text}()"
    elif _OUTSIDE.fullmatch(this.name):
        yield f"must reach nothing outside its inputs, got {this.name}()"
    elif _UNSTABLE.fullmatch(this.name):
        yield f"{_SAME_ROWS} {this.name}()"
    elif this.name in _UNSTABLE_WITHOUT_ARGUMENT and argument.text == ")":
        yield f"{_SAME_ROWS} {this.name}() without an argument"
    elif this.name == "table":
        yield f"must read its inputs by SELECT, got TABLE; {_AS_COLUMN}"


def _parsed(plain: str) -> exp.Expr:
    """The query's tree.

    Raises:
        ConfigurationError: there is none, or several, or the query is something else.
    """
    try:
        # The dialect that reads all of Spark's, and `column:path` besides.
        found = [each for each in sqlglot.parse(plain, read="databricks") if each is not None]
    except RecursionError:
        raise ConfigurationError("must be nested less deeply: no more than some 40 levels") from None
    except Exception as error:  # of what is no query it raises whatever comes of it, IndexError too
        told: dict[str, Any] = next(iter(getattr(error, "errors", ())), {})
        where = ", near {highlight!r} in line {line}".format_map(told) if told.get("line") else ""
        raise ConfigurationError(
            "must be one valid SELECT, got something that can't be understood, and so not checked"
            f"{where}: mend it, or write it otherwise"
        ) from None
    statements = [each for each in found if not isinstance(each, exp.Semicolon)]
    if len(statements) != 1 or not isinstance(statements[0], exp.Query | exp.Values):
        kinds = " and ".join(each.key.upper() for each in statements) or "nothing"
        raise ConfigurationError(f"must be one valid SELECT, got {kinds}")
    for hint in list(statements[0].find_all(exp.Hint)):
        hint.pop()  # hints change no rows, and name what is read elsewhere
    return statements[0]


def _problems_of_tree(tree: exp.Expr, inputs: Mapping[str, Collection[str]]) -> Iterator[str]:
    listed = ", ".join(sorted(inputs))
    for relation in tree.find_all(exp.Table, exp.Lateral, exp.Unnest):
        outside = _outside(relation, set(inputs))
        if outside is not None:
            yield f"must read its inputs alone ({listed}), got {outside}; name it in inputs"
    for select in tree.find_all(exp.Select):
        if not select.expressions or (select.args.get("joins") and not select.args.get("from_")):
            yield "must write names that are keywords in backquotes, got SELECT"
    if tree.find(exp.QueryTransform):
        yield "must run no script, got TRANSFORM ... USING"
    yield from _problems_of_names(tree, inputs)
    for literal in tree.find_all(exp.Literal):
        if literal.is_string and _CLOCK_TEXT.fullmatch(literal.name):
            holder = literal.parent.parent if isinstance(literal.parent, exp.Alias) else literal.parent
            if not isinstance(holder, _STAYS_TEXT):
                yield (
                    f"{_SAME_ROWS} '{literal.name}', which becomes a date of the clock beside dates; "
                    f"write the date, or compare text by LIKE '{literal.name}'"
                )


def _problems_of_others(tree: exp.Expr, functions: Collection[str]) -> Iterator[str]:
    """Functions that are not Spark's; what reads a relation is told with the relations."""
    for called in tree.find_all(exp.Anonymous):
        name = called.name.lower()
        is_forbidden = _OUTSIDE.fullmatch(name) or _UNSTABLE.fullmatch(name)
        if not (name in functions or is_forbidden or isinstance(called.parent, exp.Table | exp.Lateral)):
            yield f"must call Spark's own functions alone, got {name}()"


def _outside(relation: exp.Expr, inputs: set[str]) -> str | None:
    """What a relation reads, if it is neither an input nor made in the query."""
    this = relation.this
    if isinstance(this, exp.Subquery):
        return None
    if isinstance(this, exp.Func):
        name = (this.name if isinstance(this, exp.Anonymous) else this.sql_name()).lower()
        made_here = _TABLE_FUNCTIONS.fullmatch(name) and not relation.args.get("db")
        return None if made_here else f"what {name}() reads"
    parts = [
        part.name if isinstance(part, exp.Identifier) else part.sql()
        for part in getattr(relation, "parts", [relation])
    ]
    known = len(parts) == 1 and parts[0].lower() in inputs | set(_visible(relation))
    return None if known else ".".join(parts)


def _visible(relation: exp.Expr) -> Iterator[str]:
    """The common table expressions that a relation may name: those around it, and earlier ones."""
    below, around = relation, relation.parent
    while around is not None:
        if isinstance(around, exp.With):
            earlier = around.expressions[: (below.index or 0) + bool(around.recursive)]
            yield from (each.alias.lower() for each in earlier)
        elif (with_ := around.args.get("with_")) is not None and with_ is not below:
            yield from (each.alias.lower() for each in with_.expressions)
        below, around = around, around.parent


def _problems_of_names(tree: exp.Expr, inputs: Mapping[str, Collection[str]]) -> Iterator[str]:
    """Names that are functions, or a session's variables, where there is no column of the name."""
    known = {column.lower() for columns in inputs.values() for column in columns}
    known |= {each.alias.lower() for each in tree.find_all(exp.Alias, exp.Table, exp.Subquery, exp.CTE)}
    known |= {each.name.lower() for alias in tree.find_all(exp.TableAlias) for each in alias.columns}
    for column in tree.find_all(exp.Column):
        first, *others = (part.name.lower() for part in column.parts)
        if first in known:
            continue
        if not others and first in _UNSTABLE_NAMES and column.this.quoted:
            yield f"{_SAME_ROWS} `{first}`, which is no column of an input"
        if others and first in {"session", "system"}:
            yield f"{_SAME_ROWS} the variable {column.sql()}"


def over_inputs(text: str, views: Mapping[str, str]) -> str:
    """A user's query, which reads views by the names that it knows.

    Args:
        text: one SELECT, however it is written.
        views: what each view is called in the session, by its name in the text.
    """
    inputs = ", ".join(_INPUT.format(name=name, view=view) for name, view in views.items())
    return _OVER_INPUTS.format(inputs=inputs, text=text.strip().rstrip(";"))
