"""What the sessions share: editors, a person's home with awaitls installed, a project, a terminal, and a judge of the traffic.

A session waits for what shows or is told, each time for at most its patience, and never for time to pass.
"""

from __future__ import annotations

import json
import os
import re
import select
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
EDITORS = ROOT / "build" / "editors"
BINARY = Path(os.environ.get("AWAITLS_BINARY", ROOT / "build/release/awaitls")).resolve()
DOCUMENT = ROOT / "docs" / "editors.md"
PATIENCE = 30.0  # seconds for one thing to happen; only a fault comes near it
IMPATIENCE = 3.0  # the same in a session that has to fail

APP = """\
import asyncio

from shop.stock import count


async def refresh():
    asyncio.sleep(1)


async def main():
    await refresh()
    print(count("tea"))


asyncio.run(main())
"""
STOCK = """\
import time


def count(name):
    return len(name)
"""
# Its folder ignores the first of the two findings.
JOBS = """\
import asyncio
import time


async def job():
    asyncio.sleep(1)
    time.sleep(2)
"""

# What a server may do instead of its work, as a shell line.
BROKEN = {
    "ends at once": "exit 3",
    "never speaks": "exec cat >/dev/null",
    "finds nothing": f"exec '{sys.executable}' '{HERE / 'mute_server.py'}'",
}


