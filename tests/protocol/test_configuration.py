"""Where settings come from, and how they take effect."""

import json
from pathlib import Path

import pytest

from client import ERROR, HINT, WARNING, span

TEXT = "import asyncio\nimport time\n\n\nasync def main():\n    time.sleep(1)\n"
WATCHING = {"workspace": {"didChangeWatchedFiles": {"dynamicRegistration": True}}}
ASKING = {"workspace": {"configuration": True, "didChangeConfiguration": {"dynamicRegistration": True}}}


def merged(base: dict, extra: dict) -> dict:
    result = dict(base)
    for key, value in extra.items():
        result[key] = merged(result[key], value) if isinstance(value, dict) and key in result else value
    return result


@pytest.fixture
def project(tmp_path):
    """A folder with one file; project(name) is the URI of a file in it."""
    (tmp_path / "app.py").write_text(TEXT)

    def uri(name: str) -> str:
        return (tmp_path / name).as_uri()

    uri.path = tmp_path
    return uri


def codes(diagnostics: list[dict]) -> list[str]:
    return [d.get("code") for d in diagnostics]


def folder(path) -> dict:
    return {"uri": path.as_uri(), "name": path.name}


def test_nearest_file_holds(client, project):
    (project.path / "pyproject.toml").write_text('[tool.awaitls]\nignore = ["blocking-sleep"]\n')
    inner = project.path / "inner"
    inner.mkdir()
    (inner / "awaitls.toml").write_text('severity = { blocking-sleep = "hint" }\n')
    client.open(project("app.py"), TEXT)
    assert client.published(project("app.py"), 1) == []
    uri = (inner / "app.py").as_uri()
    client.open(uri, TEXT)
    [finding] = client.published(uri, 1)
    assert finding["severity"] == HINT


def test_excluded_files_are_silent(client, project):
    (project.path / "awaitls.toml").write_text('exclude = ["app.py"]\n')
    client.open(project("app.py"), TEXT)
    assert client.published(project("app.py"), 1) == []
    assert client.code_actions(project("app.py"), span(0, 0, 9, 0)) == []


def test_a_watched_file_changes(start, push, project):
    client = start()
    client.initialize(merged(push, WATCHING))
    uri, config = project("app.py"), project.path / "pyproject.toml"
    client.open(uri, TEXT)
    assert codes(client.published(uri, 1)) == ["blocking-sleep"]
    [registration] = [r for r in client.registrations if r["method"] == "workspace/didChangeWatchedFiles"]
    patterns = {watcher["globPattern"] for watcher in registration["registerOptions"]["watchers"]}
    assert patterns == {"**/pyproject.toml", "**/awaitls.toml", "**/*.{py,pyi}"}

    def event(kind: int) -> None:
        client.notify("workspace/didChangeWatchedFiles", {"changes": [{"uri": config.as_uri(), "type": kind}]})

    config.write_text('[tool.awaitls]\nignore = ["blocking-sleep"]\n')
    event(1)
    assert client.published(uri, 1) == []
    config.write_text('[tool.awaitls]\nseverity = { blocking-sleep = "warning" }\n')
    event(2)
    assert [d["severity"] for d in client.published(uri, 1)] == [WARNING]
    event(2)
    assert client.arrived("textDocument/publishDiagnostics") == [], "nothing has changed"
    config.unlink()
    event(3)
    assert [d["severity"] for d in client.published(uri, 1)] == [ERROR]


@pytest.mark.parametrize("trigger", ["open", "save"])
def test_an_unwatched_file_changes(client, project, trigger):
    """Neovim watches nothing on Linux; opening and saving look at the files."""
    uri, other = project("app.py"), project("other.py")
    client.open(uri, TEXT)
    assert codes(client.published(uri, 1)) == ["blocking-sleep"]
    (project.path / "awaitls.toml").write_text('ignore = ["blocking"]\n')
    if trigger == "open":
        client.open(other, TEXT)
        assert client.published(other, 1) == []
    else:
        client.save(uri, TEXT)
    assert client.published(uri, 1) == []


def test_pulled_diagnostics_are_refreshed(start, pull, project):
    client = start()
    client.initialize(merged(pull, WATCHING))
    uri, config = project("app.py"), project.path / "awaitls.toml"
    client.open(uri, TEXT)
    before = client.pull(uri)
    assert codes(before["items"]) == ["blocking-sleep"]
    config.write_text('ignore = ["blocking-sleep"]\n')
    client.notify("workspace/didChangeWatchedFiles", {"changes": [{"uri": config.as_uri(), "type": 1}]})
    client.expect("workspace/diagnostic/refresh")
    assert client.pull(uri, before["resultId"])["items"] == []


