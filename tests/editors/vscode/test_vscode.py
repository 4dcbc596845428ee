"""Sessions in the real VS Code: in its extension host, with the extension as it is installed."""

from __future__ import annotations

import json
import re
import sys
import zipfile
from pathlib import Path

import pytest

from conftest import EXTENSION, HERE, ROOT, Editor, run, validate

STORE = "import time\n\n\ndef load():\n    time.sleep(1)\n"
APP = """\
import asyncio

from .store import load


async def main():
    # é and \U0001f600 are of different sizes
    load()
    await asyncio.sleep(0.1)


async def announce():
    print("done")


asyncio.run(main())
"""
CLOSED = "import asyncio\n\n\nasync def fetch():\n    await asyncio.sleep(1)\n\n\nasync def main():\n    fetch()\n    print()\n\n\nasyncio.run(main())\n"
BLOCKING = "import time\n\n\nasync def main():\n    time.sleep(1)\n"


def cell(text: str) -> dict[str, object]:
    return {"cell_type": "code", "execution_count": None, "metadata": {}, "outputs": [], "source": text.splitlines(keepends=True)}


def write(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


def project(folder: Path) -> Path:
    notebook = {
        "cells": [cell("import asyncio\n\n\nasync def fetch():\n    await asyncio.sleep(1)\n"), cell("fetch()\nprint()\n")],
        "metadata": {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}, "language_info": {"name": "python"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    return write(
        folder / "a project with é",
        {
            "pyproject.toml": '[project]\nname = "shop"\nversion = "1"\n',
            "shop/__init__.py": "",
            "shop/app.py": APP,
            "shop/closed.py": CLOSED,
            "shop/store.py": STORE,
            "shop/trial.ipynb": json.dumps(notebook),
        },
    )


def test_the_settings_are_those_of_the_schema(editor: Editor) -> None:
    done = run(editor.node, EXTENSION / "scripts/settings.mjs", "--check")
    assert done.returncode == 0, done.stderr
    manifest = json.loads((EXTENSION / "package.json").read_text())
    server = editor.server
    options = {line.removeprefix("## ") for line in (ROOT / "docs/configuration.md").read_text().splitlines() if line.startswith("## ")}
    kebab = {"".join(f"-{c.lower()}" if c.isupper() else c for c in name.removeprefix("awaitls.")) for name in manifest["contributes"]["configuration"]["properties"]}
    missing = {option for option in options if " " not in option} - kebab
    assert missing == {"cache-dir"}, "a configuration does not set it"
    version = run(server, "--version").stdout.split()[1]
    assert version == manifest["version"], "the extension and the server are released together"


def test_the_package_holds_what_it_needs_and_no_more(editor: Editor) -> None:
    with zipfile.ZipFile(editor.vsix) as package:
        sizes = {info.filename: info.file_size for info in package.infolist()}
        mode = package.getinfo("extension/bin/awaitls").external_attr >> 16
        readme = package.read("extension/readme.md").decode()
    names = {"package.json", "readme.md", "changelog.md", "LICENSE.txt", "dist/extension.js", "dist/icon.png", "bin/awaitls"}
    assert set(sizes) == {f"extension/{name}" for name in names} | {"extension.vsixmanifest", "[Content_Types].xml"}
    assert sizes["extension/dist/extension.js"] < 500_000
    assert mode & 0o111, "the server is executable"
    links = re.findall(r"\(https://github\.com/awaitls/awaitls/(?:raw|blob)/(?:HEAD|main)/([^)]*)\)", readme)
    assert len(links) >= 4 and "](.." not in readme
    assert [link for link in links if not (ROOT / link).is_file()] == [], "each leads to a file of the repository"


def test_a_person_at_work(editor: Editor, tmp_path: Path) -> None:
    wrapper, records = editor.recording(tmp_path)
    done = editor.play(tmp_path / "work", project(tmp_path), "project", {"awaitls.server.path": str(wrapper)})
    assert done.returncode == 0
    validate(records)
    assert '"$/setTrace"' in "".join(record.read_text() for record in records.iterdir())


def test_what_stands_in_the_way_of_a_server(editor: Editor, tmp_path: Path) -> None:
    trials = write(
        tmp_path / "trials",
        {
            "plain": "#!/bin/sh\n",
            "older": "#!/bin/sh\necho awaitls 0.0.9\n",
            "other": "#!/bin/sh\necho ruff 1.0\n",
            "failing": "#!/bin/sh\necho no such library >&2\nexit 3\n",
            "crashing": '#!/bin/sh\n[ "$1" = --version ] && echo awaitls 0.1.0 && exit\nexit 4\n',
        },
    )
    (trials / "foreign").write_bytes(bytes.fromhex("cffaedfe0c000001") + bytes(100))
    for name in ("older", "other", "failing", "crashing", "foreign"):
        (trials / name).chmod(0o755)
    (trials / "link").symlink_to(editor.server)
    done = editor.play(tmp_path / "work", project(tmp_path), "binaries", TRIALS=str(trials))
    assert done.returncode == 0


def test_two_folders(editor: Editor, tmp_path: Path) -> None:
    write(tmp_path / "first", {"app.py": BLOCKING, "awaitls.toml": 'ignore = ["blocking"]\n'})
    write(tmp_path / "second", {"app.py": BLOCKING, "closed.py": BLOCKING, ".vscode/settings.json": json.dumps({"awaitls.severity": {"blocking": "hint"}})})
    workspace = tmp_path / "both.code-workspace"
    workspace.write_text(json.dumps({"folders": [{"path": "first"}, {"path": "second"}]}))
    wrapper, records = editor.recording(tmp_path)
    done = editor.play(tmp_path / "work", workspace, "folders", {"awaitls.server.path": str(wrapper)})
    assert done.returncode == 0
    validate(records)


def test_a_workspace_that_is_not_trusted(editor: Editor, tmp_path: Path) -> None:
    folder = project(tmp_path)
    write(folder, {".vscode/settings.json": json.dumps({"awaitls.server.path": "${workspaceFolder}/evil"}), "evil": f"#!/bin/sh\ntouch '{tmp_path}/ran'\n"})
    (folder / "evil").chmod(0o755)
    done = editor.play(tmp_path / "work", folder, "untrusted", {"security.workspace.trust.enabled": True}, TRUST="1")
    assert done.returncode == 0
    assert not (tmp_path / "ran").exists()


def test_a_broken_server_makes_a_session_fail(editor: Editor, tmp_path: Path) -> None:
    """One that answers, and finds nothing."""
    wrapper = tmp_path / "mute"
    wrapper.write_text(f"#!/bin/sh\n[ \"$1\" = --version ] && echo awaitls 0.1.0 && exit\nexec '{sys.executable}' '{HERE.parent / 'mute_server.py'}'\n")
    wrapper.chmod(0o755)
    done = editor.play(tmp_path / "work", project(tmp_path), "project", {"awaitls.server.path": str(wrapper)}, STEP_PATIENCE="3000")
    assert done.returncode == 1 and "FAIL" in done.stdout and "it did not happen" in done.stdout
    assert (tmp_path / "a project with é" / "shop" / "app.py").read_text() == APP
