"""textDocument/prepareCallHierarchy, callHierarchy/incomingCalls and callHierarchy/outgoingCalls."""

import pytest

from client import Cell, ResponseError, merged, offset, span, text_at, units

REFRESH = "workspace/diagnostic/refresh"

STORE = """\
import time


def load(key):
    time.sleep(1)


async def save(key):
    pass


class Store:
    def __init__(self):
        load("all")

    async def get(self, key):
        await save(key)
"""
MAIN = """\
import asyncio

from .store import Store, load, save


async def main(store: Store):
    load("a")
    await store.get("b")
    asyncio.create_task(save("c"))
    await asyncio.to_thread(load, "d")


def start():
    asyncio.run(main(Store()))


start()
"""
TEST = """\
from app.store import save


async def test_save():
    await save("x")
"""


@pytest.fixture
def project(tmp_path):
    """A project on disk; project(name) is the URI of a file in it, project.write(name, text) makes the file."""
    folder = tmp_path / "project"

    def uri(name: str) -> str:
        return (folder / name).as_uri()

    def write(name: str, text: str) -> str:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return uri(name)

    uri.path = folder
    uri.write = write
    write("pyproject.toml", "")
    write("app/__init__.py", "")
    write("app/store.py", STORE)
    write("app/main.py", MAIN)
    write("tests/test_store.py", TEST)
    return uri


@pytest.fixture
def serve(start, pull, project):
    """Starts a session in the project, with a client that asks for diagnostics."""

    def serve_one(**capabilities):
        client = start()
        wanted = merged(pull, {"textDocument": {"callHierarchy": {}}} | capabilities)
        client.initialize(wanted, workspaceFolders=[{"uri": project.path.as_uri(), "name": "project"}])
        return client

    return serve_one


def position(text: str, name: str, nth: int = 1) -> dict:
    """Where a name stands for the nth time."""
    at = -1
    for _ in range(nth):
        at = text.index(name, at + 1)
    line = text.count("\n", 0, at)
    return {"line": line, "character": units(text[text.rfind("\n", 0, at) + 1:at], "utf-16")}


def prepare(client, uri: str, where: dict) -> list[dict] | None:
    return client.request("textDocument/prepareCallHierarchy",
                          {"textDocument": {"uri": uri}, "position": where})


def prepared(client, uri: str, text: str, name: str, nth: int = 1) -> dict:
    [item] = prepare(client, uri, position(text, name, nth))
    return item


def outgoing(client, item: dict) -> list[dict]:
    return client.request("callHierarchy/outgoingCalls", {"item": item})


def incoming(client, item: dict) -> list[dict]:
    return client.request("callHierarchy/incomingCalls", {"item": item})


def shown(calls: list[dict] | None) -> list[str] | None:
    """What a client shows of each: "load app.store [awaited] x2"."""
    if calls is None:
        return None
    lines = []
    for call in calls:
        item = call.get("from") or call["to"]
        times = len(call["fromRanges"])
        lines.append(" ".join([item["name"], item.get("detail", ""), f"x{times}" if times > 1 else ""]).strip())
    return lines


def files_of(calls: list[dict]) -> list[str]:
    return [(call.get("from") or call["to"])["uri"].rpartition("/")[2] for call in calls]


def changed(client, *events: tuple[str, int]) -> None:
    client.notify("workspace/didChangeWatchedFiles", {"changes": [{"uri": u, "type": t} for u, t in events]})


def drain(client) -> None:
    """Refreshes come when the project is indexed; how many depends on when that is. Folders that are none are not indexed."""
    for _ in range(200):
        client.arrived(REFRESH)
        if any(entry["message"].startswith("indexed ") for entry in client.log):
            break
    for uri in client.opened:  # what the index changes in them comes before this answer
        try:
            client.pull(uri)
        except ResponseError:
            pass
    client.arrived(REFRESH)


def test_announced_to_clients_that_have_it(start, pull):
    assert start().initialize(merged(pull, {"textDocument": {"callHierarchy": {}}}))["capabilities"][
        "callHierarchyProvider"] is True
    assert "callHierarchyProvider" not in start().initialize(pull)["capabilities"]


