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
