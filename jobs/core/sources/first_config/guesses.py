"""What each of our columns is taken from in a table of one's own, as SQL, and why."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from jobs.core.config.source_columns import ColumnType, source_tables
from jobs.core.delta.identifiers import quoted_column
from jobs.core.runtime.visible import visible
from jobs.core.sources.first_config.matching import ENDING, SAME, Match, matched
from jobs.core.sources.first_config.table_look import ColumnLook, TableLook

_TYPES: dict[ColumnType, str] = {
    "text": "STRING",
    "date": "DATE",
    "money": "DECIMAL(18, 2)",
    "amount": "DECIMAL(18, 2)",
    "number": "DECIMAL(18, 6)",
    "count": "BIGINT",
}
_AMOUNT = "DECIMAL(22, 6)"
# Without these nothing can be scored; the others may be empty.
_REQUIRED = {
    "fct_revenues": {"event_date", "total_revenue", "total_gross_margin", "event_count", "account_id"},
    "dim_accounts": {"account_id", "status"},
    "dim_customers": set[str](),
}
_KEYS = ("customer_id", "customer_name")
_HINTS = {
    "event_count": "1 where each row is one event",
    "account_id": "the customer's key where each customer is one account",
}
_ACTIVE = ("aktiv", "actif", "activo", "1", "true", "yes", "y", "ja", "open", "offen", "live")
_LONGEST = 30  # characters of an example


@dataclass(frozen=True)
class Guess:
    """One of our columns.

    Attributes:
        column: ours.
        sql: what it is read from.
        why: in one line; has TODO in it where somebody must decide.
        origin: the table's column, where it can be read as it is.
    """

    column: str
    sql: str
    why: str
    origin: str | None = None


def customer_key(facts: TableLook) -> str:
    """Our column that identifies a customer in the facts: its id, if there is something like one."""
    found = _matched("fct_revenues", facts)["customer_id"]
    return "customer_id" if found.chosen or found.others else "customer_name"


def guesses(source: str, look: TableLook, key: str) -> list[Guess]:
    """What is guessed for each of our columns of a source.

    Args:
        source: whose columns.
        look: of the table.
        key: which column identifies a customer.
    """
    columns = {column.name: column for column in look.columns}
    required = _REQUIRED[source] | {key}
    found = [
        _guess(target, match, columns, is_required=target in required)
        for target, match in _matched(source, look).items()
        if not (target == "customer_id" and key != target)
        and (target in required or match.chosen or match.others or not _may_be_left_out(source, target))
    ]
    return [
        _named(each, found) if each.column == "customer_name" and each.column != key else each
        for each in found
    ]


def _named(guess: Guess, found: Sequence[Guess]) -> Guess:
    """A customer's name; its key where nothing looks like one."""
    keys = [each for each in found if each.column == "customer_id" and each.origin]
    if guess.sql != _null("customer_name") or "TODO" in guess.why or not keys:
        return guess
    return Guess("customer_name", keys[0].sql, "nothing looks like it: the key stands in", keys[0].origin)


def unused(source: str, look: TableLook) -> list[str]:
    """The table's columns that nothing is read from."""
    used = {match.chosen for match in _matched(source, look).values()}
    return [column.name for column in look.columns if column.name not in used]


def _matched(source: str, look: TableLook) -> Mapping[str, Match]:
    columns = {column.name: column for column in look.columns}
    return matched(source, list(columns), lambda name, target: _sql(target, columns[name]) is not None)


def _may_be_left_out(source: str, target: str) -> bool:
    """Whether a source does without a column that nothing is like."""
    column = source_tables()[source].columns.get(target)
    return column is not None and column.presence != "required"


def _kind(target: str) -> ColumnType:
    columns = {name: column for table in source_tables().values() for name, column in table.columns.items()}
    return "text" if target in _KEYS else columns[target].type


def _null(target: str) -> str:
    return f"CAST(NULL AS {_TYPES[_kind(target)]})"


def _sql(target: str, column: ColumnLook) -> str | None:
    """A column as one of ours; its own name where it is read as it is, None where it can't be."""
    return _status(column) if target == "status" else _READ[_kind(target)](column)


def _is_parsed(column: ColumnLook) -> bool:
    """Whether a column is read as it is: a text file's are parsed then, a text of another table isn't."""
    return not column.form or (column.type == "text" and column.form in {"point", "iso"})


