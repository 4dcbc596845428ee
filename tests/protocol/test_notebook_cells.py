"""Notebooks: their cells are one module, and each is a document of its own to the client."""

import itertools
import json
import subprocess
from random import Random

import pytest

from client import Cell, Client, ResponseError, apply_edits, binary, edits_by_uri, merged, span, text_at

NOTEBOOK = "file:///project/work.ipynb"
FETCH = "import asyncio\n\nasync def fetch():\n    await asyncio.sleep(1)"
SLEEP = "async def main():\n    time.sleep(1)"
SYNC = {"notebookDocument": {"synchronization": {}}}


def cell(name: str, text: str = "", **fields) -> Cell:
    return Cell(f"vscode-notebook-cell:/project/work.ipynb#{name}", text, **fields)


A, B, C = cell("a", FETCH), cell("b", "x = 1\nfetch()"), cell("c", "await fetch()\nfetch()\n")


def insert(line: int, character: int, text: str) -> dict:
    return {"range": span(line, character, line, character), "text": text}


def starts(diagnostics: list[dict]) -> list[tuple]:
    return [(d["code"], d["range"]["start"]["line"], d["range"]["start"]["character"]) for d in diagnostics]


def offset_text(text: str, position: dict) -> str:
    """What stands on its line before a position."""
    return text_at(text, {"start": {"line": position["line"], "character": 0}, "end": position})


def fixed(cells: list[Cell], edit: dict, encoding: str = "utf-16") -> list[str]:
    """The texts of the cells after an edit."""
    changes = edits_by_uri(edit)
    assert set(changes) <= {c.uri for c in cells}
    return [apply_edits(c.text, changes.get(c.uri, []), encoding) for c in cells]


@pytest.fixture
def client(start, push) -> Client:
    one = start()
    one.initialize(merged(push, SYNC))
    return one


@pytest.fixture
def opened(client) -> Client:
    client.open_notebook(NOTEBOOK, A, B, C)
    assert client.published(A.uri, 1) == []
    assert starts(client.published(B.uri, 1)) == [("unawaited-coroutine", 1, 0)]
    assert starts(client.published(C.uri, 1)) == [("unawaited-coroutine", 1, 0)]
    return client


@pytest.fixture
def pulling(start, pull) -> Client:
    """A client that asks for the diagnostics of cells, and does so before it is told any."""
    one = start()
    one.initialize(merged(pull, SYNC))
    one.open_notebook(NOTEBOOK + ".first", cell("first"))
    one.pull(cell("first").uri)
    one.close_notebook(NOTEBOOK + ".first", cell("first"))
    one.arrived("textDocument/publishDiagnostics")
    return one


# ---- What is announced ----


def test_announced_to_clients_with_notebooks(start, push):
    told = start()
    told.initialize(merged(push, SYNC))
    assert told.server_capabilities["notebookDocumentSync"] == {
        "notebookSelector": [{"notebook": "*", "cells": [{"language": "python"}]}], "save": True
    }
    assert told.server_capabilities["codeActionProvider"]["codeActionKinds"][-1] == "notebook.source.fixAll.awaitls"
    other = start()
    other.initialize(push)
    assert "notebookDocumentSync" not in other.server_capabilities


# ---- Synchronisation and push ----


def test_cells_are_one_module(opened):
    """`fetch` is known in every cell, and what is at the top may await."""
    opened.edit_cell(NOTEBOOK, 2, A.uri, 2, {"range": span(2, 0, 2, 6), "text": ""})
    [finding] = opened.published(A.uri, 2)
    assert finding["code"] == "await-outside-async"
    assert opened.published(B.uri, 1) == []
    assert starts(opened.published(C.uri, 1)) == [("await-non-awaitable", 0, 0)]
    opened.edit_cell(NOTEBOOK, 3, A.uri, 3, insert(2, 0, "async "))
    assert opened.published(A.uri, 3) == []
    assert len(opened.published(B.uri, 1)) == len(opened.published(C.uri, 1)) == 1


def test_typing_in_a_cell(opened):
    opened.edit_cell(NOTEBOOK, 2, B.uri, 2, insert(0, 0, "y = 2\n"), insert(2, 7, "\n"))
    assert starts(opened.published(B.uri, 2)) == [("unawaited-coroutine", 2, 0)]
    opened.edit_cell(NOTEBOOK, 3, B.uri, 3, insert(2, 0, "await "))
    assert opened.published(B.uri, 3) == []
    opened.edit_cell(NOTEBOOK, 4, B.uri, 4, {"text": "fetch()"})
    assert starts(opened.published(B.uri, 4)) == [("unawaited-coroutine", 0, 0)]
    assert opened.arrived("textDocument/publishDiagnostics") == [], "the other cells show what they did"


def test_several_cells_in_one_change(opened):
    opened.change_notebook(NOTEBOOK, 2, cells={"textContent": [
        {"document": {"uri": C.uri, "version": 2}, "changes": [insert(1, 0, "await ")]},
        {"document": {"uri": B.uri, "version": 5}, "changes": [insert(0, 0, "\n"), insert(2, 0, "await ")]},
    ]})
    assert opened.published(B.uri, 5) == [] and opened.published(C.uri, 2) == []


def test_a_keystroke_analyses_its_own_function(start, push):
    client = start()
    client.initialize(merged(push, SYNC), initializationOptions={"logLevel": "debug"})
    many = [cell(str(i), f"async def f{i}():\n    print({i})\n    await asyncio.sleep({i})") for i in range(50)]
    client.open_notebook(NOTEBOOK, A, *many)
    for one in [A, *many]:
        client.published(one.uri, 1)
    client.edit_cell(NOTEBOOK, 2, many[7].uri, 2, insert(1, 10, "0"))
    client.published(many[7].uri, 2)
    [text] = [entry["message"] for entry in client.log if "regions anew" in entry["message"]][-1:]
    assert " 1 regions anew" in text


