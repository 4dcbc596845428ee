"""workspace/diagnostic: the open documents, and with the mode `workspace` all files below the folders."""

import pytest

from client import ResponseError

BAD = "import time\n\n\nasync def main():\n    time.sleep(1)\n"
GOOD = "async def main():\n    pass\n"
LOAD = "async def load():\n    return 1\n"
MAIN = "from store import load\n\n\nasync def main():\n    load()\n    print()\n"
REFRESH = "workspace/diagnostic/refresh"
PORTION = 50


@pytest.fixture
def project(tmp_path):
    """A folder; project(name) is the URI of a file in it, project.write(name, text) makes the file."""
    folder = tmp_path / "project"
    folder.mkdir()

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
    return uri


@pytest.fixture
def serve(start, pull, project):
    """Starts a session in the project: serve("workspace")."""

    def serve_one(mode: str | None, watching: bool = False, cache=None, **settings):
        client = start(cache=cache)
        capabilities = pull
        if watching:
            watched = {"didChangeWatchedFiles": {"dynamicRegistration": True}}
            capabilities = pull | {"workspace": pull["workspace"] | watched}
        options = settings if mode is None else settings | {"diagnosticMode": mode}
        client.initialize(capabilities, workspaceFolders=[{"uri": project.path.as_uri(), "name": "project"}],
                          initializationOptions=options)
        return client

    return serve_one


def ids(reports: dict[str, dict]) -> list[dict]:
    """What a client sends of the reports that it holds."""
    return [{"uri": uri, "value": report["resultId"]} for uri, report in reports.items() if "resultId" in report]


def pull_workspace(client, previous: list[dict] = [], **fields) -> dict[str, dict]:
    """The reports by their documents, each of which may have one."""
    params = {"identifier": "awaitls", "previousResultIds": previous} | fields
    items = client.request("workspace/diagnostic", params)["items"]
    reports = {item["uri"]: item for item in items}
    assert len(reports) == len(items)
    return reports


def codes(report: dict) -> list[str]:
    return [item["code"] for item in report["items"]]


def changed(client, uri: str, kind: int) -> None:
    client.notify("workspace/didChangeWatchedFiles", {"changes": [{"uri": uri, "type": kind}]})


@pytest.mark.parametrize("mode", [None, "openFiles"])
def test_open_files_alone(serve, project, mode):
    project.write("closed.py", BAD)
    uri = project.write("app.py", GOOD)
    client = serve(mode)
    assert pull_workspace(client) == {}
    client.open(uri, BAD, version=7)
    reports = pull_workspace(client)
    assert list(reports) == [uri]
    assert reports[uri]["version"] == 7 and codes(reports[uri]) == ["blocking-sleep"]
    # The same report as the document alone gets.
    alone = client.pull(uri)
    assert (alone["resultId"], alone["items"]) == (reports[uri]["resultId"], reports[uri]["items"])
    assert client.pull(uri, alone["resultId"])["kind"] == "unchanged"
    again = pull_workspace(client, ids(reports))
    assert again == {uri: {"uri": uri, "version": 7, "kind": "unchanged", "resultId": alone["resultId"]}}
    client.change(uri, 8, {"text": GOOD})
    after = pull_workspace(client, ids(reports))
    assert after[uri]["version"] == 8 and after[uri]["items"] == []
    # A client that closed the document holds its report no longer than to the next answer.
    client.close(uri)
    assert pull_workspace(client, ids(after)) == {
        uri: {"uri": uri, "version": None, "kind": "full", "items": []}
    }
    client.arrived(REFRESH)  # the project is indexed meanwhile