def test_a_definition(serve, project):
    client = serve()
    uri = project("app/store.py")
    client.open(uri, STORE)
    item = prepared(client, uri, STORE, "load")
    assert (item["name"], item["kind"], item["detail"], item["uri"]) == ("load", 12, "app.store", uri)
    assert item["selectionRange"] == span(3, 4, 3, 8)
    assert text_at(STORE, item["range"]).strip() == "def load(key):\n    time.sleep(1)"
    kinds = {name: prepared(client, uri, STORE, name)["kind"] for name in ("Store", "__init__", "get")}
    assert kinds == {"Store": 9, "__init__": 9, "get": 6}
    assert prepared(client, uri, STORE, "Store")["name"] == "Store.__init__"
    drain(client)


def test_references(serve, project):
    client = serve()
    uri = project("app/main.py")
    client.open(uri, MAIN)
    for name, nth, wanted, file in (
        ("load", 1, "load", "store.py"), ("load", 2, "load", "store.py"), ("load", 3, "load", "store.py"),
        ("get", 1, "Store.get", "store.py"), ("Store)", 1, "Store.__init__", "store.py"), ("main(", 2, "main", "main.py"),
    ):
        item = prepared(client, uri, MAIN, name, nth)
        assert (item["name"], item["uri"].rpartition("/")[2]) == (wanted, file)
    for name, nth in (("asyncio", 1), ("run", 1), ("to_thread", 1), ("store", 2), ('"a"', 1), ("await", 1), ("def", 1)):
        assert prepare(client, uri, position(MAIN, name, nth)) is None, name
    assert prepare(client, uri, {"line": 4000, "character": 7}) is None
    drain(client)


def test_outgoing_calls(serve, project):
    client = serve()
    uri = project("app/main.py")
    client.open(uri, MAIN)
    calls = outgoing(client, prepared(client, uri, MAIN, "main(", 1))
    assert shown(calls) == [
        "load app.store [blocks: time.sleep, thread] x2", "Store.get app.store [awaited]", "save app.store [task]"
    ]
    assert [[text_at(MAIN, r) for r in call["fromRanges"]] for call in calls] == [["load", "load"], ["get"], ["save"]]
    # Down again, through a file that is not open.
    assert shown(outgoing(client, calls[1]["to"])) == ["save app.store [awaited]"]
    assert shown(outgoing(client, calls[0]["to"])) == []
    start = prepared(client, uri, MAIN, "start")
    assert shown(outgoing(client, start)) == ["main app.main [awaited]", "Store.__init__ app.store [blocks: time.sleep]"]
    drain(client)


def test_incoming_calls(serve, project):
    client = serve()
    uri = project("app/store.py")
    client.open(uri, STORE)
    # At once: the answer waits for the index.
    calls = incoming(client, prepared(client, uri, STORE, "save"))
    assert shown(calls) == [
        "main app.main [task]", "Store.get app.store [awaited]", "test_save tests.test_store [awaited]"
    ]
    assert [call["from"]["uri"] for call in calls] == [
        project("app/main.py"), uri, project("tests/test_store.py")
    ]
    for call, text in zip(calls, (MAIN, STORE, TEST)):
        assert [text_at(text, r) for r in call["fromRanges"]] == ["save"]
    # Up again, through files that are not open, as far as the module.
    [start] = incoming(client, calls[0]["from"])
    assert shown([start]) == ["start app.main [awaited]"]
    [module] = incoming(client, start["from"])
    assert shown([module]) == ["main.py app.main"]
    item = module["from"]
    assert (item["kind"], item["selectionRange"]) == (2, span(0, 0, 0, 0))
    assert text_at(MAIN, item["range"]) == MAIN
    assert incoming(client, item) == []
    assert shown(outgoing(client, item)) == ["start app.main"]
    assert shown(incoming(client, prepared(client, uri, STORE, "Store"))) == ["start app.main [blocks: time.sleep]"]
    drain(client)


