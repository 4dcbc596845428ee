"""The flat syntax of a file against CPython's own: kind, begin and end of every node that both know.

The files are a seeded sample of the standard library of the interpreter that runs the test.
"""

import ast
import os
import pathlib
import random
import subprocess
import sysconfig
import tokenize

import pytest

DUMP = os.environ["AWAITLS_DUMP_NODES"]
SAMPLE = 150
LARGEST = 150_000

# Kinds whose extent CPython and we both define by the text. Left out are tuples (we count no parentheses around a lone
# target) and chains of assignments and boolean operators, which CPython keeps flat.
EXACT = {
    "FunctionDef", "AsyncFunctionDef", "ClassDef", "Return", "Delete", "AnnAssign", "AugAssign", "For", "AsyncFor",
    "While", "If", "With", "AsyncWith", "Match", "Raise", "Try", "TryStar", "Assert", "Import", "ImportFrom", "Global",
    "Nonlocal", "Expr", "Pass", "Break", "Continue", "ExceptHandler", "Name", "Attribute", "Subscript", "Call",
    "Await", "BinOp", "UnaryOp", "Lambda", "IfExp", "ListComp", "SetComp", "DictComp", "List", "Set", "Dict", "Yield",
    "YieldFrom", "NamedExpr", "Starred", "keyword", "Compare",
}  # fmt: skip
# Compound statements end where their last statement does; ours take trailing separators in.
BEGIN_ONLY = {
    "FunctionDef", "AsyncFunctionDef", "ClassDef", "For", "AsyncFor", "While", "If", "With", "AsyncWith", "Match", "Try",
    "TryStar", "ExceptHandler",
}  # fmt: skip


def sample() -> list[pathlib.Path]:
    root = pathlib.Path(sysconfig.get_paths()["stdlib"])
    files = sorted(
        path
        for path in root.rglob("*.py")
        if not {"site-packages", "dist-packages"} & set(path.parts) and path.stat().st_size <= LARGEST
    )
    # What is full of async code is always there.
    chosen = {path for path in files if "asyncio" in path.parts}
    rest = [path for path in files if path not in chosen]
    return sorted(chosen | set(random.Random(4).sample(rest, min(SAMPLE, len(rest)))))


def compiles(path: pathlib.Path) -> ast.Module | None:
    source = path.read_bytes()
    try:
        if tokenize.detect_encoding(iter(source.splitlines(True)).__next__)[0] != "utf-8" or b"\f" in source:
            return None
        return ast.parse(source)
    except (SyntaxError, ValueError):
        return None


def theirs(tree: ast.Module, source: bytes) -> set[tuple[str, int, int]]:
    starts = [0]
    for line in source.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))

    def span(node: ast.AST) -> tuple[int, int]:
        first = node
        decorators = getattr(node, "decorator_list", None)
        begin = starts[first.lineno - 1] + first.col_offset
        if decorators:
            begin = source.rindex(b"@", 0, starts[decorators[0].lineno - 1] + decorators[0].col_offset)
        return begin, starts[node.end_lineno - 1] + node.end_col_offset

    found = set()

    def visit(node: ast.AST, in_string: bool) -> None:
        kind = type(node).__name__
        # Before 3.12 the places of what is inside an f-string are those of the string. A pattern's parts have their own kinds.
        in_string = in_string or isinstance(node, ast.JoinedStr)
        if isinstance(node, ast.match_case):
            for child in [node.guard, *node.body]:
                if child is not None:
                    visit(child, in_string)
            return
        if isinstance(node, ast.ExceptHandler) and node.name and not in_string:
            # CPython keeps the name as text, without a place.
            at = source.index(node.name.encode(), source.index(b" as", span(node.type)[1]) + 3)
            found.add(("Name", at, at + len(node.name.encode())))
        named = not isinstance(node, ast.keyword) or node.arg is not None  # `**k` is no Keyword of ours
        if not in_string and named and kind in EXACT and hasattr(node, "lineno"):
            begin, end = span(node)
            # `elif` is an If of its own for CPython.
            if not (kind == "If" and source[begin : begin + 4] == b"elif"):
                found.add((kind, begin, begin if kind in BEGIN_ONLY else end))
        for child in ast.iter_child_nodes(node):
            visit(child, in_string)

    visit(tree, False)
    return found


def f_strings(source: bytes) -> list[tuple[int, int]]:
    starts = [0]
    for line in source.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    return [
        (starts[node.lineno - 1] + node.col_offset, starts[node.end_lineno - 1] + node.end_col_offset)
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.JoinedStr)
    ]


def match_patterns(source: bytes, tree: ast.Module) -> list[tuple[int, int]]:
    starts = [0]
    for line in source.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    return [
        (starts[case.pattern.lineno - 1] + case.pattern.col_offset, starts[case.pattern.end_lineno - 1] + case.pattern.end_col_offset)
        for node in ast.walk(tree)
        if isinstance(node, ast.Match)
        for case in node.cases
    ]


@pytest.fixture(scope="module")
def dumps() -> dict[pathlib.Path, list[str]]:
    files = sample()
    output = subprocess.run(
        [DUMP], input="".join(f"{path}\n" for path in files), capture_output=True, text=True, check=True
    ).stdout
    result: dict[pathlib.Path, list[str]] = {}
    for line in output.splitlines():
        if line.startswith("file "):
            lines = result[pathlib.Path(line[5:])] = []
        else:
            lines.append(line)
    assert set(result) == set(files)
    return result


def test_valid_code_has_no_damage(dumps):
    damaged = []
    compared = 0
    for path, lines in dumps.items():
        if compiles(path) is None:
            continue
        compared += 1
        damaged += [f"{path}: {line}" for line in lines if line.startswith("damage ")]
    assert compared >= SAMPLE // 2
    assert damaged == []


def test_nodes_are_where_cpython_says(dumps):
    differences = []
    compared = 0
    for path, lines in dumps.items():
        tree = compiles(path)
        if tree is None:
            continue
        source = path.read_bytes()
        hidden = f_strings(source) + match_patterns(source, tree)
        expected = theirs(tree, source)
        ours = set()
        for line in lines:
            kind, begin, end = line.split()
            span = (int(begin), int(end))
            if kind == "Elif" or any(low <= span[0] and span[1] <= high for low, high in hidden):
                continue
            kind = kind if kind in EXACT else kind.removeprefix("Async")
            if kind == "Try" and ("TryStar", span[0], span[0]) in expected:
                kind = "TryStar"
            if kind in EXACT:
                ours.add((kind, span[0], span[0] if kind in BEGIN_ONLY else span[1]))
        compared += len(expected)
        for what, nodes in (("only CPython has", expected - ours), ("only we have", ours - expected)):
            for kind, begin, end in sorted(nodes)[:5]:
                text = source[begin : max(end, begin + 40)][:60].decode(errors="replace")
                differences.append(f"{path}: {what} {kind} {begin}-{end}: {text!r}")
    assert compared > 100_000
    assert differences == [], f"{len(differences)} differences\n" + "\n".join(differences[:60])
