"""A session in the real Vim with ALE: what docs/editors.md tells people to do, with keys in a terminal."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness import BROKEN, IMPATIENCE, PATIENCE, Desk, Terminal, blocks, fetched

QUIET = """\
set nocompatible hidden signcolumn=yes shortmess+=A
filetype plugin indent on
let g:ale_virtualtext_cursor = 'all'
"""
NEVER = " > `asyncio.sleep()` is never awaited"


@pytest.fixture(scope="session")
def vim() -> Path:
    return fetched("vim")


class Session(Terminal):
    def normal(self) -> None:
        """In one write with what follows, Escape would be the start of another key."""
        if "-- INSERT --" in self.screen():
            self.keys("Escape")
            self.shows_not("-- INSERT --")

    def command(self, line: str) -> None:
        self.normal()
        self.type(":" + line)
        self.wait(f"Vim shows :{line}", lambda screen: screen.splitlines()[-1].startswith(":" + line))
        self.keys("Enter")

    def line(self, number: int) -> None:
        """To the first character of a line that is no blank."""
        self.normal()
        self.type(f"{number}G^")
        self.wait(f"the cursor is in line {number}", lambda screen: f" {number}," in screen.splitlines()[-1])

    def opens(self, name: str, text: str) -> None:
        self.command(f"edit {name}")
        self.shows(text)


def start(desk: Desk, vim: Path, patience: float = PATIENCE) -> Session:
    desk.follow("ALE")
    ale = desk.home / ".vim/pack/plugins/start/ale"
    ale.parent.mkdir(parents=True)
    ale.symlink_to(vim / "root/usr/share/vim-ale")
    desk.write(".vim/vimrc", QUIET + blocks("ALE", "vim")[0])
    return Session(desk, [vim / "bin/vim", "-n", "shop/app.py"], desk.project, patience)


def work(desk: Desk, vim: Path, patience: float = PATIENCE) -> None:
    session = start(desk, vim, patience)
    try:
        steps(desk, session)
    finally:
        session.close()


def steps(desk: Desk, s: Session) -> None:
    # The finding, at its place.
    s.shows("    asyncio.sleep(1)" + NEVER)
    s.line(7)
    s.shows("unawaited-coroutine: `asyncio.sleep()`")

    # Typing a second one. ALE looks again when the insertion ends.
    s.type("oasyncio.sleep(2)")
    s.shows("-- INSERT --")
    s.normal()
    s.shows("    asyncio.sleep(2)" + NEVER)

    # Why.
    s.command("ALEHover")
    s.shows("unawaited-coroutine (await)")
    s.command("pclose")
    s.shows_not("unawaited-coroutine (await)")

    # The fix of one, undone, and of all.
    s.line(8)
    s.command("ALECodeAction")
    s.shows("1) Insert `await` before")
    s.type("1")
    s.keys("Enter")
    s.shows("    await asyncio.sleep(2)\n")
    s.wait("one finding", lambda screen: screen.count(NEVER) == 1)
    s.type("u")
    s.wait("two findings", lambda screen: screen.count(NEVER) == 2)
    s.line(8)
    s.command("ALECodeAction")
    s.shows("2) awaitls: fix all safe problems")
    s.type("2")
    s.keys("Enter")
    s.shows("    await asyncio.sleep(1)\n")
    s.shows("    await asyncio.sleep(2)\n")
    s.shows_not(NEVER)

    # A helper in another file begins to block; nothing is written yet.
    s.opens("shop/stock.py", "def count")
    s.line(5)
    s.type("Otime.sleep(1)")
    s.shows("-- INSERT --")
    s.normal()
    s.shows("    time.sleep(1)")
    s.opens("shop/app.py", "async def main")
    s.shows("blocks the event loop: count -> time.sleep")

    # Another project has another configuration.
    s.opens("../other/jobs.py", "async def job")
    s.shows("use `await asyncio.sleep()`")
    s.shows_not(NEVER)

    # The server is killed, and started again.
    s.opens("shop/app.py", "async def main")
    desk.kill_server(desk.project)
    s.command("ALEStopAllLSPs")
    s.shows_not("blocks the event loop: count -> time.sleep")
    s.command("bufdo ALELint")
    s.opens("shop/app.py", "async def main")
    s.shows("blocks the event loop: count -> time.sleep")
    s.wait("both projects have a server again", lambda _: len(desk.servers()) == 4)

    s.command("wall")
    s.wait("all is written", lambda _: "time.sleep(1)" in desk.text("shop/stock.py"))
    s.command("qall")
    s.ends()


def test_a_day_at_work(vim: Path, tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    work(desk, vim)
    assert "    await asyncio.sleep(1)\n    await asyncio.sleep(2)\n" in desk.app()
    desk.validate(servers=4)


@pytest.mark.parametrize("fault", BROKEN)
def test_a_broken_server_makes_the_session_fail(vim: Path, tmp_path: Path, fault: str) -> None:
    desk = Desk(tmp_path, BROKEN[fault])
    with pytest.raises(AssertionError, match="is never awaited.*: it did not happen"):
        work(desk, vim, IMPATIENCE)
    assert "await asyncio" not in desk.app()


def test_a_program_that_is_not_there(vim: Path, tmp_path: Path) -> None:
    """Vim edits without it, and :ALEInfo says what is missing."""
    desk = Desk(tmp_path)
    desk.program.unlink()
    session = start(desk, vim)
    try:
        session.shows("async def main")
        session.command("ALEInfoToFile info")
        info = desk.project / "info"
        session.wait("it is said what is missing", lambda _: info.exists() and "failure) awaitls" in info.read_text())
    finally:
        session.close()