def test_other_names(serve, project):
    project.write("app/api.py", "from .store import save as keep\n")
    project.write("app/user.py", "from .api import keep\n\n\nasync def use():\n    await keep(1)\n")
    project.write("app/runner.py", "async def run(job):\n    await job(1)\n")
    project.write("app/deep.py", "from . import api\nfrom .runner import run\n\n\nasync def deep():\n    await run(api.keep)\n")
    client = serve()
    uri = project("app/store.py")
    client.open(uri, STORE)
    calls = incoming(client, prepared(client, uri, STORE, "save"))
    assert files_of(calls) == ["main.py", "runner.py", "store.py", "user.py", "test_store.py"]
    drain(client)


def test_unsaved_edits(serve, project):
    client = serve()
    store, main = project("app/store.py"), project("app/main.py")
    client.open(store, STORE)
    client.open(main, MAIN)
    item = prepared(client, store, STORE, "save")
    assert shown(incoming(client, item))[0] == "main app.main [task]"
    # An edit of the caller that is in the same batch as the request, and nowhere on disk.
    text = "# 🐍\n" + MAIN.replace("asyncio.create_task(save(", "await (save(")
    request = client.new_request("callHierarchy/incomingCalls", {"item": item})
    client.send(client.change_message(main, 2, {"text": text}), request)
    [call, *_] = client.response(request["id"])
    assert shown([call]) == ["main app.main [awaited]"]
    assert text_at(text, call["fromRanges"][0]) == "save"
    # The item's own document has moved on: found again by its name.
    moved = "import os\n\n" + STORE
    client.change(store, 2, {"text": moved})
    assert shown(incoming(client, item))[0] == "main app.main [awaited]"
    [get] = [call["from"] for call in incoming(client, item) if call["from"]["name"] == "Store.get"]
    assert get["selectionRange"]["start"] == position(moved, "get")
    # ... and is gone.
    client.change(store, 3, {"text": STORE.replace("def save", "def keep")})
    assert incoming(client, item) is None
    assert outgoing(client, item) is None
    # Closed without saving: the file counts again.
    client.close(store)
    client.close(main)
    assert shown(incoming(client, item))[0] == "main app.main [task]"
    drain(client)


def test_of_two_definitions_the_one_at_the_place(serve, project):
    text = "import sys\n\nif sys.platform:\n    def f(): a()\nelse:\n    def f(): b()\n\n\ndef a(): pass\ndef b(): pass\n"
    uri = project.write("app/twice.py", text)
    client = serve()
    client.open(uri, text)
    first, second = prepared(client, uri, text, "f()", 1), prepared(client, uri, text, "f()", 2)
    assert shown(outgoing(client, first)) == ["a app.twice"]
    assert shown(outgoing(client, second)) == ["b app.twice"]
    drain(client)


def test_files_that_come_and_go(serve, project):
    client = serve()
    uri = project("app/store.py")
    client.open(uri, STORE)
    item = prepared(client, uri, STORE, "save")
    assert files_of(incoming(client, item)) == ["main.py", "store.py", "test_store.py"]
    (project.path / "app/main.py").rename(project.path / "app/late.py")
    changed(client, (project("app/main.py"), 3), (project("app/late.py"), 1))
    assert files_of(incoming(client, item)) == ["late.py", "store.py", "test_store.py"]
    (project.path / "tests/test_store.py").unlink()
    changed(client, (project("tests/test_store.py"), 3))
    calls = incoming(client, item)
    assert files_of(calls) == ["late.py", "store.py"]
    # A file that goes without a word is not there either, nor is the item in it.
    late = calls[0]["from"]
    (project.path / "app/late.py").unlink()
    changed(client, (project("app/late.py"), 3))
    assert incoming(client, late) is None
    assert outgoing(client, late) is None
    drain(client)


@pytest.mark.parametrize("data", [
    None, 7, "x", [], {}, {"uri": 1}, {"uri": "file:///other.py"}, {"kind": "thing"}, {"kind": "module"}, {"name": ""},
    {"name": None}, {"position": None}, {"position": {"line": -1, "character": 0}}, {"position": {"line": 1}},
])
def test_bad_data(serve, project, data):
    client = serve()
    uri = project("app/store.py")
    client.open(uri, STORE)
    item = prepared(client, uri, STORE, "save")
    if isinstance(data, dict) and data:
        item["data"] |= data
    elif data is None:
        del item["data"]
    else:
        item["data"] = data
    for method in ("callHierarchy/incomingCalls", "callHierarchy/outgoingCalls"):
        with pytest.raises(ResponseError) as refused:
            client.request(method, {"item": item})
        assert refused.value.code == -32602
        assert "send back an item" in refused.value.message
    drain(client)