@pytest.mark.parametrize("style", ["push", "pull"])
def test_a_mistaken_file(start, request, project, style):
    """The mistake is shown in the file, at its line, and told once."""
    client = start()
    client.initialize(merged(request.getfixturevalue(style), WATCHING))
    config, uri = project.path / "pyproject.toml", project("app.py")
    config.write_text('[project]\nname = "x"\n\n[tool.awaitls]\nselect = ["blocking-slep"]\n')
    client.open(uri, TEXT)
    [problem] = client.published(config.as_uri())
    assert problem["range"]["start"]["line"] == 4 and problem["severity"] == WARNING
    assert "blocking-slep" in problem["message"]
    message = client.expect("window/showMessage")
    assert "pyproject.toml" in message["message"] and "blocking-slep" in message["message"]
    if style == "push":
        client.published(uri, 1)
    other = project("other.py")
    client.open(other, TEXT)
    if style == "push":
        client.published(other, 1)
    assert client.arrived("window/showMessage") == [], "once"
    config.write_text('[tool.awaitls\n')
    client.notify("workspace/didChangeWatchedFiles", {"changes": [{"uri": config.as_uri(), "type": 2}]})
    [problem] = client.published(config.as_uri())
    assert problem["range"]["start"]["line"] == 0
    client.expect("window/showMessage")
    client.arrived("textDocument/publishDiagnostics")
    client.arrived("workspace/diagnostic/refresh")
    config.unlink()
    client.notify("workspace/didChangeWatchedFiles", {"changes": [{"uri": config.as_uri(), "type": 3}]})
    assert client.published(config.as_uri()) == []
    client.arrived("textDocument/publishDiagnostics")
    client.arrived("workspace/diagnostic/refresh")


def test_problems_use_the_clients_spelling_and_encoding(client, project):
    config = project.path / "awaitls.toml"
    config.write_text('severity = { "\U0001f600" = "error" }\n')
    spelled = config.as_uri().replace("awaitls.toml", "%61waitls.toml")
    client.open(spelled, config.read_text(), language="toml")
    client.open(project("app.py"), TEXT)
    [problem] = client.published(spelled)
    assert problem["range"]["end"] == {"line": 0, "character": len('severity = { "xx" = "error" }')}
    client.expect("window/showMessage")
    client.published(project("app.py"), 1)


def test_initialization_options(start, push, project):
    client = start()
    client.initialize(push, initializationOptions={"settings": {"severity": {"blocking-sleep": "hint"}}})
    client.open(project("app.py"), TEXT)
    assert [d["severity"] for d in client.published(project("app.py"), 1)] == [HINT]


def test_settings_that_are_sent(client, project):
    uri = project("app.py")
    client.open(uri, TEXT)
    client.published(uri, 1)
    client.notify("workspace/didChangeConfiguration", {"settings": {"awaitls": {"ignore": ["blocking-sleep"]}}})
    assert client.published(uri, 1) == []
    client.notify("workspace/didChangeConfiguration", {"settings": {"awaitls": {"ignore": None}}})
    assert len(client.published(uri, 1)) == 1
    client.notify("workspace/didChangeConfiguration", {"settings": None})
    assert client.arrived("textDocument/publishDiagnostics") == []


def test_settings_that_are_asked_for(start, push, project):
    client = start()
    client.configuration = {"perFileIgnores": {"app.py": ["blocking-sleep"]}}
    client.initialize(merged(push, ASKING), workspaceFolders=[folder(project.path)])
    assert client.arrived("x") == []  # the settings have been asked for and answered
    uri = project("app.py")
    client.open(uri, TEXT)
    assert client.published(uri, 1) == []
    assert any(r["method"] == "workspace/didChangeConfiguration" for r in client.registrations)
    client.configuration = None
    client.notify("workspace/didChangeConfiguration", {"settings": None})
    assert len(client.published(uri, 1)) == 1


def test_mistaken_settings(start, push, project):
    client = start()
    client.configuration = {"selekt": ["ALL"], "severity": 7}
    client.initialize(merged(push, ASKING))
    messages = [client.expect("window/showMessage")["message"] for _ in range(2)]
    assert any("selekt" in message for message in messages) and any("severity" in message for message in messages)
    uri = project("app.py")
    client.open(uri, TEXT)
    assert len(client.published(uri, 1)) == 1


def sample(setting: dict) -> object:
    """A value that a setting of the extension takes, other than nothing."""
    kind = setting["type"][0] if isinstance(setting["type"], list) else setting["type"]
    if "enum" in setting:
        return setting["enum"][-1]
    if kind == "array":
        return [sample(setting["items"])] if "examples" in setting["items"] else ["pattern -> words"]
    if kind == "object":
        return {}
    if kind == "integer":
        return setting.get("minimum", 1)
    return setting["examples"][0] if "examples" in setting else "3.12"