def test_all_files(serve, project):
    bad = project.write("bad.py", BAD)
    good = project.write("inner/good name.py", GOOD)
    stub = project.write("stub.pyi", "def f() -> int: ...\n")
    project.write(".gitignore", "ignored.py\n")
    project.write("ignored.py", BAD)
    project.write("pyproject.toml", '[tool.awaitls]\nexclude = ["generated"]\nmax-file-size = 1000\n')
    project.write("generated/a.py", BAD)
    project.write(".venv/a.py", BAD)
    project.write("large.py", BAD + "# " + 1000 * "x" + "\n")
    project.write("notes.txt", BAD)
    client = serve("workspace")
    reports = pull_workspace(client)
    assert set(reports) == {bad, good, stub}
    assert all(report["kind"] == "full" and report["version"] is None for report in reports.values())
    assert codes(reports[bad]) == ["blocking-sleep"]
    assert reports[bad]["items"][0]["range"]["start"] == {"line": 4, "character": 4}
    assert reports[good]["items"] == []


def test_settings_of_each_folder_hold(serve, project):
    a, b = project.write("a/app.py", BAD), project.write("b/app.py", BAD)
    project.write("b/awaitls.toml", 'severity = { blocking-sleep = "hint" }\n')
    c = project.write("c/app.py", BAD)
    project.write("c/awaitls.toml", 'ignore = ["blocking"]\n')
    d = project.write("d/app.py", BAD)
    reports = pull_workspace(serve("workspace", exclude=["d"]))
    severities = {uri: [item["severity"] for item in report["items"]] for uri, report in reports.items()}
    assert severities == {a: [1], b: [4], c: []} and d not in reports


def test_other_files_are_seen(serve, project):
    project.write("store.py", LOAD)
    main = project.write("main.py", MAIN)
    client = serve("workspace")
    assert codes(pull_workspace(client)[main]) == ["unawaited-coroutine"]


def test_unchanged(serve, project):
    app, other = project.write("app.py", BAD), project.write("other.py", GOOD)
    client = serve("workspace")
    reports = pull_workspace(client)
    again = pull_workspace(client, ids(reports))
    assert {uri: (report["kind"], report["resultId"]) for uri, report in again.items()} == {
        app: ("unchanged", reports[app]["resultId"]), other: ("unchanged", reports[other]["resultId"]),
    }
    # This client watches nothing, so the files themselves tell.
    project.write("app.py", GOOD)
    after = pull_workspace(client, ids(again))
    assert (after[app]["kind"], after[app]["items"], after[other]["kind"]) == ("full", [], "unchanged")


def test_the_id_is_of_the_content(serve, project):
    uri = project.write("app.py", BAD)
    first = pull_workspace(serve("workspace"))[uri]["resultId"]
    assert pull_workspace(serve("workspace"))[uri]["resultId"] == first


def test_what_no_change_was_told_of_is_not_done_again(serve, project):
    project.write("store.py", LOAD)
    main = project.write("main.py", MAIN)
    client = serve("workspace", watching=True, logLevel="debug")
    held = ids(pull_workspace(client))  # the first pull indexes the project
    held = ids(pull_workspace(client, held))
    again = pull_workspace(client, held)
    assert [report["kind"] for report in again.values()] == ["unchanged", "unchanged"]
    assert client.log[-1]["message"] == "workspace/diagnostic: repeated 2 files that are not open"
    # Another client, or one that has forgotten.
    assert {report["kind"] for report in pull_workspace(client).values()} == {"full"}
    store = project.write("store.py", "def load():\n    return 1\n")
    changed(client, store, 2)
    client.expect(REFRESH)
    after = pull_workspace(client, held)
    assert (after[main]["kind"], after[main]["items"]) == ("full", [])
    assert after[store]["kind"] == "unchanged", "its content, no findings, is the same"


def next_session(serve, cache, known: bool) -> dict[str, dict]:
    """What a session finds. `known`: starts sessions until one knows all: results of files that were written a moment ago are
    not kept."""
    for _ in range(100):
        client = serve("workspace", cache=cache, logLevel="debug")
        reports = pull_workspace(client)
        client.finish()
        analysed = next(entry["message"] for entry in client.log if "analysed" in entry["message"])
        if not known or analysed == f"workspace/diagnostic: analysed 0 of {len(reports)} files that are not open":
            return reports
    raise AssertionError(analysed)


