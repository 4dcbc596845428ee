"""What documents find in other files, as the disk and the editor have them."""

import pytest

STORE = "import time\n\n\ndef load():\n    return 1\n"
BLOCKING = "import time\n\n\ndef load():\n    time.sleep(1)\n"
ASYNC = "import time\n\n\nasync def load():\n    return 1\n"
MAIN = "from .store import load\n\n\nasync def main():\n    load()\n    print()\n"


@pytest.fixture
def project(tmp_path):
    """A package on disk; project(name) is the URI of a file in it."""
    (tmp_path / "pyproject.toml").write_text("")
    (tmp_path / "app").mkdir()
    for name, text in (("__init__", ""), ("store", STORE), ("main", MAIN)):
        (tmp_path / "app" / f"{name}.py").write_text(text)

    def uri(name: str) -> str:
        return (tmp_path / "app" / name).as_uri()

    uri.path = tmp_path / "app"
    return uri


def codes(diagnostics: list[dict]) -> list[str]:
    return [d.get("code") for d in diagnostics]


def changed(client, uri: str, kind: int) -> None:
    client.notify("workspace/didChangeWatchedFiles", {"changes": [{"uri": uri, "type": kind}]})


def test_a_file_that_is_not_open(client, project):
    (project.path / "store.py").write_text(BLOCKING)
    client.open(project("main.py"), MAIN)
    [finding] = client.published(project("main.py"), 1)
    assert finding["code"] == "transitive-blocking-call"
    assert finding["message"] == "`load()` blocks the event loop: load -> time.sleep (store.py:5)"
    [place] = finding["relatedInformation"]
    assert place["location"]["uri"] == project("store.py")
    assert place["location"]["range"]["start"] == {"line": 4, "character": 4}


def test_a_file_that_changes_on_disk(client, project):
    uri = project("main.py")
    client.open(uri, MAIN)
    assert client.published(uri, 1) == []
    (project.path / "store.py").write_text(ASYNC)
    changed(client, project("store.py"), 2)
    assert codes(client.published(uri, 1)) == ["unawaited-coroutine"]
    (project.path / "store.py").unlink()
    changed(client, project("store.py"), 3)
    assert client.published(uri, 1) == []
    (project.path / "store.py").write_text(BLOCKING)
    changed(client, project("store.py"), 1)
    assert codes(client.published(uri, 1)) == ["transitive-blocking-call"]
    # A package takes the place of the module.
    (project.path / "store").mkdir()
    (project.path / "store" / "__init__.py").write_text(ASYNC)
    changed(client, project("store/__init__.py"), 1)
    assert codes(client.published(uri, 1)) == ["unawaited-coroutine"]
    changed(client, project("other.py"), 2)
    assert client.arrived("textDocument/publishDiagnostics") == [], "nothing that the document uses"


def test_folders_that_move_and_go(start, push, tmp_path):
    """Watchers tell of files; an editor that moves or removes a folder tells of that alone."""
    from client import merged

    (tmp_path / "pyproject.toml").write_text("")
    (tmp_path / "parts").mkdir()
    (tmp_path / "base.py").write_text("import abc\n\n\nclass Base(abc.ABC):\n    @abc.abstractmethod\n    def load(self): ...\n")
    (tmp_path / "parts" / "slow.py").write_text("import time\n\nimport base\n\n\nclass Slow(base.Base):\n    def load(self):\n        time.sleep(1)\n")
    main = "import base\nfrom moved.slow import Slow\n\n\nasync def main(one: base.Base):\n    one.load()\n    Slow().load()\n"
    client = start()
    client.initialize(merged(push, {"workspace": {"fileOperations": {"didRename": True, "didDelete": True}}}))
    folders = {"filters": [{"scheme": "file", "pattern": {"glob": "**", "matches": "folder"}}]}
    assert client.server_capabilities["workspace"]["fileOperations"] == {"didRename": folders, "didDelete": folders}
    uri = (tmp_path / "main.py").as_uri()
    client.open(uri, main)
    found = client.published(uri, 1)
    if not found:  # before the project was indexed
        found = client.published(uri, 1)
    [finding] = found
    assert finding["range"]["start"]["line"] == 5, "an abstract method is what overrides it"
    (tmp_path / "parts").rename(tmp_path / "moved")
    client.notify("workspace/didRenameFiles", {
        "files": [{"oldUri": (tmp_path / "parts").as_uri(), "newUri": (tmp_path / "moved").as_uri()}]
    })
    assert [d["range"]["start"]["line"] for d in client.published(uri, 1)] == [5, 6]
    (tmp_path / "moved" / "slow.py").unlink()
    (tmp_path / "moved").rmdir()
    client.notify("workspace/didDeleteFiles", {"files": [{"uri": (tmp_path / "moved").as_uri()}]})
    assert client.published(uri, 1) == []


def test_an_edit_in_another_document(client, project):
    main, store = project("main.py"), project("store.py")
    client.open(main, MAIN)
    assert client.published(main, 1) == []
    client.open(store, STORE)
    assert client.published(store, 1) == []
    # Unsaved: the editor's text counts.
    client.change(store, 2, {"text": ASYNC})
    assert client.published(store, 2) == []
    assert codes(client.published(main, 1)) == ["unawaited-coroutine"]
    client.change(store, 3, {"text": BLOCKING})
    assert client.published(store, 3) == []
    assert codes(client.published(main, 1)) == ["transitive-blocking-call"]
    # An edit above moves the place that is told.
    client.change(store, 4, {"text": "\n\n" + BLOCKING})
    assert client.published(store, 4) == []
    [finding] = client.published(main, 1)
    assert finding["relatedInformation"][0]["location"]["range"]["start"]["line"] == 6
    # Closed without saving: the file's text counts again.
    client.close(store)
    assert client.published(store, None) == []
    assert client.published(main, 1) == []


