"""docs/editors.md shows the very files of editors/, and what they run is the server, also for editors that do not run here."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from harness import BINARY, DOCUMENT, ROOT, Desk, blocks, section

sys.path.insert(0, str(ROOT / "tests/protocol"))

from client import frame  # noqa: E402

EDITORS = ROOT / "editors"


def sublime() -> list[str]:
    return json.loads((EDITORS / "sublime/LSP.sublime-settings").read_text())["clients"]["awaitls"]["command"]


def zed() -> list[str]:
    settings = json.loads((EDITORS / "zed/settings.json").read_text())
    [name, rest] = settings["languages"]["Python"]["language_servers"]
    assert rest == "..."
    binary = settings["lsp"][name]["binary"]
    return [binary["path"], *binary["arguments"]]


def kate() -> list[str]:
    server = json.loads((EDITORS / "kate/settings.json").read_text())["servers"]["python"]
    assert re.search(server["highlightingModeRegex"], "Python")
    return server["command"]


def pycharm() -> list[str]:
    template = json.loads((EDITORS / "pycharm/template.json").read_text())
    assert template["fileTypeMappings"][0]["languageId"] == "python"
    return shlex.split(template["programArgs"]["default"])


def coc() -> list[str]:
    server = json.loads((EDITORS / "vim/coc-settings.json").read_text())["languageserver"]["awaitls"]
    return [server["command"], *server["args"]]


def helix() -> list[str]:
    languages = tomllib.loads((EDITORS / "helix/languages.toml").read_text())
    [python] = languages["language"]
    assert "awaitls" in python["language-servers"]
    server = languages["language-server"]["awaitls"]
    return [server["command"], *server["args"]]


COMMANDS = {"sublime": sublime, "zed": zed, "kate": kate, "pycharm": pycharm, "coc": coc, "helix": helix}


@pytest.mark.parametrize("editor", COMMANDS)
def test_the_command_of_a_configuration_is_the_server(editor: str, tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    conversation = [
        {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {"processId": None, "rootUri": desk.project.as_uri(), "capabilities": {}}},
        {"jsonrpc": "2.0", "method": "initialized", "params": {}},
        {"jsonrpc": "2.0", "id": 2, "method": "shutdown"},
        {"jsonrpc": "2.0", "method": "exit"},
    ]
    done = subprocess.run(
        COMMANDS[editor](), input=b"".join(map(frame, conversation)), env=desk.environment, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert b'"serverInfo":{"name":"awaitls"' in done.stdout


def test_a_block_with_a_caption_is_that_file() -> None:
    captions = re.findall(r"`(editors/[\w./-]+)`:\n\n```(?:json|toml)\n(.*?)^```$", DOCUMENT.read_text(), re.MULTILINE | re.DOTALL)
    shown = {name for name, _ in captions}
    assert shown >= {
        "editors/helix/languages.toml", "editors/sublime/LSP.sublime-settings", "editors/zed/settings.json",
        "editors/kate/settings.json", "editors/pycharm/template.json", "editors/vim/coc-settings.json",
    }, shown
    for name, text in captions:
        assert text == (ROOT / name).read_text(), name


def test_every_folder_of_editors_is_in_the_document() -> None:
    text = DOCUMENT.read_text()
    for folder in EDITORS.iterdir():
        assert f"editors/{folder.name}" in text, f"docs/editors.md does not tell of {folder.name}"


def test_blocks_of_configuration_can_be_read() -> None:
    text = DOCUMENT.read_text()
    for block in re.findall(r"^```json\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
        json.loads(block)
    for block in re.findall(r"^```toml\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
        tomllib.loads(block)


def test_the_ignored_codes_are_ours_as_well() -> None:
    """Each `ignore` of the document names what awaitls knows."""
    ignored = set()
    for block in blocks("Beside other Python tools", "toml"):
        ignored |= set(tomllib.loads(block).get("tool", {}).get("awaitls", {}).get("ignore", []))
    assert ignored
    for code in ignored:
        checked = subprocess.run([BINARY, "check", "--isolated", "--config", f'ignore = ["{code}"]', "-"], input="", capture_output=True, text=True, check=False)
        assert checked.returncode == 0 and checked.stderr == "", checked.stderr


def test_the_help_of_the_server_is_told() -> None:
    assert "AWAITLS_TRAFFIC" in section("When something is wrong")


def test_the_package_of_emacs_has_the_version_of_the_program() -> None:
    version = subprocess.run([BINARY, "--version"], capture_output=True, text=True, check=True).stdout.split()[1]
    assert f"\n;; Version: {version}\n" in (EDITORS / "emacs/awaitls.el").read_text()
