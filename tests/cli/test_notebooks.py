"""`awaitls check` on Jupyter notebooks."""

from __future__ import annotations

import json
from typing import Any

import pytest

from conftest import Cli

Json = dict[str, Any]


def cell(*lines: str, kind: str = "code", source: str | list[str] | None = None) -> Json:
    text = source if source is not None else list(lines)
    return {"cell_type": kind, "execution_count": None, "metadata": {}, "outputs": [], "source": text}


def notebook(*cells: Json, **metadata: Any) -> str:
    content = {"cells": list(cells), "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


FETCH = cell("import asyncio\n", "\n", "async def fetch():\n", "    await asyncio.sleep(1)\n", "    return 'ä'")


def places(cli: Cli, *arguments: str) -> list[tuple[str, int, int, int]]:
    done = cli("check", "--output-format", "json", *arguments)
    return [
        (f["code"], f["cell"], f["location"]["row"], f["location"]["column"]) for f in json.loads(done.stdout)
    ]


def test_cells_are_one_module(cli: Cli) -> None:
    cli.write("a.ipynb", notebook(cell("# text", kind="markdown"), FETCH, cell("x = 1\n", "fetch()\n", "await fetch()")))
    assert places(cli) == [("unawaited-coroutine", 2, 2, 1)]
    done = cli("check")
    assert "--> a.ipynb:cell 2:2:1\n" in done.stdout
    assert " 1 | x = 1\n 2 | fetch()\n   | ^^^^^^^\n 3 | await fetch()\n" in done.stdout
    assert cli("check", "--output-format", "github").stdout.count("line=2,endLine=2") == 1


def test_places_in_messages_are_of_a_cell(cli: Cli) -> None:
    helper = cell("import time\n", "def helper():\n", "    time.sleep(1)\n")
    cli.write("a.ipynb", notebook(cell("x = 1"), helper, cell("async def main():\n", "    helper()")))
    assert "helper -> time.sleep (a.ipynb:cell 2:3)\n" in cli("check", "--output-format", "concise").stdout


def test_fixes_change_their_cell_alone(cli: Cli) -> None:
    before = notebook(FETCH, cell("%time fetch()\n", "fetch()\n", "!ls"), cell(source="fetch()\n"), answer=1.50)
    before = before.replace('"answer": 1.5', '"answer": 1.50')
    cli.write("a.ipynb", before)
    done = cli("check", "--fix")
    assert "2 fixed" in done.stdout
    after = cli.read("a.ipynb").decode()
    assert after == before.replace('"fetch()\\n",\n', '"await fetch()\\n",\n').replace(
        '"source": "fetch()\\n"', '"source": "await fetch()\\n"'
    )
    assert cli("check").returncode == 0
    diff = cli("check", "--diff", "--stdin-filename", "a.ipynb", "-", stdin=before).stdout
    assert "-fetch()\n+await fetch()\n" in diff
    piped = cli("check", "--fix", "--stdin-filename", "a.ipynb", "-", stdin=before)
    assert piped.stdout == after


def test_an_import_that_a_fix_needs(cli: Cli) -> None:
    cli.write("a.ipynb", notebook(cell("import time"), cell("async def main():\n", "    time.sleep(1)")))
    cli("check", "--fix")
    cells = json.loads(cli.read("a.ipynb"))["cells"]
    assert "".join(cells[0]["source"]) == "import asyncio\nimport time"
    assert "".join(cells[1]["source"]) == "async def main():\n    await asyncio.sleep(1)"


def test_the_magic_of_a_cell_stays_its_first_line(cli: Cli) -> None:
    cli.write("a.ipynb", notebook(cell("%%time\n", "x = 1"), cell("async def main():\n", "    from time import sleep\n", "    sleep(1)")))
    cli("check", "--fix")
    cells = json.loads(cli.read("a.ipynb"))["cells"]
    assert "".join(cells[0]["source"]) == "%%time\nimport asyncio\n\n\nx = 1"


@pytest.mark.parametrize(
    "line",
    ["%matplotlib inline", "!pip install x", "files = !ls", "out = %sql select 1", "fetch?", "?fetch", "%%time"],
)
def test_lines_that_are_no_python(cli: Cli, line: str) -> None:
    cli.write("a.ipynb", notebook(FETCH, cell(line + "\n", "fetch()"), cell("if True:\n", "    !ls\n", "fetch()")))
    assert places(cli) == [("unawaited-coroutine", 2, 2, 1), ("unawaited-coroutine", 3, 3, 1)]


def test_cells_of_other_languages(cli: Cli) -> None:
    cli.write("a.ipynb", notebook(FETCH, cell("%%bash\n", "fetch() {\n", "echo 'x"), cell("fetch()")))
    assert places(cli) == [("unawaited-coroutine", 3, 1, 1)]
    cli.write("a.ipynb", notebook(FETCH, cell("fetch()"), kernelspec={"language": "R", "name": "ir"}))
    assert places(cli) == []


def test_what_runs_at_the_top_may_block_but_must_await(cli: Cli) -> None:
    cli.write(
        "a.ipynb",
        notebook(cell("import time, asyncio\n", "time.sleep(1)\n", "await asyncio.sleep(1)\n", "[await asyncio.sleep(1) for _ in 'a']")),
    )
    assert places(cli) == []


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "`{` is missing (line 1)"),
        ("{}", "it has no cells"),
        ("[1, 2]", "`{` is missing (line 1)"),
        ('{"cells": [\n{"cell_type": "code", "source": ["a"', "`,` is missing (line 2)"),
        ('{"cells": []} x', "something follows its end (line 1)"),
        ('{"cells": "' + "a" * 50, "a string does not end (line 1)"),
        ('{"a": ' + "[" * 300 + "]" * 300 + "}", "it is nested too deeply (line 1)"),
    ],
)
def test_what_is_no_notebook(cli: Cli, text: str, problem: str) -> None:
    cli.write("a.ipynb", text)
    done = cli("check")
    assert done.returncode == 2
    assert f"a.ipynb: not a notebook: {problem}" in done.stderr


def test_odd_cells_are_left_alone(cli: Cli) -> None:
    odd = '{"cells": [1, {"cell_type": "code"}, {"cell_type": "code", "source": 3}, {"cell_type": 4}], "metadata": 5}'
    cli.write("a.ipynb", odd)
    assert cli("check").returncode == 0
    cli("check", "--fix")
    assert cli.read("a.ipynb").decode() == odd
