"""Writes a first configuration for tables of one's own: what was guessed, with the reasons as comments."""

import os
import re
import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path

import yaml

from jobs.core.config.source_columns import source_tables
from jobs.core.runtime.visible import visible
from jobs.core.sources.first_config.guesses import Guess, customer_key, guesses, unused
from jobs.core.sources.first_config.table_look import TableLook

_URI = re.compile(r"^[a-zA-Z][a-zA-Z0-9+.-]+:")
_VIEWS = {"fct_revenues": "facts", "dim_accounts": "accounts", "dim_customers": "customers"}
_WIDTH = 100  # characters of a line of prose


def first_config(config: Path, looks: Mapping[str, TableLook]) -> dict[Path, str]:
    """The text of each file: the configuration, and beside it the mapping queries that it needs.

    Args:
        config: the configuration's file.
        looks: at the table of each source that was given; fct_revenues was.
    """
    key = customer_key(looks["fct_revenues"])
    guessed = {source: guesses(source, look, key) for source, look in looks.items()}
    files: dict[Path, str] = {}
    lines = [
        "# A first configuration, guessed by names and types of the tables' columns. Each guess says why.",
        "# Check them, do what is left to do, then look what the sources hold and what a run would say:",
        f"#   customer-tiers check-source --config {visible(str(config))}",
        "# Paths are relative to this file.",
        "sources:",
    ]
    for source in ("fct_revenues", "dim_accounts", "dim_customers"):
        query = config.with_name(f"{config.stem}_{source}.sql")
        if source in looks:
            look = looks[source]
            source_lines = _as_columns(source, look, guessed[source], config)
            if source_lines is None:
                files[query] = _query(source, look, guessed[source])
                source_lines = _as_query(source, look, query, config)
                if any(guess.column == "currency" for guess in guessed[source]):
                    source_lines += ["columns:", "  currency: currency # read only if it is named here"]
        elif source == "dim_accounts":
            files[query] = _accounts_of_facts(guessed["fct_revenues"])
            source_lines = _as_query("fct_revenues", looks["fct_revenues"], query, config)
        else:
            continue
        lines += [f"  {source}:", *(f"    {line}" for line in source_lines)]
    lines += ["output:", f"  path: {_scalar(f'{config.stem}_output')} # what a run publishes"]
    lines.append(f"customer_key: {key} # the column that tells customers apart")
    models = ["profitability_adherence", *(["value_potential_strategic"] if "dim_customers" in looks else [])]
    lines.append(f"models: [{', '.join(models)}]" if len(models) > 1 else f"model: {models[0]}")
    return {config: "\n".join(lines) + "\n", **files}


def _as_columns(source: str, look: TableLook, guessed: Sequence[Guess], config: Path) -> list[str] | None:
    """The source as a table whose columns are renamed; None where that isn't enough."""
    ours = {guess.column for guess in guessed}
    columns = source_tables()[source].columns
    if source == "dim_customers":
        # What the others are called like would be read from them, whatever it is.
        taken = {(guess.origin or "").lower() for guess in guessed}
        in_the_way = {column.name.lower() for column in look.columns} & set(columns) - taken
    else:
        in_the_way = (
            {name for name, each in columns.items() if each.presence == "required"} - ours - {"customer_key"}
        )
    if in_the_way or any(guess.origin is None or "`" in guess.origin for guess in guessed):
        return None
    renamed = [f"  {guess.column}: {_scalar(guess.origin or '')} # {guess.why}" for guess in guessed]
    left = ", ".join(visible(name) for name in unused(source, look)) or "nothing"
    return [*_place(look, config), f"columns: # ours: yours; not used: {left}", *renamed]


def _as_query(source: str, look: TableLook, query: Path, config: Path) -> list[str]:
    place = (f"    {line}" for line in _place(look, config))
    return [f"query: {_scalar(query.name)}", "inputs:", f"  {_VIEWS[source]}:", *place]


def _place(look: TableLook, config: Path) -> list[str]:
    """Where the table is, and how it is written."""
    place = look.place
    if not (_URI.match(place) or Path(place).is_absolute()):
        place = os.path.relpath(Path(place).expanduser(), config.parent)
    lines = [f"path: {_scalar(place)}", f"format: {look.format}"]
    if look.format == "csv":
        alike, looked_at = look.in_lines
        why = f"{alike} of the first {looked_at} lines have as many fields as the first"
        lines.append(f"delimiter: {_scalar(look.delimiter)} # a guess: {why}")
        if look.encoding != "UTF-8":
            lines.append(f"encoding: {look.encoding} # a guess: not all of it is UTF-8")
    return lines


def _scalar(text: str) -> str:
    """A text as YAML writes it in a flow of one line."""
    listed = yaml.safe_dump([text], default_flow_style=True, allow_unicode=True, width=10**9)
    return listed.strip()[1:-1]


def _query(source: str, look: TableLook, guessed: Sequence[Guess]) -> str:
    left = ", ".join(visible(name) for name in unused(source, look)) or "nothing"
    header = [
        f"The table as {source}: a first guess, column by column.",
        "Grain: as the table's.",
        f"Inputs: {_VIEWS[source]}. Shuffles: none.",
        f"Not used: {left}.",
    ]
    return _select(
        header, "SELECT", [(f"{guess.sql} AS {guess.column}", guess.why) for guess in guessed], _VIEWS[source]
    )


def _accounts_of_facts(facts: Sequence[Guess]) -> str:
    account = next(guess for guess in facts if guess.column == "account_id")
    why = "as in fct_revenues" if "TODO" not in account.why else "TODO: as in fct_revenues, once it is there"
    header = [
        "No accounts were given: those of the facts stand in, all of them active.",
        "Grain: one row per account. Inputs: facts. Shuffles: one, for DISTINCT.",
    ]
    columns = [
        (f"{account.sql} AS account_id", why),
        ("'active' AS status", "a guess: nothing tells which accounts are closed"),
    ]
    return _select(header, "SELECT DISTINCT", columns, "facts")


def _select(header: Sequence[str], select: str, columns: Sequence[tuple[str, str]], view: str) -> str:
    comments = [
        f"-- {line}"
        for each in header
        for line in textwrap.wrap(each, _WIDTH, subsequent_indent="  ", break_long_words=False)
    ]
    last = len(columns) - 1
    listed = [f"    {sql}{',' if at < last else ''} -- {why}" for at, (sql, why) in enumerate(columns)]
    return "\n".join([*comments, select, *listed, f"FROM {view}"]) + "\n"