def test_cells_come_and_go(opened):
    new = cell("new", "fetch()")
    opened.splice_cells(NOTEBOOK, 2, 1, 0, [new])
    assert starts(opened.published(new.uri, 1)) == [("unawaited-coroutine", 0, 0)]
    opened.splice_cells(NOTEBOOK, 3, 2, 1, closed=[B])
    assert opened.published(B.uri) == [], "what it showed is taken back"
    assert opened.arrived("textDocument/publishDiagnostics") == []
    opened.splice_cells(NOTEBOOK, 4, 0, 1, closed=[A])
    assert opened.published(A.uri) == []
    assert opened.published(new.uri, 1) == opened.published(C.uri, 1) == [], "nobody knows `fetch` any more"


def test_cells_move(opened):
    opened.splice_cells(NOTEBOOK, 2, 0, 3, [C, B, A], opened=[])
    assert opened.hover(B.uri, 1, 2) is not None
    opened.edit_cell(NOTEBOOK, 3, C.uri, 2, insert(1, 0, "await "))
    assert opened.published(C.uri, 2) == []
    opened.edit_cell(NOTEBOOK, 4, A.uri, 2, {"text": "def fetch():\n    pass"})
    assert opened.published(A.uri, 2) == [] and opened.published(B.uri, 1) == []
    assert {code for code, _, _ in starts(opened.published(C.uri, 2))} == {"await-non-awaitable"}


def test_a_finding_moves_to_another_cell(opened):
    new = cell("new", "fetch()")
    opened.change_notebook(NOTEBOOK, 2, cells={
        "structure": {"array": {"start": 3, "deleteCount": 0, "cells": [new.item]}, "didOpen": [new.text_document]},
        "textContent": [
            {"document": {"uri": B.uri, "version": 2}, "changes": [{"range": span(1, 0, 1, 7), "text": ""}]},
        ],
    })
    assert opened.published(B.uri, 2) == []
    assert starts(opened.published(new.uri, 1)) == [("unawaited-coroutine", 0, 0)]


def test_the_language_of_a_cell_changes(opened):
    sql = cell("b", B.text, language="sql")
    opened.splice_cells(NOTEBOOK, 2, 1, 1, [sql], closed=[B])
    assert opened.published(B.uri) == []
    assert opened.hover(B.uri, 1, 2) is None
    opened.splice_cells(NOTEBOOK, 3, 1, 1, [B], closed=[sql])
    assert len(opened.published(B.uri, 1)) == 1


def test_the_kind_of_a_cell_changes(opened):
    opened.change_notebook(NOTEBOOK, 2, cells={"data": [{"kind": 1, "document": B.uri}]})
    assert opened.published(B.uri) == []
    opened.change_notebook(NOTEBOOK, 3, cells={"data": [{"kind": 2, "document": B.uri}]})
    assert len(opened.published(B.uri, 1)) == 1


def test_what_is_no_text_changes_nothing(opened):
    opened.change_notebook(NOTEBOOK, 2, metadata={"kernelspec": {"name": "python3"}})
    opened.change_notebook(NOTEBOOK, 3, cells={"data": [
        {"kind": 2, "document": B.uri, "metadata": {"a": 1}, "executionSummary": {"executionOrder": 3, "success": True}}
    ]})
    opened.notify("notebookDocument/didSave", {"notebookDocument": {"uri": NOTEBOOK}})
    assert opened.arrived("textDocument/publishDiagnostics") == []


def test_closing(opened):
    opened.close_notebook(NOTEBOOK, A, B, C)
    for one in (A, B, C):
        assert opened.published(one.uri) == []
        assert opened.hover(one.uri, 0, 0) is None
    opened.open_notebook(NOTEBOOK, A, B)
    assert opened.published(A.uri, 1) == []
    assert len(opened.published(B.uri, 1)) == 1


def test_cells_that_are_no_python(client):
    client.open_notebook(
        NOTEBOOK, A, cell("text", "fetch()", kind=1, language="markdown"), cell("raw", "fetch()", kind=1),
        cell("sql", "fetch()", language="sql"), B,
    )
    client.published(A.uri, 1)
    assert len(client.published(B.uri, 1)) == 1
    client.edit_cell(NOTEBOOK, 2, cell("text").uri, 2, {"text": "await"})
    client.edit_cell(NOTEBOOK, 3, cell("sql").uri, 2, insert(0, 0, "'''"))
    assert client.arrived("textDocument/publishDiagnostics") == []
    assert client.code_actions(cell("sql").uri, span(0, 0, 9, 9)) == []
    assert client.hover(cell("text").uri, 0, 0) is None


def test_agrees_with_check(client, tmp_path):
    cells = [*ALL_CELLS, cell("e", "%%time\n'\U0001f600'; fetch()"), cell("f", "%%bash\nfetch()"), cell("g", "x = (\n"),
             cell("h", SLEEP), cell("i", "def f():\n    await fetch()")]
    path = tmp_path / "work.ipynb"
    path.write_text(json.dumps({"cells": [
        {"cell_type": "code" if c.kind == 2 else "markdown", "source": c.text} for c in cells
    ]}))
    checked = subprocess.run([binary(), "check", "--output-format", "json", path], capture_output=True, check=False)
    expected = [(f["cell"], f["code"], f["location"]["row"], f["location"]["column"], f["message"])
                for f in json.loads(checked.stdout)]
    client.open_notebook(path.as_uri(), *cells)
    code = [c for c in cells if c.kind == 2]
    found = [
        (number, d["code"], d["range"]["start"]["line"] + 1,
         len(offset_text(c.text, d["range"]["start"])) + 1, d["message"])
        for number, c in enumerate(code, start=1) for d in client.published(c.uri, 1)
    ]
    assert found == expected and len(found) >= 6


