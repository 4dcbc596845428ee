"""A session in the real Helix: what docs/editors.md tells people to do, with keys in a terminal."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from harness import BROKEN, IMPATIENCE, PATIENCE, Desk, Terminal, blocks, fetched


@pytest.fixture(scope="session")
def helix() -> Path:
    return fetched("helix") / "bin" / "hx"


class Session(Terminal):
    def status(self, screen: str) -> str:
        return next((line for line in screen.splitlines() if line.startswith((" NOR ", " INS ", " SEL "))), "")

    def normal(self) -> None:
        """In one write with what follows, Escape would be the start of another key."""
        if not self.status(self.screen()).startswith(" NOR "):
            self.keys("Escape")
            self.wait("Helix is in normal mode", lambda screen: self.status(screen).startswith(" NOR "))

    def command(self, line: str) -> None:
        self.normal()
        self.type(":" + line)
        self.wait(f"Helix shows :{line}", lambda screen: f":{line}\n" in screen)
        self.keys("Enter")

    def line(self, number: int) -> None:
        """To the first character of a line that is no blank."""
        self.normal()
        self.type(f"{number}gggs")
        self.wait(f"the cursor is in line {number}", lambda screen: f" {number}:" in self.status(screen))

    def opens(self, name: str) -> None:
        self.command(f"open {name}")
        self.wait(f"{name} is shown", lambda screen: Path(name).name in self.status(screen))


def start(desk: Desk, helix: Path, patience: float = PATIENCE) -> Session:
    desk.follow("Helix")
    desk.write(".config/helix/config.toml", blocks("Helix", "toml")[-1])
    return Session(desk, [helix, "shop/app.py"], desk.project, patience)


def work(desk: Desk, helix: Path, patience: float = PATIENCE) -> None:
    session = start(desk, helix, patience)
    try:
        steps(desk, session)
    finally:
        session.close()


def steps(desk: Desk, s: Session) -> None:
    # The finding, at its place.
    s.wait("a finding in line 7", lambda screen: "7      asyncio.sleep(1)  `asyncio.sleep()` is never awaited" in screen)

    # Typing a second one.
    s.line(7)
    s.type("oasyncio.sleep(2)")
    s.wait("two findings while typing", lambda screen: screen.count("is never awaited") == 2 and s.status(screen).startswith(" INS "))

    # Why.
    s.line(8)
    s.type(" k")
    s.shows("unawaited-coroutine (await)")

    # The fix of one, undone, and of all.
    s.line(8)
    s.type(" a")
    s.shows("Insert `await` before")
    s.keys("Enter")
    s.shows("8      await asyncio.sleep(2)")
    s.wait("one finding", lambda screen: screen.count("is never awaited") == 1)
    s.type("u")
    s.wait("two findings", lambda screen: screen.count("is never awaited") == 2)
    s.line(8)
    s.type(" a")
    s.shows("awaitls: fix all safe problems")
    s.keys("Up", "Enter")
    s.shows("7      await asyncio.sleep(1)")
    s.shows("8      await asyncio.sleep(2)")
    s.shows_not("is never awaited")

    # A helper in another file begins to block; nothing is written yet.
    s.opens("shop/stock.py")
    s.line(5)
    s.type("Otime.sleep(1)")
    s.opens("shop/app.py")
    s.shows("blocks the event loop: count -> time.sleep")

    # Another project has another configuration.
    s.opens("../other/jobs.py")
    s.shows("use `await asyncio.sleep()`")
    s.shows_not("is never awaited")

    # The server is killed, and started again.
    s.opens("shop/app.py")
    s.shows("blocks the event loop: count -> time.sleep")
    desk.kill_server(desk.project)
    s.shows_not("blocks the event loop: count -> time.sleep")
    s.command("lsp-restart")
    s.shows("blocks the event loop: count -> time.sleep")

    s.command("write-all")
    s.wait("all is written", lambda _: "time.sleep(1)" in desk.text("shop/stock.py"))
    s.command("quit-all")
    s.ends()


def test_a_day_at_work(helix: Path, tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    work(desk, helix)
    assert "    await asyncio.sleep(1)\n    await asyncio.sleep(2)\n" in desk.app()
    desk.validate(servers=2)


@pytest.mark.parametrize("fault", BROKEN)
def test_a_broken_server_makes_the_session_fail(helix: Path, tmp_path: Path, fault: str) -> None:
    desk = Desk(tmp_path, BROKEN[fault])
    with pytest.raises(AssertionError, match="a finding in line 7: it did not happen"):
        work(desk, helix, IMPATIENCE)
    assert "await asyncio" not in desk.app()


def health(desk: Desk, helix: Path) -> str:
    """What Helix says of its servers for Python."""
    return subprocess.run(
        [helix, "--health", "python"], env=desk.environment | {"NO_COLOR": "1"}, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True
    ).stdout


def test_a_program_that_is_not_there(helix: Path, tmp_path: Path) -> None:
    """Helix edits without it, and `hx --health python` says what is missing."""
    desk = Desk(tmp_path)
    desk.follow("Helix")
    assert f"✓ awaitls: {desk.program}" in health(desk, helix)
    desk.program.unlink()
    assert "✘ awaitls: 'awaitls' not found in $PATH" in health(desk, helix)