def pull_until(client, uri: str, wanted: list[str]) -> None:
    """Pulls again each time that the server asks for it, until it finds what is wanted."""
    while codes(client.pull(uri)["items"]) != wanted:
        client.expect("workspace/diagnostic/refresh")


@pytest.mark.parametrize("at_once", [True, False])
def test_a_document_that_nobody_pulls_changes_others(start, pull, project, at_once):
    client = start()
    client.initialize(pull)
    main, store = project("main.py"), project("store.py")
    client.open(main, MAIN)
    if not at_once:
        pull_until(client, main, [])
    client.open(store, ASYNC)
    pull_until(client, main, ["unawaited-coroutine"])
    client.change(store, 2, {"text": STORE})
    pull_until(client, main, [])
    client.arrived("workspace/diagnostic/refresh")


def test_pulled_diagnostics_are_refreshed(start, pull, project):
    client = start()
    client.initialize(pull)
    main, store = project("main.py"), project("store.py")
    client.open(main, MAIN)
    client.open(store, STORE)
    before = client.pull(main)
    assert before["items"] == []
    client.pull(store)
    client.change(store, 2, {"text": ASYNC})
    client.pull(store)
    client.expect("workspace/diagnostic/refresh")
    assert codes(client.pull(main, before["resultId"])["items"]) == ["unawaited-coroutine"]


def test_imports_in_a_circle(client, project):
    main, store = project("main.py"), project("store.py")
    client.open(main, MAIN + "\n\nasync def again():\n    pass\n")
    assert client.published(main, 1) == []
    text = "from .main import again\n\n\nasync def load():\n    again()\n    return 1\n"
    client.open(store, text)
    assert codes(client.published(store, 1)) == ["unawaited-coroutine"]
    assert codes(client.published(main, 1)) == ["unawaited-coroutine"]
    client.change(store, 2, {"text": text.replace("    again()", "    await again()")})
    assert client.published(store, 2) == []


def settled(client, uri: str, version: int, wanted: list[str]) -> list[dict]:
    """What is published in the end: the project is indexed meanwhile, which may change it once."""
    found = client.published(uri, version)
    return found if codes(found) == wanted else client.published(uri, version)


def test_an_override_in_a_file_that_nobody_imports(client, project):
    (project.path / "store.py").write_text("class Store:\n    async def load(self):\n        return 1\n")
    (project.path / "quick.py").write_text(
        "from .store import Store\n\n\nclass Quick(Store):\n    def load(self):\n        return 1\n"
    )
    main = project("main.py")
    client.open(main, "from .store import Store\n\n\nasync def main(store: Store):\n    store.load()\n    print()\n")
    assert settled(client, main, 1, []) == []
    (project.path / "quick.py").unlink()
    changed(client, project("quick.py"), 3)
    assert codes(client.published(main, 1)) == ["unawaited-coroutine"]
    # The editor's text counts before it is saved.
    quick = project("quick.py")
    client.open(quick, "from .store import Store\n\n\nclass Quick(Store):\n    def load(self):\n        return 1\n")
    assert codes(client.published(quick, 1)) == ["override-async-mismatch"]
    assert client.published(main, 1) == []


def test_what_other_files_pass(client, project):
    (project.path / "store.py").write_text("class Store:\n    async def load(self):\n        return 1\n")
    (project.path / "start.py").write_text(
        "from .main import run\nfrom .store import Store\n\n\nasync def start():\n    await run(Store())\n"
    )
    text = "async def run(store):\n    store.load()\n    print()\n"
    (project.path / "main.py").write_text(text)
    main = project("main.py")
    client.open(main, text)
    assert codes(settled(client, main, 1, ["unawaited-coroutine"])) == ["unawaited-coroutine"]
    start = project("start.py")
    client.open(start, (project.path / "start.py").read_text())
    assert client.published(start, 1) == []
    client.change(start, 2, {"text": "from .main import run\n\n\nasync def start(store):\n    await run(store)\n"})
    assert client.published(start, 2) == []
    assert client.published(main, 1) == [], "what is passed is not known any more"


def test_a_file_that_is_renamed(client, project):
    (project.path / "store.py").write_text(ASYNC)
    main = project("main.py")
    client.open(main, MAIN.replace(".store", ".late"))
    assert client.published(main, 1) == []
    (project.path / "store.py").rename(project.path / "late.py")
    client.notify(
        "workspace/didChangeWatchedFiles",
        {"changes": [{"uri": project("store.py"), "type": 3}, {"uri": project("late.py"), "type": 1}]},
    )
    assert codes(client.published(main, 1)) == ["unawaited-coroutine"]
    (project.path / "late.py").rename(project.path / "store.py")
    client.notify(
        "workspace/didChangeWatchedFiles",
        {"changes": [{"uri": project("late.py"), "type": 3}, {"uri": project("store.py"), "type": 1}]},
    )
    assert client.published(main, 1) == []