def test_bad_params(serve):
    client = serve()
    for method in ("textDocument/prepareCallHierarchy", "callHierarchy/incomingCalls", "callHierarchy/outgoingCalls"):
        for params in ({}, {"item": {}}, {"item": None}, {"textDocument": {"uri": "file:///a.py"}}):
            with pytest.raises(ResponseError) as refused:
                client.request(method, params)
            assert refused.value.code == -32602


def test_unknown_documents(serve, project):
    client = serve()
    where = {"line": 0, "character": 0}
    for uri in (project("app/store.py"), project("none.py"), "file:///", "untitled:x", "no uri", ""):
        assert prepare(client, uri, where) is None
    for uri in (project("none.py"), "untitled:x", "git:/a.py", project("app")):
        item = {"name": "f", "kind": 12, "uri": uri, "range": span(0, 0, 0, 0), "selectionRange": span(0, 0, 0, 0),
                "data": {"uri": uri, "kind": "function", "name": "f", "position": where}}
        assert incoming(client, item) is None
        assert outgoing(client, item) is None
    # A document of another language, and one that is excluded.
    client.open(project("notes.md"), "# def load()\n", language="markdown")
    assert prepare(client, project("notes.md"), {"line": 0, "character": 7}) is None
    drain(client)


def test_untitled_document(serve):
    client = serve()
    text = "def a():\n    b()\n\n\ndef b():\n    open('x')\n"
    client.open("untitled:Untitled-1", text)
    b = prepared(client, "untitled:Untitled-1", text, "b")
    assert b["uri"] == "untitled:Untitled-1"
    [call] = incoming(client, b)
    assert (call["from"]["name"], call["from"]["detail"]) == ("a", "[blocks: open]")
    assert shown(outgoing(client, call["from"])) == ["b [blocks: open]"]
    client.close("untitled:Untitled-1")
    assert incoming(client, b) is None


def test_a_file_of_no_project(start, pull, tmp_path):
    client = start()
    client.initialize(merged(pull, {"textDocument": {"callHierarchy": {}}}))
    (tmp_path / "alone").mkdir()
    one, other, closed = (tmp_path / "alone" / name for name in ("one.py", "other.py", "closed.py"))
    texts = {one: "def f(): f()\n", other: "from one import f\nf()\n", closed: "from one import f\nf()\n"}
    for path, text in texts.items():
        path.write_text(text)
    client.open(one.as_uri(), texts[one])
    client.open(other.as_uri(), texts[other])
    item = prepared(client, one.as_uri(), texts[one], "f()")
    assert files_of(incoming(client, item)) == ["one.py", "other.py"]
    client.expect_log(r"alone has no index, .*: callers are looked for in open documents only")
    drain(client)


def test_libraries(serve, project):
    lib = project.write(".venv/lib/python3.11/site-packages/lib.py", "def work():\n    help()\n\n\ndef help():\n    pass\n")
    project.write(".venv/pyvenv.cfg", "")
    text = "import lib\n\n\ndef use():\n    lib.work()\n"
    uri = project.write("app/use.py", text)
    client = serve()
    client.open(uri, text)
    [call] = outgoing(client, prepared(client, uri, text, "use"))
    assert (call["to"]["uri"], call["to"]["detail"]) == (lib, "lib")
    assert shown(outgoing(client, call["to"])) == ["help lib"]
    # The project's callers of a library's function.
    assert shown(incoming(client, call["to"])) == ["use app.use"]
    drain(client)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-32"])
