"""Sessions in the real Neovim: what docs/editors.md tells people to do, driven by neovim/driver.lua."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from harness import BROKEN, HERE, IMPATIENCE, JOBS, PATIENCE, ROOT, Desk, Terminal, blocks, fetched

NEOVIM = "Neovim 0.11 and newer"


@pytest.fixture(scope="session")
def nvim() -> Path:
    return fetched("neovim") / "bin" / "nvim"


def play(nvim: Path, desk: Desk, scenario: str, patience: float = PATIENCE, *file: str) -> subprocess.CompletedProcess[str]:
    """Plays a scenario for a person who has done what the document says."""
    if not (desk.home / ".config/nvim/init.lua").exists():
        desk.write(".config/nvim/init.lua", blocks(NEOVIM, "lua")[0])
    return subprocess.run(
        [nvim, "--headless", "-n", "-u", "NONE", "-i", "NONE", "-l", HERE / "neovim/driver.lua", nvim,
         HERE / f"neovim/{scenario}.lua", *(file or ["shop/app.py"])],
        cwd=desk.project, env=desk.environment | {"SESSION_PATIENCE_MS": str(int(patience * 1000))},
        stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
    )


def test_a_day_at_work(nvim: Path, tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    done = play(nvim, desk, "work")
    print(done.stdout, done.stderr, sep="")
    assert done.returncode == 0, done.stderr
    assert "    await asyncio.sleep(1)\n    await asyncio.sleep(2)\n" in desk.app()
    desk.validate(servers=3)


@pytest.mark.parametrize("fault", BROKEN)
def test_a_broken_server_makes_the_session_fail(nvim: Path, tmp_path: Path, fault: str) -> None:
    desk = Desk(tmp_path, BROKEN[fault])
    done = play(nvim, desk, "work", IMPATIENCE)
    assert done.returncode == 1 and "FAIL" in done.stderr, done.stderr
    assert "await asyncio" not in desk.app()


def test_a_program_that_is_not_there(nvim: Path, tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.program.unlink()
    done = play(nvim, desk, "missing")
    print(done.stdout, done.stderr, sep="")
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("reported", ["twice", "once"])
def test_beside_a_type_checker_and_a_linter(nvim: Path, tmp_path: Path, reported: str) -> None:
    desk = Desk(tmp_path)
    desk.environment |= {"SESSION_BESIDE": reported, "PYRIGHT": str(ROOT / "node_modules/pyright/langserver.index.js")}
    desk.write(".config/nvim/init.lua", blocks("Beside other Python tools", "lua")[0])
    desk.write(".config/nvim/lsp/pyright.lua", (HERE / "neovim/pyright.lua").read_text())
    desk.write(".config/nvim/lsp/ruff.lua", "return { cmd = { 'ruff', 'server' }, filetypes = { 'python' }, root_markers = { 'pyproject.toml' } }\n")
    (desk.program.parent / "ruff").symlink_to(Path(sys.executable).parent / "ruff")
    ignored = blocks("Beside other Python tools", "toml")[1] if reported == "once" else ""
    (desk.project / "pyproject.toml").write_text('[tool.ruff.lint]\nselect = ["ASYNC"]\n\n' + ignored)
    (desk.project / "jobs.py").write_text(JOBS)
    done = play(nvim, desk, "beside", PATIENCE, "jobs.py")
    print(done.stdout, done.stderr, sep="")
    assert done.returncode == 0, done.stderr
    desk.validate(servers=1)


def test_the_screen(nvim: Path, tmp_path: Path) -> None:
    """What docs/editors.md shows: the chain below a finding, and the menu of fixes."""
    desk = Desk(tmp_path)
    desk.write(".config/nvim/init.lua", "".join(blocks(NEOVIM, "lua")) + "vim.diagnostic.config({ virtual_text = true })\n")
    terminal = Terminal(desk, [nvim, "-n", "pricewatch/store.py"], ROOT / "docs/tour", size=(110, 22))
    try:
        terminal.shows("E:1 W:1")
        terminal.type("57G^zb")
        terminal.shows("■ `self._remember()` blocks the event loop")
        terminal.shows("└ line 62: calls `insert_quote`\n")
        terminal.shows("└ line 14: `sqlite3.connect` blocks\n")
        terminal.type("gra")
        terminal.shows("awaitls: ignore transitive-blocking-call on this line")
        terminal.keys("Enter")  # none of them
        terminal.shows_not("awaitls: ignore")
        terminal.type(":qall")
        terminal.keys("Enter")
        terminal.ends()
    finally:
        terminal.close()
    desk.validate(servers=1)


def test_an_old_neovim_with_nvim_lspconfig(tmp_path: Path) -> None:
    """Without vim.lsp.config; neovim/old.lua stands in for nvim-lspconfig."""
    old = fetched("neovim-0.10") / "bin" / "nvim"
    desk = Desk(tmp_path)
    done = subprocess.run(
        [old, "--headless", "-n", "-i", "NONE", "-l", HERE / "neovim/old.lua", "shop/app.py"],
        cwd=desk.project, env=desk.environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
    )
    print(done.stdout, done.stderr, sep="")
    assert done.returncode == 0, done.stderr
    desk.validate(servers=1)