def fetched(editor: str) -> Path:
    """The folder of an editor, whose programs are in its bin."""
    folder = EDITORS / editor
    done = subprocess.run(["sh", HERE / "get_editor.sh", folder, editor], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        pytest.fail(f"there is no {editor} to test with:\n{done.stderr}", pytrace=False)
    print(folder.joinpath("version").read_text().strip())
    return folder


def section(heading: str) -> str:
    """The text below a heading of docs/editors.md, up to the next one that is not below it."""
    found: list[str] = []
    level = fenced = 0
    for line in DOCUMENT.read_text(encoding="utf-8").splitlines(keepends=True):
        fenced ^= line.startswith("```")
        marks = re.match("#+ ", line) if not fenced else None
        if level and marks and len(marks[0]) <= level:
            break
        if level:
            found.append(line)
        elif marks and line[len(marks[0]):].strip() == heading:
            level = len(marks[0])
    assert level, f"docs/editors.md has no section {heading}"
    return "".join(found)


def blocks(heading: str, language: str) -> list[str]:
    """The code blocks of a section."""
    return re.findall(rf"^```{language}\n(.*?)^```$", section(heading), re.MULTILINE | re.DOTALL)


class Desk:
    """A person who has awaitls installed and nothing else, with two projects."""

    def __init__(self, folder: Path, server: str | None = None):
        """`server` is a shell line to have in place of awaitls."""
        self.home = folder / "home"
        self.project = folder / "project"
        self.other = folder / "other"
        self.traffic = folder / "traffic.jsonl"
        installed = subprocess.run(
            ["cmake", "--install", BINARY.parent, "--prefix", self.home / ".local"], capture_output=True, text=True, check=False
        )
        assert installed.returncode == 0, installed.stdout + installed.stderr
        self.program = self.home / ".local" / "bin" / "awaitls"
        if server is not None:
            self.program.write_text(f"#!/bin/sh\n{server}\n")
        for place, text in {
            self.project / "pyproject.toml": '[project]\nname = "shop"\nversion = "1"\n',
            self.project / "shop/__init__.py": "",
            self.project / "shop/app.py": APP,
            self.project / "shop/stock.py": STOCK,
            self.other / "pyproject.toml": '[tool.awaitls]\nignore = ["unawaited-coroutine"]\n',
            self.other / "jobs.py": JOBS,
        }.items():
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(text)
        for folder in (self.project, self.other):
            subprocess.run(["git", "init", "-q", folder], check=True)
        self.environment = {
            k: v for k, v in os.environ.items() if not k.startswith(("XDG_", "VIM", "NVIM", "EMACS", "LC_", "TMUX", "AWAITLS_"))
        } | {
            "HOME": str(self.home),
            "PATH": f"{self.program.parent}:{os.environ['PATH']}",
            "LANG": "C.UTF-8",
            "AWAITLS_TRAFFIC": str(self.traffic),
        }

    def follow(self, heading: str) -> None:
        """Runs the shell blocks of a section in the repository, as a newcomer does."""
        for block in blocks(heading, "sh"):
            done = subprocess.run(["sh", "-e", "-c", block], cwd=ROOT, env=self.environment, capture_output=True, text=True, check=False)
            assert done.returncode == 0, f"{block}\n{done.stdout}{done.stderr}"

    def write(self, place: str, text: str) -> None:
        """A file of the person, below HOME."""
        path = self.home / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def text(self, place: str) -> str:
        """A file of the project; nothing for the moment in which an editor replaces it."""
        path = self.project / place
        try:
            return path.read_text()
        except FileNotFoundError:
            return ""

    def app(self) -> str:
        return self.text("shop/app.py")

    def records(self) -> list[dict]:
        """What was said so far, without a line that is being written."""
        text = self.traffic.read_text() if self.traffic.exists() else ""
        return [json.loads(line) for line in text[: text.rfind("\n") + 1].splitlines()]

    def servers(self) -> list[int]:
        """The servers that have spoken, oldest first."""
        return list(dict.fromkeys(record["process"] for record in self.records()))

    def kill_server(self, root: Path) -> None:
        """Kills the newest server that was told this root."""
        initialized = [record for record in self.records() if record["message"].get("method") == "initialize"]
        of_root = [record for record in initialized if root.as_uri() in json.dumps(record["message"]["params"]).replace("%2F", "/")]
        os.kill(of_root[-1]["process"], signal.SIGKILL)

    def validate(self, servers: int) -> None:
        """All traffic is what the meta model allows; this many servers spoke, and none of them outlives its editor."""
        spoke = self.servers()
        assert len(spoke) == servers, spoke
        for process in spoke:
            try:
                handle = os.pidfd_open(process)
            except ProcessLookupError:
                continue
            assert select.select([handle], [], [], PATIENCE)[0], f"server {process} still runs"
            os.close(handle)
        done = subprocess.run(
            [sys.executable, ROOT / "tests/conformance/validate.py", "--cut", self.traffic], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr


class Terminal:
    """A program in a terminal of tmux. Its output wakes who waits."""

    def __init__(self, desk: Desk, command: list[str | Path], cwd: Path, patience: float = PATIENCE, size: tuple[int, int] = (100, 30)):
        self.patience = patience
        self.socket = desk.home / "tmux"
        self.screens: list[str] = []
        fifo = desk.home / "output"
        os.mkfifo(fifo)
        self.output = os.open(fifo, os.O_RDWR | os.O_NONBLOCK)
        configuration = desk.home / "tmux.conf"
        # Without a wait after Escape; and a program that has ended leaves its screen.
        configuration.write_text("set -g escape-time 0\nset -g remain-on-exit on\nset -g default-terminal tmux-256color\n")
        # Of each call: tmux gives a program the PATH of who asks for it.
        self.environment = {key: value for key, value in desk.environment.items() if key != "TERM"}
        line = "exec " + " ".join("'" + str(part).replace("'", "'\\''") + "'" for part in command)
        # The terminal is piped before the program starts in it, so that nothing is missed.
        self.tmux("-f", configuration, "new-session", "-d", "-x", str(size[0]), "-y", str(size[1]), "-c", cwd, "sh")
        self.tmux("pipe-pane", "-O", f"exec cat >'{fifo}'")
        self.tmux("respawn-pane", "-k", "-c", cwd, line)

    def tmux(self, *arguments: str | Path) -> str:
        done = subprocess.run(
            ["tmux", "-S", self.socket, *arguments], env=self.environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"tmux {arguments}: {done.stderr}"
        return done.stdout

    def keys(self, *names: str) -> None:
        """Keys by their names in tmux: Enter, Escape, C-w, M-x."""
        self.tmux("send-keys", *names)

    def type(self, text: str) -> None:
        self.tmux("send-keys", "-l", text)

    def screen(self) -> str:
        lines = [line.rstrip() for line in self.tmux("capture-pane", "-p").splitlines()]
        return "\n".join(lines).rstrip("\n") + "\n"

    def wait(self, what: str, happened: Callable[[str], object]) -> str:
        """The screen once it shows something; fails with the screen where it does not."""
        deadline = time.monotonic() + self.patience
        while True:
            screen = self.screen()
            if happened(screen):
                return screen
            left = deadline - time.monotonic()
            if left <= 0:
                raise AssertionError(f"{what}: it did not happen; the screen:\n{screen}")
            # A look each second as well: what is waited for may be a file.
            if select.select([self.output], [], [], min(left, 1.0))[0]:
                os.read(self.output, 1 << 20)

    def shows(self, text: str) -> str:
        return self.wait(f"the screen shows {text!r}", lambda screen: text in screen)

    def shows_not(self, text: str) -> str:
        return self.wait(f"the screen shows {text!r} no longer", lambda screen: text not in screen)

    def ends(self) -> None:
        """The program ends by itself."""
        self.wait("the editor ends", lambda _: self.tmux("list-panes", "-F", "#{pane_dead}").strip() == "1")

    def close(self) -> None:
        subprocess.run(["tmux", "-S", self.socket, "kill-server"], capture_output=True, check=False)
        os.close(self.output)


def normal(screen: str) -> str:
    """A screen without what differs between runs."""
    return re.sub(r"awaitls \d+\.\d+\.\d+", "awaitls VERSION", screen)


__all__ = [name for name in globals() if not name.startswith("_") and name not in ("annotations", "shutil")]