@pytest.mark.parametrize("line", ["%time fetch()", "!ls \U0001f600", "files = !ls", "fetch?", "%%time", "out = %sql select"])
def test_magics(client, line):
    one = cell("one", f"{line}\nfetch()")
    client.open_notebook(NOTEBOOK, A, one)
    client.published(A.uri, 1)
    assert starts(client.published(one.uri, 1)) == [("unawaited-coroutine", 1, 0)]
    client.edit_cell(NOTEBOOK, 2, one.uri, 2, insert(0, len(line.encode("utf-16-le")) // 2, "\nfetch()"))
    assert len(client.published(one.uri, 2)) == 2
    client.edit_cell(NOTEBOOK, 3, one.uri, 3, {"range": span(0, 0, 3, 0), "text": "%%bash\n\U0001f600 'x\n"})
    assert client.published(one.uri, 3) == [], "the cell is of another language now"
    client.edit_cell(NOTEBOOK, 4, one.uri, 4, {"range": span(0, 0, 2, 0), "text": ""})
    client.published(one.uri, 4)


def test_an_empty_notebook(client):
    client.open_notebook(NOTEBOOK)
    client.splice_cells(NOTEBOOK, 2, 0, 0, [cell("one")])
    assert client.published(cell("one").uri, 1) == []
    client.edit_cell(NOTEBOOK, 3, cell("one").uri, 2, insert(0, 0, FETCH + "\nfetch()"))
    assert len(client.published(cell("one").uri, 2)) == 1
    client.splice_cells(NOTEBOOK, 4, 0, 1, closed=[cell("one")])
    assert client.published(cell("one").uri) == []


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-32"])
def test_columns_behind_an_emoji(start, push, encoding):
    client = start()
    client.initialize(merged(push, SYNC | {"general": {"positionEncodings": [encoding]}}))
    first = cell("first", FETCH + "  # \U0001f600\n%time '\U0001f600'")
    second = cell("second", "!echo \U0001f600\n'\U0001f600ä'; fetch()")
    client.open_notebook(NOTEBOOK, first, second)
    client.published(first.uri, 1)
    [finding] = client.published(second.uri, 1)
    assert text_at(second.text, finding["range"], encoding) == "fetch()"
    [fix, *_] = client.code_actions(second.uri, finding["range"])
    assert fixed([first, second], fix["edit"], encoding)[1] == second.text.replace("fetch", "await fetch")
    # An edit behind the emoji, in the same units.
    client.edit_cell(NOTEBOOK, 2, second.uri, 2, {"range": finding["range"], "text": "pass"})
    assert client.published(second.uri, 2) == []


@pytest.mark.parametrize("related", [True, False])
def test_related_places_are_in_their_cell(start, push, related):
    client = start()
    client.initialize(merged(push, SYNC | {"textDocument": {"publishDiagnostics": {"relatedInformation": related}}}))
    helper = cell("helper", "%time\nimport time\n\ndef helper():\n    '\U0001f600'; time.sleep(1)")
    main = cell("main", "async def main():\n    helper()")
    client.open_notebook(NOTEBOOK, cell("text", "x", kind=1), helper, main)
    client.published(helper.uri, 1)
    [finding] = client.published(main.uri, 1)
    assert finding["message"].startswith("`helper()` blocks the event loop: helper -> time.sleep (work.ipynb:cell 1:5)")
    if related:
        [place] = [r["location"] for r in finding["relatedInformation"]]
        assert place["uri"] == helper.uri
        assert text_at(helper.text, place["range"]) == "time.sleep(1)"
    else:
        assert "\n  cell 1 line 5: " in finding["message"]
    # The place moves, the finding does not.
    client.edit_cell(NOTEBOOK, 2, helper.uri, 2, insert(1, 0, "\n"))
    client.published(helper.uri, 2)
    [moved] = client.published(main.uri, 1)
    assert moved["range"] == finding["range"] and "cell 1:6" in moved["message"]


def test_suppressions(client):
    quiet = cell("quiet", "fetch()  # awaitls: ignore[unawaited-coroutine]\nx = 1  # awaitls: ignore[blocking-sleep]")
    client.open_notebook(NOTEBOOK, A, quiet)
    client.published(A.uri, 1)
    assert starts(client.published(quiet.uri, 1)) == [("unused-suppression", 1, 7)]
    client.splice_cells(NOTEBOOK, 2, 0, 0, [cell("file", "# awaitls: ignore-file")])
    assert client.published(cell("file").uri, 1) == []
    assert client.published(quiet.uri, 1) == []


def test_a_bracket_that_stays_open(client):
    """A broken cell damages no other."""
    main = cell("main", "import time\n" + SLEEP + "\n\n")
    end = cell("end", "fetch()")
    client.open_notebook(NOTEBOOK, A, B, main, end)
    client.published(A.uri, 1), client.published(B.uri, 1)
    assert len(client.published(main.uri, 1)) == len(client.published(end.uri, 1)) == 1
    for version, text in enumerate(["x = (", "'''", "fetch(\\", "def f(", "async", "if x:", "@", "class A:"], start=2):
        client.edit_cell(NOTEBOOK, version, B.uri, version, {"text": text})
        client.published(B.uri, version)
    client.edit_cell(NOTEBOOK, 99, B.uri, 99, {"text": "fetch()"})
    assert starts(client.published(B.uri, 99)) == [("unawaited-coroutine", 0, 0)]
    assert client.arrived("textDocument/publishDiagnostics") == [], "the other cells show what they did"


# ---- The file ----


def test_the_place_of_the_notebook_counts(client, tmp_path):
    (tmp_path / "pyproject.toml").write_text(
        '[tool.awaitls]\nexclude = ["out"]\nper-file-ignores = { "quiet*" = ["unawaited-coroutine"] }\n'
    )
    (tmp_path / "helpers.py").write_text("async def fetch(): ...\n")
    (tmp_path / "out").mkdir()
    code = cell("one", "from helpers import fetch\nfetch()")

    def open_at(name: str) -> list[dict]:
        uri = (tmp_path / name).as_uri()
        client.open_notebook(uri, code)
        found = client.published(code.uri, 1)
        client.close_notebook(uri, code)
        client.published(code.uri)
        return found

    assert starts(open_at("work.ipynb")) == [("unawaited-coroutine", 1, 0)]
    assert open_at("quiet.ipynb") == []
    assert open_at("out/work.ipynb") == []


def test_an_open_document_that_cells_import(client, tmp_path):
    (tmp_path / "helpers.py").write_text("async def fetch(): ...\n")
    code = cell("one", "from helpers import fetch\nfetch()")
    client.open_notebook((tmp_path / "work.ipynb").as_uri(), code)
    assert len(client.published(code.uri, 1)) == 1
    helpers = (tmp_path / "helpers.py").as_uri()
    client.open(helpers, "def fetch(): ...\n")
    client.published(helpers, 1)
    assert client.published(code.uri, 1) == []


def test_a_notebook_without_a_file(client):
    client.open_notebook("untitled:Untitled-1.ipynb", A, B)
    assert client.published(A.uri, 1) == []
    assert len(client.published(B.uri, 1)) == 1


def test_too_much_code(client):
    big = cell("big", "#" * 2_000_000)
    client.open_notebook(NOTEBOOK, A, B, big)
    [note] = client.published(A.uri, 1)
    assert "max-file-size" in note["message"]
    assert client.published(B.uri, 1) == client.published(big.uri, 1) == []
    client.splice_cells(NOTEBOOK, 2, 2, 1, closed=[big])
    assert client.published(big.uri) == client.published(A.uri, 1) == []
    assert len(client.published(B.uri, 1)) == 1


# ---- Fixes and hover ----


def test_a_fix_with_an_import_in_another_cell(client):
    cells = [cell("one", "import time"), cell("two", "x = 1"), cell("three", SLEEP)]
    client.open_notebook(NOTEBOOK, *cells)
    client.published(cells[0].uri, 1), client.published(cells[1].uri, 1)
    [finding] = client.published(cells[2].uri, 1)
    [fix, *_] = client.code_actions(cells[2].uri, finding["range"], diagnostics=[finding])
    assert fix["diagnostics"][0] == finding
    versions = [change["textDocument"] for change in fix["edit"]["documentChanges"]]
    assert versions == [{"uri": cells[0].uri, "version": 1}, {"uri": cells[2].uri, "version": 1}]
    assert fixed(cells, fix["edit"]) == [
        "import asyncio\nimport time", "x = 1", "async def main():\n    await asyncio.sleep(1)"
    ]


@pytest.mark.parametrize("before, after", [
    ("import zlib", "import asyncio\nimport zlib"),
    ("import abc", "import abc\nimport asyncio"),
    ("import abc\n", "import abc\nimport asyncio\n"),
    ("'''doc'''", "'''doc'''\n\nimport asyncio\n"),
    ("x = 1", "import asyncio\n\n\nx = 1"),
    ("%time", "import asyncio\n\n\n%time"),
    ("%%time\nx = 1", "%%time\nimport asyncio\n\n\nx = 1"),
    ("%%bash\nls", "%%bash\nls"),
    ("", ""),
])
def test_where_an_import_goes(client, before, after):
    """It is where `check --fix` puts it; a cell ends as it did."""
    cells = [cell("one", before), cell("two", "async def main():\n    import time\n    time.sleep(1)")]
    client.open_notebook(NOTEBOOK, *cells)
    client.published(cells[0].uri, 1), client.published(cells[1].uri, 1)
    [fix, *_] = client.code_actions(cells[1].uri, span(2, 4, 2, 4))
    first, second = fixed(cells, fix["edit"])
    assert first == after
    assert second.endswith("async def main():\n    import time\n    await asyncio.sleep(1)")
    assert "import asyncio" in first + second


def test_insert_await(opened):
    [fix, *_, suppress] = opened.code_actions(B.uri, span(1, 3, 1, 3))
    assert fixed([A, B, C], fix["edit"]) == [FETCH, "x = 1\nawait fetch()", C.text]
    assert fixed([A, B, C], suppress["edit"])[1] == "x = 1\nfetch()  # awaitls: ignore[unawaited-coroutine]"


def test_only_what_touches_the_range_in_this_cell(opened):
    assert opened.code_actions(A.uri, span(0, 0, 9, 9), only=["quickfix"]) == []
    assert len(opened.code_actions(B.uri, span(0, 0, 9, 9), only=["quickfix"])) == 2
    assert opened.code_actions(B.uri, span(0, 0, 0, 5), only=["quickfix"]) == []


def test_changes_for_a_client_without_document_changes(start):
    client = start()
    client.initialize(SYNC)
    cells = [cell("one", "import time"), cell("three", SLEEP)]
    client.open_notebook(NOTEBOOK, *cells)
    client.published(cells[0].uri, 1), client.published(cells[1].uri, 1)
    [fix, *_] = client.code_actions(cells[1].uri, span(1, 6, 1, 6), only=["quickfix"])
    assert list(fix["edit"]["changes"]) == [c.uri for c in cells]
    [everything] = client.code_actions(cells[0].uri, span(0, 0, 0, 0), only=["notebook.source"])
    assert fixed(cells, everything["edit"]) == fixed(cells, fix["edit"])


@pytest.mark.parametrize("only, kinds", [
    (["notebook.source.fixAll"], {"notebook.source.fixAll.awaitls"}),
    (["notebook"], {"notebook.source.fixAll.awaitls"}),
    (["source.fixAll"], set()),
    (["source"], set()),
    (None, {"quickfix", "notebook.source.fixAll.awaitls"}),
])
def test_kinds(opened, only, kinds):
    """Fix all is for the notebook: clients ask for `source` kinds cell by cell, each time of the text before."""
    assert {action["kind"] for action in opened.code_actions(B.uri, span(1, 0, 1, 0), only)} == kinds


ALL_CELLS = [
    cell("a", "'''doc'''"), cell("b", "%time\nimport time\n" + FETCH + "\n"), cell("text", "fetch()", kind=1),
    cell("c", "fetch()  # \U0001f600\n!ls\nfetch()"), cell("d", SLEEP.replace("time.sleep", "'\U0001f600'; time.sleep")),
]
ALL_FIXED = [c.text if c.kind == 1 else c.text.replace("\nfetch()", "\nawait fetch()").replace("time.sleep", "await asyncio.sleep")
             for c in ALL_CELLS]
ALL_FIXED[3] = "await " + ALL_FIXED[3]


def test_fix_all(client):
    client.open_notebook(NOTEBOOK, *ALL_CELLS)
    for one in ALL_CELLS:
        if one.kind == 2:
            client.published(one.uri, 1)
    [action] = client.code_actions(ALL_CELLS[0].uri, span(0, 0, 0, 0), only=["notebook.source.fixAll"])
    assert "edit" not in action
    client.edit_cell(NOTEBOOK, 2, ALL_CELLS[3].uri, 2, {"text": ALL_CELLS[3].text})
    client.published(ALL_CELLS[3].uri, 2)
    resolved = client.request("codeAction/resolve", action)
    assert resolved["kind"] == "notebook.source.fixAll.awaitls"
    assert fixed(ALL_CELLS, resolved["edit"]) == ALL_FIXED
    versions = {change["textDocument"]["uri"]: change["textDocument"]["version"]
                for change in resolved["edit"]["documentChanges"]}
    assert versions == {ALL_CELLS[3].uri: 2, ALL_CELLS[4].uri: 1}
    for version, (one, text) in enumerate(zip(ALL_CELLS, ALL_FIXED), start=3):
        client.edit_cell(NOTEBOOK, version, one.uri, version, {"text": text})
    client.notify("notebookDocument/didSave", {"notebookDocument": {"uri": NOTEBOOK}})
    assert client.code_actions(ALL_CELLS[3].uri, span(0, 0, 9, 9)) == []
    client.arrived("textDocument/publishDiagnostics")


@pytest.mark.parametrize("uri", [NOTEBOOK, ALL_CELLS[3].uri])
def test_fix_all_as_a_command(client, uri):
    client.open_notebook(NOTEBOOK, *ALL_CELLS)
    request = client.new_request("workspace/executeCommand", {"command": "awaitls.fixAll", "arguments": [uri]})
    client.send(request)
    params = client.expect("workspace/applyEdit")
    assert fixed(ALL_CELLS, params["edit"]) == ALL_FIXED
    assert client.response(request["id"]) is None
    client.arrived("textDocument/publishDiagnostics")


def test_hover(opened):
    found = opened.hover(B.uri, 1, 2)
    assert "unawaited-coroutine" in found["contents"]["value"] and found["range"] == span(1, 0, 1, 7)
    assert opened.hover(B.uri, 0, 0) is None
    assert opened.hover(NOTEBOOK, 0, 0) is None, "a notebook is no text"


def test_a_question_about_a_cell_that_is_gone(opened):
    request = opened.new_request("textDocument/hover",
                                 {"textDocument": {"uri": B.uri}, "position": {"line": 1, "character": 1}})
    opened.send(
        opened.notebook_change_message(NOTEBOOK, 2, cells={"textContent": [
            {"document": {"uri": B.uri, "version": 2}, "changes": [insert(0, 0, "\n")]}]}),
        request,
        opened.notebook_change_message(NOTEBOOK, 3, cells={"structure": {
            "array": {"start": 1, "deleteCount": 1}, "didClose": [{"uri": B.uri}]}}),
    )
    with pytest.raises(ResponseError) as stale:
        opened.response(request["id"])
    assert stale.value.code == -32801
    assert opened.published(B.uri) == []


# ---- Pull ----


def test_pull(pulling):
    pulling.open_notebook(NOTEBOOK, A, B, C)
    assert pulling.pull(A.uri)["items"] == []
    first = pulling.pull(B.uri)
    assert starts(first["items"]) == [("unawaited-coroutine", 1, 0)]
    assert pulling.pull(B.uri, first["resultId"]) == {"kind": "unchanged", "resultId": first["resultId"]}
    other = pulling.pull(C.uri)
    assert starts(other["items"]) == [("unawaited-coroutine", 1, 0)]
    pulling.edit_cell(NOTEBOOK, 2, B.uri, 2, insert(0, 0, "\n"))
    assert starts(pulling.pull(B.uri, first["resultId"])["items"]) == [("unawaited-coroutine", 2, 0)]
    assert pulling.pull(C.uri, other["resultId"])["kind"] == "unchanged"
    assert pulling.pull(NOTEBOOK) == {"kind": "full", "items": []}
    pulling.close_notebook(NOTEBOOK, A, B, C)
    assert pulling.pull(B.uri, first["resultId"]) == {"kind": "full", "items": []}
    assert pulling.arrived("textDocument/publishDiagnostics") == []


def test_pull_agrees_with_push(pulling, start, push):
    told = start()
    told.initialize(merged(push, SYNC))
    for one in (told, pulling):
        one.open_notebook(NOTEBOOK, A, B, C)
    for one in (A, B, C):
        assert told.published(one.uri, 1) == pulling.pull(one.uri)["items"]


def test_an_edit_that_changes_other_cells_refreshes_them(pulling):
    pulling.open_notebook(NOTEBOOK, A, B, C)
    ids = {one.uri: pulling.pull(one.uri)["resultId"] for one in (A, B, C)}
    pulling.edit_cell(NOTEBOOK, 2, A.uri, 2, {"text": "def fetch():\n    pass"})
    assert pulling.pull(A.uri, ids[A.uri])["kind"] == "unchanged"
    pulling.expect("workspace/diagnostic/refresh")
    assert pulling.pull(B.uri, ids[B.uri])["items"] == []
    assert starts(pulling.pull(C.uri, ids[C.uri])["items"]) == [("await-non-awaitable", 0, 0)]
    assert pulling.arrived("workspace/diagnostic/refresh") == []


def test_other_cells_are_related_documents(start, pull):
    client = start()
    client.initialize(merged(pull, SYNC | {"textDocument": {"diagnostic": {"relatedDocumentSupport": True}}}))
    message = client.notification("notebookDocument/didOpen", {
        "notebookDocument": {"uri": NOTEBOOK, "notebookType": "x", "version": 1, "cells": [A.item, B.item, C.item]},
        "cellTextDocuments": [A.text_document, B.text_document, C.text_document],
    })
    request = client.new_request("textDocument/diagnostic", {"textDocument": {"uri": A.uri}})
    client.send(message, request)
    report = client.response(request["id"])
    assert report["items"] == [] and set(report["relatedDocuments"]) == {B.uri, C.uri}
    other = report["relatedDocuments"][B.uri]
    assert client.pull(B.uri, other["resultId"]) == {"kind": "unchanged", "resultId": other["resultId"]}
    client.edit_cell(NOTEBOOK, 2, A.uri, 2, {"text": "def fetch():\n    pass"})
    report = client.pull(A.uri, report["resultId"])
    assert report["kind"] == "unchanged"
    assert report["relatedDocuments"][B.uri]["items"] == []
    assert len(report["relatedDocuments"][C.uri]["items"]) == 1
    assert "relatedDocuments" not in client.pull(A.uri)
    assert client.arrived("workspace/diagnostic/refresh") == []


def test_another_order_refreshes(pulling):
    """Clients do not ask again for cells that have moved."""
    shadow = cell("shadow", "def fetch():\n    pass")
    pulling.open_notebook(NOTEBOOK, A, B, cell("end", "x = 2"))
    for one in (A, B, cell("end")):
        pulling.pull(one.uri)
    pulling.splice_cells(NOTEBOOK, 2, 0, 1, [], closed=[A])
    pulling.expect("workspace/diagnostic/refresh")
    assert pulling.pull(B.uri)["items"] == []
    pulling.splice_cells(NOTEBOOK, 3, 0, 1, [B], opened=[])
    pulling.splice_cells(NOTEBOOK, 4, 0, 0, [shadow])
    pulling.pull(shadow.uri)
    assert pulling.arrived("workspace/diagnostic/refresh") == [], "no cell shows anything else"


def test_a_pull_of_a_cell_that_is_removed_meanwhile(pulling):
    pulling.open_notebook(NOTEBOOK, A, B)
    request = pulling.new_request("textDocument/diagnostic", {"textDocument": {"uri": B.uri}})
    pulling.send(request, pulling.notebook_change_message(NOTEBOOK, 2, cells={"structure": {
        "array": {"start": 1, "deleteCount": 1}, "didClose": [{"uri": B.uri}]}}))
    assert pulling.response(request["id"]) == {"kind": "full", "items": []}


def test_cells_are_pushed_until_they_are_pulled(start, pull):
    """Clients that ask for the diagnostics of documents may not ask for those of cells."""
    client = start()
    client.initialize(merged(pull, SYNC))
    client.open_notebook(NOTEBOOK, A, B)
    assert client.published(A.uri, 1) == []
    told = client.published(B.uri, 1)
    client.edit_cell(NOTEBOOK, 2, B.uri, 2, insert(0, 0, "\n"))
    assert len(client.published(B.uri, 2)) == 1
    client.open("file:///project/a.py", "x = 1\n")
    assert client.pull("file:///project/a.py")["items"] == []
    client.edit_cell(NOTEBOOK, 3, B.uri, 3, {"text": B.text})
    assert client.published(B.uri, 3) == told
    assert client.pull(B.uri)["items"] == told
    assert client.published(A.uri) == client.published(B.uri) == [], "shown once"
    client.edit_cell(NOTEBOOK, 4, B.uri, 4, insert(0, 0, "\n"))
    assert len(client.pull(B.uri)["items"]) == 1
    assert client.arrived("textDocument/publishDiagnostics") == []


def test_pull_of_the_workspace(pulling, tmp_path):
    (tmp_path / "closed.ipynb").write_text(json.dumps({
        "cells": [{"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None, "source": A.text + "\nfetch()"}],
        "metadata": {}, "nbformat": 4, "nbformat_minor": 5,
    }))
    pulling.notify("workspace/didChangeConfiguration", {"settings": {"awaitls": {"diagnosticMode": "workspace"}}})
    pulling.notify("workspace/didChangeWorkspaceFolders",
                   {"event": {"added": [{"uri": tmp_path.as_uri(), "name": "here"}], "removed": []}})
    pulling.open_notebook(NOTEBOOK, A, cell("text", "x", kind=1), B)
    reports = pulling.request("workspace/diagnostic", {"previousResultIds": []})["items"]
    assert [(r["uri"], r["version"], len(r["items"])) for r in reports] == [(A.uri, 1, 0), (B.uri, 1, 1)]
    held = [{"uri": r["uri"], "value": r["resultId"]} for r in reports]
    again = pulling.request("workspace/diagnostic", {"previousResultIds": held})["items"]
    assert [r["kind"] for r in again] == ["unchanged", "unchanged"]
    pulling.splice_cells(NOTEBOOK, 2, 2, 1, closed=[B])
    after = pulling.request("workspace/diagnostic", {"previousResultIds": held})["items"]
    assert [(r["uri"], r["kind"], r.get("items")) for r in after] == [(A.uri, "unchanged", None), (B.uri, "full", [])]
    pulling.arrived("workspace/diagnostic/refresh")


# ---- What cannot be ----


def test_unknown_notebooks(client):
    client.edit_cell(NOTEBOOK, 2, A.uri, 2, {"text": "x"})
    client.expect_log("change of a notebook that is not open")
    client.close_notebook(NOTEBOOK, A)
    client.expect_log("closed a notebook that is not open")
    client.notify("notebookDocument/didSave", {"notebookDocument": {"uri": NOTEBOOK}})
    assert client.arrived("textDocument/publishDiagnostics") == []


def test_unknown_cells(opened):
    opened.edit_cell(NOTEBOOK, 2, cell("nowhere").uri, 2, {"text": "x"})
    opened.expect_log("change of a cell that is not open: .*#nowhere")
    opened.change_notebook(NOTEBOOK, 3, cells={"data": [{"kind": 2, "document": cell("nowhere").uri}]})
    opened.expect_log("data of an unknown cell")
    opened.splice_cells(NOTEBOOK, 4, 1, 0, closed=[cell("nowhere")])
    opened.expect_log("closed a cell that is not open")
    opened.splice_cells(NOTEBOOK, 5, 1, 0, [cell("silent")], opened=[])
    opened.expect_log("has no text: .*#silent")
    opened.splice_cells(NOTEBOOK, 6, 2, 1, closed=[B])
    assert opened.published(B.uri) == []
    opened.edit_cell(NOTEBOOK, 7, B.uri, 2, {"text": "fetch()"})
    opened.expect_log("change of a cell that is not open: .*#b")
    opened.edit_cell(NOTEBOOK, 8, C.uri, 2, insert(1, 0, "await "))
    assert opened.published(C.uri, 2) == [], "the others are followed all the while"


@pytest.mark.parametrize("first, delete", [(4, 0), (2, 2), (0, 4), (2**31 - 1, 2**31 - 1)])
def test_a_splice_outside_of_the_notebook(opened, first, delete):
    """Which cells there are is unknown from then on, and nothing is said about them until the notebook is opened again."""
    opened.splice_cells(NOTEBOOK, 2, first, delete, [cell("new", "fetch()")])
    opened.expect_log("outside of a notebook with 3 cells")
    opened.expect_log("lost track of work.ipynb")
    assert "Reopen it" in opened.expect("window/showMessage")["message"]
    for one in (B, C):
        assert opened.published(one.uri, 1) == []
    opened.arrived("textDocument/publishDiagnostics")
    opened.splice_cells(NOTEBOOK, 3, 0, 1)
    opened.edit_cell(NOTEBOOK, 4, B.uri, 2, insert(0, 0, "\n"))
    assert opened.published(B.uri, 2) == []
    assert opened.hover(B.uri, 2, 2) is None
    opened.open_notebook(NOTEBOOK, A, B)
    opened.expect_log("opened again without being closed")
    assert [len(opened.published(one.uri)) for one in (A, B, C)] == [0, 0, 0]
    assert opened.published(A.uri, 1) == []
    assert len(opened.published(B.uri, 1)) == 1


def test_a_change_outside_of_the_text_of_a_cell(opened):
    opened.edit_cell(NOTEBOOK, 2, B.uri, 2, insert(40, 0, "x"))
    opened.expect_log("outside of the text of .*#b")
    opened.expect_log("lost track of work.ipynb")
    opened.expect("window/showMessage")
    assert opened.published(B.uri, 2) == opened.published(C.uri, 1) == []
    opened.edit_cell(NOTEBOOK, 3, B.uri, 3, {"text": B.text})
    assert len(opened.published(B.uri, 3)) == len(opened.published(C.uri, 1)) == 1


def test_a_change_that_cannot_be_read(opened):
    opened.change_notebook(NOTEBOOK, 2, cells={"structure": {"array": {"start": -1, "deleteCount": 0}}})
    opened.expect_log("notebookDocument/didChange")
    opened.expect_log("lost track of work.ipynb")
    opened.expect("window/showMessage")
    assert [opened.published(one.uri, 1) for one in (A, B, C)] == [[], [], []]


def test_versions_that_go_backwards(start, push):
    client = start()
    client.initialize(merged(push, SYNC), initializationOptions={"logLevel": "debug"})
    client.open_notebook(NOTEBOOK, A, B, version=7)
    client.published(A.uri, 1), client.published(B.uri, 1)
    client.edit_cell(NOTEBOOK, 3, B.uri, 0, insert(0, 0, "\n"))
    assert starts(client.published(B.uri, 0)) == [("unawaited-coroutine", 2, 0)]
    entries = [entry["message"] for entry in client.log]
    assert any("work.ipynb: version 3 follows version 7" in entry for entry in entries)
    assert any("version 0 follows version 1" in entry for entry in entries)


def test_one_uri_for_two_cells(client):
    client.open_notebook(NOTEBOOK, A, B, B)
    client.expect_log("opened again")
    client.expect_log("one URI")
    client.expect_log("one URI")
    client.published(A.uri, 1)
    assert len(client.published(B.uri, 1)) == 1
    client.edit_cell(NOTEBOOK, 2, B.uri, 2, insert(0, 0, "\n"))
    assert starts(client.published(B.uri, 2)) == [("unawaited-coroutine", 2, 0)]


def test_a_cell_of_two_notebooks(opened):
    other = NOTEBOOK.replace("work", "other")
    opened.open_notebook(other, A, cell("d", "x = 1"))
    opened.expect_log("another notebook: .*#a")
    opened.expect_log("has no text: .*#a")
    assert opened.published(cell("d").uri, 1) == []
    opened.close_notebook(other, A, cell("d"))
    assert opened.published(cell("d").uri) == []
    opened.edit_cell(NOTEBOOK, 2, A.uri, 2, insert(0, 0, "\n"))
    assert opened.published(A.uri, 2) == []


def test_a_cell_that_is_opened_as_a_text(opened):
    opened.open(B.uri, "x = 1\n")
    opened.expect_log("opening of a cell")
    opened.change(B.uri, 2, {"text": "y = 1\n"})
    opened.expect_log("did not come with its notebook")
    opened.save(B.uri, "z = 1\n")
    opened.close(B.uri)
    assert opened.arrived("textDocument/publishDiagnostics") == []
    assert opened.hover(B.uri, 1, 2) is not None


def test_a_text_that_becomes_a_cell(client):
    client.open(B.uri, FETCH + "\nfetch()")
    assert len(client.published(B.uri, 1)) == 1, "without notebooks a cell is a text like any other"
    client.open_notebook(NOTEBOOK, A, B)
    client.expect_log("now a cell")
    assert client.published(B.uri) == client.published(A.uri, 1) == []
    assert starts(client.published(B.uri, 1)) == [("unawaited-coroutine", 1, 0)]


def test_a_notebook_that_is_open_as_a_text_as_well(opened):
    opened.open(NOTEBOOK, "{}", language="json")
    opened.change(NOTEBOOK, 2, {"text": "{ }"})
    opened.close(NOTEBOOK)
    opened.edit_cell(NOTEBOOK, 2, B.uri, 2, insert(0, 0, "\n"))
    assert len(opened.published(B.uri, 2)) == 1


@pytest.mark.parametrize("uri", [NOTEBOOK, "notebook-cell:1", "file:///project/a.py"])
def test_odd_uris_of_cells(client, uri):
    """A cell may have any URI, even that of its notebook."""
    client.open("file:///project/a.py", "x = 1\n")
    client.published("file:///project/a.py", 1)
    one = Cell(uri, FETCH + "\nfetch()")
    client.open_notebook(NOTEBOOK, one)
    if uri.endswith(".py"):
        client.expect_log("now a cell")
        client.published(uri)
    assert len(client.published(uri, 1)) == 1
    client.edit_cell(NOTEBOOK, 2, uri, 2, insert(0, 0, "\n"))
    client.published(uri, 2)
    client.close_notebook(NOTEBOOK, one)
    assert client.published(uri) == []


def test_lone_surrogates(client):
    body = json.dumps(client.notification("notebookDocument/didOpen", {
        "notebookDocument": {"uri": NOTEBOOK, "notebookType": "jupyter-notebook", "version": 1, "cells": [A.item]},
        "cellTextDocuments": [A.text_document | {"text": "x = '\ud83d'"}],
    }))
    client.raw(b"Content-Length: %d\r\n\r\n" % len(body) + body.encode())
    client.expect_log("Unicode")
    assert client.published(A.uri, 1) == []


def test_everything_in_one_batch(client):
    """Open, edits, a move and a close arrive together; what is told at the end is what is open then."""
    new = cell("new", "fetch()")
    client.send(
        client.notification("notebookDocument/didOpen", {
            "notebookDocument": {"uri": NOTEBOOK, "notebookType": "jupyter-notebook", "version": 1,
                                 "cells": [A.item, B.item]},
            "cellTextDocuments": [A.text_document, B.text_document]}),
        client.notebook_change_message(NOTEBOOK, 2, cells={"structure": {
            "array": {"start": 0, "deleteCount": 2, "cells": [new.item, A.item]},
            "didOpen": [new.text_document], "didClose": [{"uri": B.uri}]}}),
        client.notebook_change_message(NOTEBOOK, 3, cells={"textContent": [
            {"document": {"uri": new.uri, "version": 2}, "changes": [insert(0, 0, "x = 1\n")]}]}),
    )
    assert starts(client.published(new.uri, 2)) == [("unawaited-coroutine", 1, 0)]
    assert client.published(A.uri, 1) == []


LINES = [ # each stands on its own, so that no cell is ever broken
    "fetch()", "await fetch()", "x = 1", "import time", "%time fetch()", "!ls \U0001f600", "'\U0001f600'; fetch()",
    "async def main(): time.sleep(1)", "async def fetch(): return 1", "def helper(): time.sleep(1)",
    "async def other(): helper(); other()", "other()  # awaitls: ignore[unawaited-coroutine]", "",
]


@pytest.mark.parametrize("seed", range(6))
def test_random_changes_give_what_opening_gives(start, pull, seed):
    """Edits, cells that come, go, move and change their language: in the end every cell shows what a fresh session shows."""
    random = Random(seed)
    capabilities = merged(pull, SYNC | {"textDocument": {"diagnostic": {"relatedDocumentSupport": seed % 2 == 0}}})
    names = itertools.count()

    def new_cell() -> Cell:
        one = cell(str(next(names)), "\n".join(random.choices(LINES, k=random.randrange(5))))
        one.language = random.choice(["python"] * 5 + ["sql"])
        one.kind = random.choice([2] * 6 + [1])
        return one

    def change_text(one: Cell) -> dict:
        one.version += 1
        lines = one.text.split("\n")
        begin = random.randrange(len(lines) + 1)
        end = min(len(lines), begin + random.randrange(3))
        new = random.choices(LINES, k=random.randrange(3))
        text = "".join(line + "\n" for line in new)
        if end == len(lines):  # up to the end of the last line, which has no line break
            text = ("\n" if 0 < begin == end else "") + "\n".join(new)
        edit = {"range": span(begin, 0, end, 0), "text": text}
        if 0 < begin == len(lines):
            edit["range"] = span(begin - 1, 9999, begin - 1, 9999)
        one.text = apply_edits(one.text, [{"range": edit["range"], "newText": text}])
        return {"document": {"uri": one.uri, "version": one.version}, "changes": [edit]}

    cells = [new_cell() for _ in range(4)]
    client = start()
    client.initialize(capabilities)
    client.open_notebook(NOTEBOOK, *cells)
    for version in range(2, 60):
        change: dict = {}
        if random.randrange(3) == 0:
            first = random.randrange(len(cells) + 1)
            count = random.randrange(min(3, len(cells) - first) + 1)
            taken = cells[first:first + count]
            random.shuffle(taken)
            closed = [taken.pop()] if taken and random.randrange(2) else []
            opened = [new_cell() for _ in range(random.randrange(3))]
            if taken and random.randrange(3) == 0:
                closed.append(taken[0])
                opened.append(taken.pop(0))
                opened[-1].language = "sql" if opened[-1].language == "python" else "python"
            cells[first:first + count] = taken + opened
            change["structure"] = {
                "array": {"start": first, "deleteCount": count, "cells": [c.item for c in taken + opened]},
                "didOpen": [c.text_document for c in opened], "didClose": [{"uri": c.uri} for c in closed],
            }
        if cells:
            change["textContent"] = [change_text(random.choice(cells)) for _ in range(random.randrange(3))]
        client.change_notebook(NOTEBOOK, version, cells=change)
        if cells and random.randrange(3) == 0:
            client.pull(random.choice(cells).uri)
    fresh = start()
    fresh.initialize(capabilities)
    fresh.open_notebook(NOTEBOOK, *cells)
    found = [client.pull(c.uri)["items"] for c in cells]
    assert any(found)
    assert found == [fresh.pull(c.uri)["items"] for c in cells]
    for one in (client, fresh):
        one.arrived("workspace/diagnostic/refresh")
        one.arrived("textDocument/publishDiagnostics")