def test_positions(serve, project, encoding):
    text = "x = '🐍é'; f = lambda: '🐍'; y = [g('🐍'), g]\n\n\ndef größe(): g('é'); größe()\ndef g(x): '🐍'; größe()\n"
    uri = project.write("app/snake.py", text)
    client = serve(general={"positionEncodings": [encoding]})
    client.open(uri, text)

    def at(name: str, nth: int = 1) -> dict:
        place = position(text, name, nth)
        line = text.split("\n")[place["line"]]
        column = offset(line, {"line": 0, "character": place["character"]}, "utf-16")
        return {"line": place["line"], "character": units(line[:column], encoding)}

    [item] = prepare(client, uri, at("größe", 2))
    assert text_at(text, item["selectionRange"], encoding) == "größe"
    calls = outgoing(client, item)
    assert [[text_at(text, r, encoding) for r in call["fromRanges"]] for call in calls] == [["g"], ["größe"]]
    assert calls[0]["fromRanges"][0]["start"] == at("g('é')")
    [module, *_] = incoming(client, calls[0]["to"])
    assert module["fromRanges"][0]["start"] == at("g('🐍')")
    drain(client)


def test_the_clients_spelling_of_a_uri(serve, project):
    client = serve()
    uri = project("app/store.py").replace("store", "%73tore")
    client.open(uri, STORE)
    item = prepared(client, uri, STORE, "save")
    assert item["uri"] == uri
    calls = incoming(client, item)
    assert [call["from"]["uri"] for call in calls] == [project("app/main.py"), uri, project("tests/test_store.py")]
    drain(client)


def test_out_of_sync(serve, project):
    client = serve()
    uri = project("app/store.py")
    client.open(uri, STORE)
    item = prepared(client, uri, STORE, "save")
    client.change(uri, 2, {"range": span(9000, 0, 9000, 0), "text": "x"})
    assert prepare(client, uri, position(STORE, "save")) is None
    assert incoming(client, item) is None
    client.expect("window/showMessage")
    client.expect_log("lost track")
    client.save(uri, STORE)
    client.expect_log("in step again")
    assert incoming(client, item) is not None
    drain(client)


def test_an_edit_behind_the_request_to_prepare(serve, project):
    client = serve()
    uri = project("app/store.py")
    client.open(uri, STORE)
    request = client.new_request("textDocument/prepareCallHierarchy",
                                 {"textDocument": {"uri": uri}, "position": position(STORE, "save")})
    client.send(request, client.change_message(uri, 2, {"text": "\n" + STORE}))
    with pytest.raises(ResponseError) as outdated:
        client.response(request["id"])
    assert outdated.value.code == -32801
    drain(client)


def test_cancelled(serve, project):
    client = serve()
    uri = project("app/store.py")
    client.open(uri, STORE)
    item = prepared(client, uri, STORE, "save")
    for method, params in (
        ("textDocument/prepareCallHierarchy", {"textDocument": {"uri": uri}, "position": position(STORE, "save")}),
        ("callHierarchy/incomingCalls", {"item": item}), ("callHierarchy/outgoingCalls", {"item": item}),
    ):
        request = client.new_request(method, params)
        client.send(request, client.notification("$/cancelRequest", {"id": request["id"]}))
        with pytest.raises(ResponseError) as cancelled:
            client.response(request["id"])
        assert cancelled.value.code == -32800
    drain(client)


def test_cancelled_while_it_runs(serve, project):
    body = "".join(f"async def f{i}():\n    await save({i})\n\n\n" for i in range(20))
    for i in range(100):
        project.write(f"app/many/m{i}.py", "from app.store import save\n\n\n" + body)
    client = serve()
    uri = project("app/store.py")
    client.open(uri, STORE)
    item = prepared(client, uri, STORE, "save")
    request = client.new_request("callHierarchy/incomingCalls", {"item": item})
    client.send(request)
    client.notify("$/cancelRequest", {"id": request["id"]})
    try:
        assert len(client.response(request["id"])) == 3 + 100 * 20, "it was done before"
    except ResponseError as error:
        assert error.code == -32800
    # Two of one thing are the same, and in the order of the files.
    first, second = incoming(client, item), incoming(client, item)
    assert first == second and len(first) == 3 + 100 * 20
    uris = [call["from"]["uri"] for call in first]
    assert uris == sorted(uris)
    drain(client)


