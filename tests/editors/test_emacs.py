"""Sessions in the real Emacs: what docs/editors.md tells people to do, with keys in a terminal."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from harness import BROKEN, HERE, IMPATIENCE, JOBS, PATIENCE, ROOT, Desk, Terminal, blocks, fetched

EMACS = ["emacs", "emacs-28"]
# So that a session depends on no time that passes, leaves no files, and looks alike in all versions.
QUIET = """\
(setq inhibit-startup-screen t create-lockfiles nil make-backup-files nil auto-save-default nil initial-scratch-message nil
      native-comp-deferred-compilation nil native-comp-jit-compilation nil
      native-comp-async-report-warnings-errors nil eglot-autoreconnect t python-indent-guess-indent-offset-verbose nil use-short-answers t)
(require 'eglot)
"""


@pytest.fixture(scope="session", params=EMACS)
def emacs(request: pytest.FixtureRequest) -> Path:
    return fetched(request.param) / "bin" / "emacs"


@pytest.fixture(scope="session")
def new_emacs() -> Path:
    return fetched("emacs") / "bin" / "emacs"


def follow(desk: Desk, emacs: Path, heading: str = "Eglot", more: str = "") -> None:
    """Does what the section says; `emacs` is that one."""
    (desk.program.parent / "emacs").symlink_to(emacs)
    desk.follow("Eglot")
    desk.write(".emacs.d/init.el", QUIET + "".join(blocks("Eglot", "elisp")) + more)


def counts(errors: int, warnings: int) -> str:
    return f"Flymake[{errors} {warnings}"


class Session(Terminal):
    def command(self, name: str) -> None:
        """M-x NAME"""
        self.keys("M-x")
        self.wait("Emacs asks for a command", lambda screen: screen.endswith("\nM-x\n"))
        self.type(name)
        self.keys("Enter")

    def line(self, number: int) -> None:
        self.keys("M-g", "g")
        self.shows("Goto line")
        self.type(str(number))
        self.keys("Enter")
        self.wait(f"line {number}", lambda screen: re.search(rf"\bL{number}\b|\({number},", screen))

    def visit(self, path: Path) -> None:
        self.keys("C-x", "C-f")
        self.shows("Find file:")
        self.keys("C-a", "C-k")
        self.type(str(path))
        self.keys("Enter")
        self.shows(f" {path.name} ")
        self.keys("C-n")  # Flymake begins with the first command in a buffer

    def buffer(self, name: str) -> None:
        self.keys("C-x", "b")
        self.shows("Switch to buffer")
        self.type(name)
        self.keys("Enter")
        self.shows(f" {name} ")


def work(desk: Desk, emacs: Path, patience: float = PATIENCE) -> None:
    follow(desk, emacs)
    emacs_session = Session(desk, [emacs, "-nw", "shop/app.py"], desk.project, patience)
    try:
        steps(desk, emacs_session)
    finally:
        emacs_session.close()


def steps(desk: Desk, s: Session) -> None:
    # The finding, at its place.
    s.shows(counts(0, 1))
    s.line(7)
    s.keys("M-m")
    s.shows("is never awaited")

    # Typing a second one.
    s.keys("C-e", "Enter")
    s.type("asyncio.sleep(2)")
    s.shows(counts(0, 2))

    # Why.
    s.keys("M-m")
    s.command("eldoc-doc-buffer")
    s.shows("unawaited-coroutine (await)")
    s.keys("C-x", "1")

    # The fix of one, undone, and of all.
    s.shows_not("*eldoc*")
    s.command("eglot-code-actions")
    s.shows("Pick an action")
    s.keys("Enter")
    s.shows("    await asyncio.sleep(2)")
    s.shows(counts(0, 1))
    s.keys("C-/")
    s.shows_not("await asyncio.sleep(2)")
    s.shows(counts(0, 2))
    s.command("awaitls-fix-all")
    s.wait("both are awaited", lambda screen: re.search(r" await asyncio\.sleep\(1\)\n +await asyncio\.sleep\(2\)\n", screen))
    s.shows(counts(0, 0))

    # A helper in another file begins to block; nothing is written yet.
    s.visit(desk.project / "shop/stock.py")
    s.shows(counts(0, 0))
    s.line(5)
    s.type("    time.sleep(1)")
    s.keys("Enter")
    s.buffer("app.py")
    s.shows(counts(1, 0))

    # Another project has another configuration.
    s.visit(desk.other / "jobs.py")
    s.shows(counts(1, 0))
    assert len(desk.servers()) == 2

    # The server is killed, and comes again.
    s.buffer("app.py")
    desk.kill_server(desk.project)
    s.wait("a third server speaks", lambda _: len(desk.servers()) == 3)
    s.shows(counts(1, 0))

    s.keys("C-x", "s", "!")
    s.wait("all is written", lambda _: "time.sleep(1)" in desk.text("shop/stock.py"))
    s.keys("C-x", "C-c")
    s.ends()


def test_a_day_at_work(emacs: Path, tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    work(desk, emacs)
    assert "    await asyncio.sleep(1)\n    await asyncio.sleep(2)\n" in desk.app()
    desk.validate(servers=3)


@pytest.mark.parametrize("fault", BROKEN)
def test_a_broken_server_makes_the_session_fail(new_emacs: Path, tmp_path: Path, fault: str) -> None:
    desk = Desk(tmp_path, BROKEN[fault])
    with pytest.raises(AssertionError, match=r"Flymake\[0 1"):
        work(desk, new_emacs, IMPATIENCE)
    assert "await asyncio" not in desk.app()


def test_a_program_that_is_not_there(new_emacs: Path, tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.program.unlink()
    follow(desk, new_emacs)
    session = Session(desk, [new_emacs, "-nw", "shop/app.py"], desk.project)
    try:
        session.shows("There is no program")
    finally:
        session.close()


def test_beside_a_linter_through_the_multiplexer(new_emacs: Path, tmp_path: Path) -> None:
    """Both find the second of two; one line of configuration leaves it to the other."""
    desk = Desk(tmp_path)
    for name in ("rass", "ruff"):
        (desk.program.parent / name).symlink_to(Path(sys.executable).parent / name)
    (desk.project / "pyproject.toml").write_text('[tool.ruff.lint]\nselect = ["ASYNC"]\n')
    (desk.project / "jobs.py").write_text(JOBS)
    follow(desk, new_emacs, more="".join(blocks("Another server beside it in Eglot", "elisp")))
    session = Session(desk, [new_emacs, "-nw", "jobs.py"], desk.project)
    try:
        session.wait("Flymake has begun", lambda screen: re.search(r"Flymake\[\d", screen))
        session.command("flymake-show-buffer-diagnostics")
        session.shows("unawaited-coroutine")
        session.shows("blocking-sleep")
        session.shows("ASYNC251")
        with (desk.project / "pyproject.toml").open("a") as configuration:
            configuration.write('[tool.awaitls]\nignore = ["ASYNC251"]\n')
        session.shows_not("blocking-sleep")
        session.shows("ASYNC251")
        session.shows("unawaited-coroutine")
        session.keys("C-x", "C-c")
        session.ends()
    finally:
        session.close()
    desk.validate(servers=1)


def test_lsp_mode(tmp_path: Path) -> None:
    """As an addition to the other servers of lsp-mode."""
    emacs = fetched("emacs-28") / "bin" / "emacs"
    desk = Desk(tmp_path)
    (desk.program.parent / "emacs").symlink_to(emacs)
    desk.follow("Eglot")
    desk.write(".emacs.d/init.el", "".join(blocks("lsp-mode", "elisp")))
    done = subprocess.run(
        [emacs, "--batch", "-l", HERE / "emacs/lsp-mode.el", "shop/app.py"], cwd=desk.project, env=desk.environment,
        stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
    )
    print(done.stdout, done.stderr, sep="")
    assert done.returncode == 0, done.stderr
    assert "    await asyncio.sleep(1)\n" in desk.app()
    desk.validate(servers=1)


def test_byte_compiles_without_warnings(emacs: Path, tmp_path: Path) -> None:
    (tmp_path / "awaitls.el").write_bytes((ROOT / "editors/emacs/awaitls.el").read_bytes())
    done = subprocess.run(
        [emacs, "-Q", "--batch", "--eval", "(setq byte-compile-error-on-warn t)", "-f", "batch-byte-compile", "awaitls.el"],
        cwd=tmp_path, env=Desk(tmp_path / "desk").environment, capture_output=True, text=True, check=False,
    )
    assert done.returncode == 0, done.stderr


def test_functions(emacs: Path, tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    done = subprocess.run(
        [emacs, "-Q", "--batch", "-L", ROOT / "editors/emacs", "-l", HERE / "emacs/awaitls-test.el", "-f", "ert-run-tests-batch-and-exit"],
        env=desk.environment, capture_output=True, text=True, check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "Ran 9 tests" in done.stderr