def test_the_next_session_knows_what_this_one_found(serve, project, tmp_path):
    cache = tmp_path / "cache"
    store = project.write("store.py", "import time\n\n\ndef load():\n    time.sleep(1)\n")
    main = project.write("main.py", "import store\n\n\nasync def main():\n    store.load()\n")
    first = next_session(serve, cache, known=False)
    (chain,) = first[main]["items"]
    assert [related["location"]["uri"] for related in chain["relatedInformation"]] == [store]
    assert next_session(serve, cache, known=True) == first
    # Documents that are as their files are change nothing; others do.
    client = serve("workspace", cache=cache, logLevel="debug")
    client.open(store, (project.path / "store.py").read_text())
    assert pull_workspace(client)[main] == first[main]
    assert "analysed 0 of 1 files" in client.log[-1]["message"]
    client.arrived(REFRESH)
    client = serve("workspace", cache=cache, logLevel="debug")
    client.open(store, "def load():\n    pass\n")
    assert pull_workspace(client)[main]["items"] == []
    client.arrived(REFRESH)
    # Other settings.
    client = serve("workspace", cache=cache, ignore=["ALL"])
    assert {uri: report["items"] for uri, report in pull_workspace(client).items()} == {main: [], store: []}
    client.finish()
    # Another text.
    project.write("store.py", LOAD)
    assert codes(next_session(serve, cache, known=False)[main]) == ["unawaited-coroutine"]
    # What is damaged counts for nothing.
    (kept,) = (cache / "awaitls").iterdir()
    kept.write_bytes(kept.read_bytes()[: kept.stat().st_size // 2])
    assert codes(next_session(serve, cache, known=False)[main]) == ["unawaited-coroutine"]


def test_results_that_cannot_be_kept(serve, project, tmp_path):
    uri = project.write("app.py", BAD)
    cache = tmp_path / "cache"
    cache.write_text("no folder")
    for _ in range(2):
        client = serve("workspace", cache=cache)
        assert codes(pull_workspace(client)[uri]) == ["blocking-sleep"]


def test_an_open_document_wins(serve, project):
    store, main = project.write("store.py", "def load():\n    return 1\n"), project.write("main.py", MAIN)
    client = serve("workspace")
    reports = pull_workspace(client)
    assert reports[main]["items"] == []
    # A spelling of its own.
    spelled = store.replace("store.py", "st%6Fre.py")
    client.open(spelled, LOAD, version=3)
    client.pull(spelled)
    after = pull_workspace(client, ids(reports))
    assert set(after) == {spelled, main}
    assert after[spelled]["version"] == 3
    assert codes(after[main]) == ["unawaited-coroutine"]
    client.close(spelled)
    last = pull_workspace(client, ids(after))
    assert last[store]["version"] is None and last[main]["items"] == []
    client.arrived(REFRESH)


def test_an_open_document_of_another_language(serve, project):
    uri = project.write("app.py", BAD)
    client = serve("workspace")
    reports = pull_workspace(client)
    client.open(uri, BAD, language="plaintext")
    assert pull_workspace(client, ids(reports))[uri]["items"] == []


def test_a_file_is_deleted(serve, project):
    app, other = project.write("app.py", BAD), project.write("other.py", BAD)
    client = serve("workspace", watching=True)
    reports = pull_workspace(client)
    (project.path / "app.py").unlink()
    changed(client, app, 3)
    client.expect(REFRESH)
    after = pull_workspace(client, ids(reports))
    assert after[app] == {"uri": app, "version": None, "kind": "full", "items": []}
    assert after[other]["kind"] == "unchanged"
    # Told once.
    assert set(pull_workspace(client, ids(after))) == {other}
    # A file is made, and another configured away.
    project.write("app.py", BAD)
    changed(client, app, 1)
    client.expect(REFRESH)
    project.write("awaitls.toml", 'exclude = ["other.py"]\n')
    changed(client, project("awaitls.toml"), 1)
    client.expect(REFRESH)
    last = pull_workspace(client, ids(after))
    assert codes(last[app]) == ["blocking-sleep"] and last[other]["items"] == []


def test_partial_results(serve, project):
    uris = {project.write(f"module_{i}.py", BAD) for i in range(2 * PORTION + 1)}
    uri = project.write("app.py", BAD)
    gone = project("gone.py")
    client = serve("workspace")
    client.open(uri, GOOD)
    client.pull(uri)
    result = client.request("workspace/diagnostic", {
        "previousResultIds": [{"uri": gone, "value": "1"}], "partialResultToken": "p", "workDoneToken": 5,
    })
    assert result == {"items": []}
    progress = client.arrived("$/progress")
    batches = [p["value"]["items"] for p in progress if p["token"] == "p"]
    assert [[item["uri"] for item in batch] for batch in (batches[0], batches[-1])] == [[uri], [gone]]
    assert sorted(len(batch) for batch in batches[1:-1]) == [1, PORTION, PORTION]
    reported = [item["uri"] for batch in batches for item in batch]
    assert len(reported) == len(set(reported)) and set(reported) == uris | {uri, gone}
    work = [p["value"] for p in progress if p["token"] == 5]
    assert [value["kind"] for value in work] == ["begin", "report", "report", "report", "end"]
    assert work[-2]["percentage"] == 100
    client.arrived(REFRESH)


def test_two_pulls_at_once(serve, project):
    uri = project.write("app.py", BAD)
    client = serve("workspace")
    requests = [client.new_request("workspace/diagnostic", {"previousResultIds": []}) for _ in range(2)]
    client.send(*requests)
    first, second = (client.response(request["id"]) for request in requests)
    assert first == second and [item["uri"] for item in first["items"]] == [uri]


def test_cancelled(serve, project):
    for i in range(4 * PORTION):
        project.write(f"module_{i}.py", BAD)
    client = serve("workspace")
    pull = client.new_request("workspace/diagnostic", {"previousResultIds": [], "workDoneToken": "w"})
    client.send(pull)
    assert client.expect("$/progress", token="w")["value"]["kind"] == "begin"
    client.notify("$/cancelRequest", {"id": pull["id"]})
    try:
        assert len(client.response(pull["id"])["items"]) == 4 * PORTION, "it was done before"
    except ResponseError as error:
        assert error.code == -32800
    assert client.arrived("$/progress")[-1]["value"]["kind"] == "end"
    assert len(pull_workspace(client)) == 4 * PORTION


def test_cancelled_at_once(serve, project):
    project.write("app.py", BAD)
    client = serve("workspace")
    pull = client.new_request("workspace/diagnostic", {"previousResultIds": []})
    client.send(pull, client.notification("$/cancelRequest", {"id": pull["id"]}))
    with pytest.raises(ResponseError) as error:
        client.response(pull["id"])
    assert error.value.code == -32800


def test_a_file_that_cannot_be_read(serve, project):
    uri = project.write("app.py", BAD)
    (project.path / "link.py").symlink_to(project.path / "link.py")
    (project.path / "odd.py").mkdir()
    client = serve("workspace")
    assert set(pull_workspace(client)) == {uri}


def test_a_folder_that_is_not_there(start, pull, project):
    client = start()
    folder = {"uri": project("nowhere"), "name": "nowhere"}
    client.initialize(pull, workspaceFolders=[folder], initializationOptions={"diagnosticMode": "workspace"})
    assert pull_workspace(client) == {}
    client.expect_log("nowhere: No such file or directory")
    assert pull_workspace(client) == {}, "and it is told once"


def test_the_mode_is_changed(start, pull, project):
    uri = project.write("app.py", BAD)
    client = start()
    asking = {"configuration": True, "didChangeConfiguration": {"dynamicRegistration": True}}
    client.configuration = {"diagnosticMode": "workspace"}
    client.initialize(pull | {"workspace": pull["workspace"] | asking},
                      workspaceFolders=[{"uri": project.path.as_uri(), "name": "project"}])
    client.expect(REFRESH)
    reports = pull_workspace(client)
    assert set(reports) == {uri}
    client.configuration = {}
    client.notify("workspace/didChangeConfiguration", {"settings": None})
    client.expect(REFRESH)
    assert pull_workspace(client, ids(reports))[uri]["items"] == []


def test_the_mode_of_one_folder(start, pull, project):
    """A folder inside of another has a mode of its own, and its files are reported once."""
    outer, inner = project.write("app.py", BAD), project.write("inner/app.py", BAD)
    modes = {project.path.as_uri(): "workspace", project("inner"): "openFiles"}
    client = start()
    client.configuration = lambda item: {"diagnosticMode": modes.get(item.get("scopeUri"))}
    client.initialize(pull | {"workspace": pull["workspace"] | {"configuration": True}},
                      workspaceFolders=[{"uri": uri, "name": uri} for uri in modes])
    client.expect(REFRESH)
    assert set(pull_workspace(client)) == {outer}
    modes[project("inner")] = "workspace"
    client.notify("workspace/didChangeConfiguration", {"settings": None})
    client.expect(REFRESH)
    assert set(pull_workspace(client)) == {outer, inner}


@pytest.mark.parametrize("value", ["all", True, []])
def test_a_mistaken_mode(serve, project, value):
    project.write("app.py", BAD)
    client = serve(value)
    assert client.expect("window/showMessage") == {
        "type": 2, "message": "awaitls settings of the editor: diagnosticMode must be openFiles or workspace",
    }
    assert pull_workspace(client) == {}


def test_positions_are_in_the_negotiated_encoding(start, pull, project):
    project.write("app.py", 'import time\n\n\nasync def main():\n    "é𝒳"; time.sleep(1)\n')
    for encoding, character in (("utf-8", 14), ("utf-16", 11), ("utf-32", 10)):
        client = start()
        client.initialize(pull | {"general": {"positionEncodings": [encoding]}},
                          workspaceFolders=[{"uri": project.path.as_uri(), "name": "project"}],
                          initializationOptions={"diagnosticMode": "workspace"})
        [report] = pull_workspace(client).values()
        [item] = [item for item in report["items"] if item["code"] == "blocking-sleep"]
        assert item["range"]["start"] == {"line": 4, "character": character}


def test_outside_of_the_life_cycle(start, pull):
    client = start()
    with pytest.raises(ResponseError) as error:
        pull_workspace(client)
    assert error.value.code == -32002
    client.initialize(pull)
    client.request("shutdown")
    with pytest.raises(ResponseError) as error:
        pull_workspace(client)
    assert error.value.code == -32600
    client.notify("exit")
    assert client.wait() == 0


@pytest.mark.parametrize(("name", "version", "options", "announced"), [
    ("Neovim", "0.12.4", {}, False),
    ("Neovim", "0.12.4", {"diagnosticMode": "workspace"}, True),
    ("Neovim", "0.13.0-dev-12+gabc", {}, True),
    ("Neovim", "1.0.0", {}, True),
    ("Neovim", "unknown", {}, True),
    ("Visual Studio Code", "0.12.4", {}, True),
])
def test_who_forgets_open_documents_is_offered_no_workspace(start, pull, project, name, version, options, announced):
    client = start()
    client.initialize(pull, clientInfo={"name": name, "version": version}, initializationOptions=options,
                      workspaceFolders=[{"uri": project.path.as_uri(), "name": "project"}])
    assert client.server_capabilities["diagnosticProvider"]["workspaceDiagnostics"] is announced