def test_shutdown_with_a_request_under_way(serve, project):
    client = serve()
    uri = project("app/store.py")
    client.open(uri, STORE)
    item = prepared(client, uri, STORE, "save")
    request = client.new_request("callHierarchy/incomingCalls", {"item": item})
    end = client.new_request("shutdown")
    client.send(request, end)
    client.response(end["id"])
    with pytest.raises(ResponseError) as refused:
        client.response(request["id"])
    assert refused.value.code == -32801
    drain(client)
    client.notify("exit")
    assert client.wait() == 0


def test_settings_of_the_document_hold(serve, project):
    text = "import os\n\n\ndef there():\n    return os.path.exists('x')\n\n\nasync def main():\n    there()\n"
    uri = project.write("app/paths.py", text)
    client = serve()
    client.open(uri, text)
    item = prepared(client, uri, text, "main")
    assert shown(outgoing(client, item)) == ["there app.paths"]
    project.write("pyproject.toml", '[tool.awaitls]\nextend-select = ["blocking-path"]\n')
    changed(client, (project("pyproject.toml"), 2))
    assert shown(outgoing(client, item)) == ["there app.paths [blocks: os.path.exists]"]
    drain(client)


def test_notebooks(serve, project):
    notebook = project("work.ipynb")
    texts = {
        "a": "from app.store import save\n\nasync def work():\n    await save(1)",
        "b": "'🐍'; await work()\nawait save(2)",
        "c": "def sync():\n    pass\n\nwork()\nsync()",
    }
    cells = {name: Cell(f"vscode-notebook-cell:{notebook.removeprefix('file://')}#{name}", text)
             for name, text in texts.items()}
    a, b, c = (cells[name].uri for name in "abc")
    client = serve(notebookDocument={"synchronization": {}})
    store = project("app/store.py")
    client.open(store, STORE)
    client.open_notebook(notebook, *cells.values())

    def places(calls: list[dict]) -> list[tuple]:
        return [(call["from"]["name"], call["from"]["uri"], [text_at(texts[call["from"]["uri"][-1]], r)
                                                            for r in call["fromRanges"]]) for call in calls]

    # In the cell of the definition, and of a reference.
    item = prepared(client, a, texts["a"], "work")
    assert (item["uri"], item["selectionRange"]) == (a, span(2, 10, 2, 14))
    assert prepared(client, b, texts["b"], "work") == item
    # Each cell is an item of its own.
    calls = incoming(client, item)
    assert places(calls) == [("work.ipynb, cell 2", b, ["work"]), ("work.ipynb, cell 3", c, ["work"])]
    assert text_at(texts["b"], calls[0]["from"]["range"]) == texts["b"]
    assert calls[0]["fromRanges"] == [span(0, 12, 0, 16)]
    assert [call["to"]["name"] for call in outgoing(client, calls[0]["from"])] == ["work", "save"]
    assert [call["to"]["name"] for call in outgoing(client, calls[1]["from"])] == ["work", "sync"]
    # A file is called by the notebooks that are open.
    save = outgoing(client, item)[0]["to"]
    assert save["uri"] == store
    assert places([call for call in incoming(client, save) if "ipynb" in call["from"]["uri"]]) == [
        ("work.ipynb, cell 2", b, ["save"]), ("work", a, ["save"])]
    # The function is moved to another cell, then the cells go.
    client.edit_cell(notebook, 2, a, 2, {"text": "from app.store import save"})
    texts["c"] = texts["a"]
    client.edit_cell(notebook, 3, c, 2, {"text": texts["c"]})
    assert places(incoming(client, item)) == [("work.ipynb, cell 2", b, ["work"])]
    [call] = outgoing(client, item)
    assert (call["to"]["uri"], call["fromRanges"]) == (store, [span(3, 10, 3, 14)])
    assert prepare(client, notebook, {"line": 0, "character": 0}) is None, "cells have text, notebooks have none"
    client.close_notebook(notebook, *cells.values())
    assert incoming(client, item) is None
    assert prepare(client, a, {"line": 0, "character": 0}) is None
    assert "work.ipynb" not in str(incoming(client, save))
    client.arrived("textDocument/publishDiagnostics")
    drain(client)