def _text(column: ColumnLook) -> str | None:
    name = quoted_column(column.name)
    if column.type in {"text", "string"} or column.holds == "whole":
        return name
    return f"CAST({name} AS STRING)" if column.holds == "number" else None


def _date(column: ColumnLook) -> str | None:
    name = quoted_column(column.name)
    if column.holds != "date" or _is_parsed(column):
        return name if column.holds == "date" else None
    if column.form == "iso":
        return f"try_cast({name} AS DATE)"
    return f"CAST(try_to_timestamp(trim({name}), '{column.form}') AS DATE)"


def _amount(column: ColumnLook) -> str | None:
    if column.holds not in {"whole", "number"}:
        return None
    return quoted_column(column.name) if _is_parsed(column) else f"try_cast({_pointed(column)} AS {_AMOUNT})"


def _count(column: ColumnLook) -> str | None:
    name = quoted_column(column.name)
    if column.holds == "number" and not column.form:  # a cast would cut off what is behind the point
        return f"CASE WHEN {name} = floor({name}) THEN try_cast({name} AS BIGINT) END"
    if column.holds not in {"whole", "number"}:
        return None
    return name if _is_parsed(column) else f"try_cast({_pointed(column)} AS BIGINT)"


_READ = {
    "text": _text,
    "date": _date,
    "money": _amount,
    "amount": _amount,
    "number": _amount,
    "count": _count,
}


def _pointed(column: ColumnLook) -> str:
    """A number's text as SQL reads numbers."""
    name = quoted_column(column.name)
    return name if column.form == "point" else f"replace(replace({name}, '.', ''), ',', '.')"


def _active_word(column: ColumnLook) -> str | None:
    """The word of a text column that means `active`, if it isn't that."""
    held = {example.lower() for example in column.examples}
    words = [word for word in _ACTIVE if word in held]
    return words[0] if len(words) == 1 and "active" not in held else None


def _status(column: ColumnLook) -> str | None:
    name, word = quoted_column(column.name), _active_word(column)
    if column.holds == "boolean":
        return f"CASE WHEN {name} THEN 'active' ELSE 'inactive' END"
    if word is not None:
        return f"CASE WHEN lower(trim({name})) = '{word}' THEN 'active' ELSE {name} END"
    return name if column.type in {"text", "string"} or column.holds == "whole" else None


def _guess(target: str, match: Match, columns: Mapping[str, ColumnLook], *, is_required: bool) -> Guess:
    if match.chosen is None:
        return Guess(target, _null(target), _why_not(target, match, columns, is_required=is_required))
    column = columns[match.chosen]
    sql = _sql(target, column) or ""
    said = {SAME: "has the name", ENDING: "a guess, by how its name ends"}
    why = [f"{said.get(match.level, 'a guess, by its name')}; {_told(column)}"]
    if match.others:
        why.append(f"also like it: {_listed(match.others)}")
    if target in {"event_date", "renewal_date", "cancelled_on", "valid_from"} and column.doubtful:
        why.append("TODO: is the day first, or the month?")
    elif column.doubtful and _kind(target) != "text":
        why.append("TODO: is the point before decimals, or thousands?")
    if (
        target == "status"
        and sql == quoted_column(column.name)
        and "active" not in map(str.lower, column.examples)
    ):
        why.append("TODO: only `active` counts, and the first rows have none")
    return Guess(target, sql, "; ".join(why), column.name if sql == quoted_column(column.name) else None)


def _why_not(target: str, match: Match, columns: Mapping[str, ColumnLook], *, is_required: bool) -> str:
    if match.others:
        return f"TODO: choose one of {_listed(match.others)}"
    why = ["TODO: nothing looks like it" if is_required else "nothing looks like it; may stay empty"]
    why += [f"{_listed([name])} has a name for it, but is {_told(columns[name])}" for name in match.unfit]
    if is_required and target in _HINTS:
        why.append(_HINTS[target])
    return "; ".join(why)


def _listed(names: Sequence[str]) -> str:
    return ", ".join(f"`{visible(name)}`" for name in names)


def _told(column: ColumnLook) -> str:
    if not column.examples:
        return column.type.upper() if column.type != "text" else "text without a value"
    example = visible(column.examples[0])
    # In quotes: to Spark a backslash at the end of a comment's line makes the next one part of it.
    return f"{column.type} like '{example if len(example) <= _LONGEST else f'{example[:_LONGEST]}...'}'"