def test_the_settings_of_the_extension_are_known(start, push, project):
    manifest = json.loads((Path(__file__).parents[2] / "editors/vscode/package.json").read_text())
    settings = manifest["contributes"]["configuration"]["properties"]
    values = {name.removeprefix("awaitls."): sample(setting) for name, setting in settings.items()}
    values = {key: value for key, value in values.items() if "." not in key}  # the rest is the extension's own
    (project.path / values["python"]).mkdir()
    (project.path / values["python"] / "pyvenv.cfg").write_text("version = 3.12.1\n")
    assert {"select", "perFileIgnores", "diagnosticMode", "maxAwaits"} <= values.keys()
    client = start()
    client.initialize(push, initializationOptions=values, workspaceFolders=[folder(project.path)])
    client.open(project("app.py"), TEXT)
    client.published(project("app.py"), 1)
    assert client.arrived("window/showMessage") == []


def test_the_log_level_can_be_set(start, push, project):
    client = start()
    client.initialize(push, initializationOptions={"logLevel": "debug"})
    client.open(project("app.py"), TEXT)
    client.published(project("app.py"), 1)
    client.hover(project("app.py"), 0, 0)
    client.arrived("x")
    assert any("textDocument/hover" in entry["message"] for entry in client.log)


def test_two_folders(start, push, tmp_path):
    """Each folder has its own settings; the longest folder that holds the file counts, by whole components."""
    names = ["a", "ab", "a/inner"]
    for name in names:
        (tmp_path / name).mkdir()
    client = start()
    severities = {"a": "hint", "ab": "warning", "a/inner": "error"}
    by_uri = {(tmp_path / name).as_uri(): severity for name, severity in severities.items()}
    client.configuration = lambda item: {"severity": {"blocking-sleep": by_uri.get(item.get("scopeUri"), "information")}}
    client.initialize(merged(push, ASKING), workspaceFolders=[folder(tmp_path / name) for name in names])
    client.arrived("x")
    for place, severity in [("a/x.py", 4), ("ab/x.py", 2), ("a/inner/deep/x.py", 1), ("x.py", 3)]:
        uri = (tmp_path / place).as_uri()
        client.open(uri, TEXT)
        assert [d["severity"] for d in client.published(uri, 1)] == [severity], place


def test_folders_come_and_go(start, push, tmp_path):
    client = start()
    client.configuration = lambda item: {"ignore": ["blocking-sleep"]} if "scopeUri" in item else None
    client.initialize(merged(push, ASKING))
    uri = (tmp_path / "x.py").as_uri()
    client.open(uri, TEXT)
    assert len(client.published(uri, 1)) == 1
    client.notify("workspace/didChangeWorkspaceFolders", {"event": {"added": [folder(tmp_path)], "removed": []}})
    assert client.published(uri, 1) == []
    client.notify("workspace/didChangeWorkspaceFolders", {"event": {"added": [], "removed": [folder(tmp_path)]}})
    assert len(client.published(uri, 1)) == 1


def test_untitled_documents_follow_the_first_folder(start, push, tmp_path):
    (tmp_path / "awaitls.toml").write_text('severity = { blocking-sleep = "hint" }\n')
    client = start()
    client.initialize(push, workspaceFolders=[folder(tmp_path)])
    client.open("untitled:Untitled-1", TEXT)
    assert [d["severity"] for d in client.published("untitled:Untitled-1", 1)] == [HINT]


def test_the_size_limit_is_configured(client, project):
    (project.path / "awaitls.toml").write_text("max-file-size = 20\n")
    client.open(project("app.py"), TEXT)
    [note] = client.published(project("app.py"), 1)
    assert "max-file-size" in note["message"]


@pytest.mark.parametrize("by", ["initialize", "configuration"])
def test_an_environment_is_below_the_folder(start, push, project, by):
    """Its path says nothing where there is no folder, and there is no complaint of that."""
    (project.path / "env").mkdir()
    (project.path / "env/pyvenv.cfg").write_text("version = 3.12.1\n")
    settings = {"python": "env", "select": ["removed-asyncio-api"]}
    client = start()
    client.configuration = settings if by == "configuration" else None
    options = {"initializationOptions": settings} if by == "initialize" else {}
    client.initialize(merged(push, ASKING), workspaceFolders=[folder(project.path)], **options)
    assert client.arrived("x") == []  # the settings have been asked for and answered
    uri = project("app.py")
    text = "import asyncio\n\n\n@asyncio.coroutine\ndef old():\n    pass\n"
    client.open(uri, text)
    assert codes(client.published(uri, 1)) == ["removed-asyncio-api"], "of 3.12, not of the default"
    assert client.arrived("window/showMessage") == []
