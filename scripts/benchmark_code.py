"""Tells the code of an engine, or of the data, from that of another day, whose results don't count."""

import ast
import hashlib
import json
from pathlib import Path

import sqlglot
import yaml

PROGRAMS = Path("scripts/benchmark")
_JOB = ["jobs/**/*.py", "sql/**/*.sql", "conf/**/*.yaml", "conf/spark/*"]
# What each consists of.
CODE = {
    "job": _JOB,
    "release": _JOB,
    "duckdb": [f"{PROGRAMS}/run_duckdb.py", f"{PROGRAMS}/duckdb.sql"],
    "naive": [
        f"{PROGRAMS}/run_naive.py",
        f"{PROGRAMS}/naive.sql",
        "jobs/core/runtime/session.py",
        "conf/spark/*",
    ],
    "data": ["scripts/make_sample_data.py"],
}


def code_version(checkout: Path, engine: str) -> str:
    """A hash of what the files of an engine say, whatever their comments and docstrings are."""
    content = hashlib.sha256()
    for file in sorted({file for pattern in CODE[engine] for file in checkout.glob(pattern)}):
        text = without_comments(file.suffix, file.read_text(encoding="utf-8"))
        content.update(f"{file.relative_to(checkout)}\n{text}\n".encode())
    return content.hexdigest()[:12]


def without_comments(suffix: str, text: str) -> str:
    """What a text says without its comments and, in Python, docstrings."""
    match suffix:
        case ".py":
            return ast.dump(_Undocumented().visit(ast.parse(text)))
        case ".sql":
            return json.dumps(
                [(token.token_type.name, token.text) for token in sqlglot.tokenize(text, read="spark")]
            )
        case ".yaml":
            return json.dumps(yaml.safe_load(text), default=str)
        case _:
            lines = (line.strip() for line in text.splitlines())
            return "\n".join(line for line in lines if line and not line.startswith("#"))


class _Undocumented(ast.NodeTransformer):
    """Takes docstrings, and other texts that nobody reads, out of a program."""

    def visit_Expr(self, node: ast.Expr) -> ast.Expr | None:
        is_text = isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
        return None if is_text else node
