"""A session in the real Neovim: get_neovim.sh brings it, session.lua plays it, and what the server said is validated."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
EDITORS = ROOT / "build" / "editors"
BINARY = Path(os.environ.get("AWAITLS_BINARY", ROOT / "build/release/awaitls")).resolve()

APP = """\
import asyncio


async def main():
    print("done")


asyncio.run(main())
"""

# Servers that do not do their work; each must make the session fail, and say so.
BROKEN = {
    "ends at once": ("exit 3", "the server ended"),
    "never speaks": ("exec cat >/dev/null", "the server attaches: it did not happen"),
    "finds nothing": (f"exec '{sys.executable}' '{HERE / 'mute_server.py'}'", "a finding shows while typing: it did not happen"),
}


@pytest.fixture(scope="session")
def nvim() -> Path:
    done = subprocess.run(["sh", HERE / "get_neovim.sh", EDITORS], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        pytest.fail(f"there is no Neovim to test with:\n{done.stderr}", pytrace=False)
    return EDITORS / "nvim"


def configuration() -> str:
    """What README.md tells people to write."""
    return re.search(r"```lua\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)[1]  # type: ignore[index]


def play(nvim: Path, folder: Path, server: str, patience: int | None = None) -> subprocess.CompletedProcess[str]:
    """Plays the session in a new project, for a user who has nothing but a command `awaitls`: the shell line `server`."""
    for name in ("bin", "home", "project/shop"):
        (folder / name).mkdir(parents=True)
    command = folder / "bin" / "awaitls"
    command.write_text(f"#!/bin/sh\n{server}\n")
    command.chmod(0o755)
    (folder / "awaitls.lua").write_text(configuration())
    (folder / "project" / "pyproject.toml").write_text('[project]\nname = "shop"\nversion = "1"\n')
    (folder / "project" / "shop" / "app.py").write_text(APP)
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("XDG_", "VIM", "NVIM"))}
    environment |= {"HOME": str(folder / "home"), "PATH": f"{folder / 'bin'}:{os.environ['PATH']}"}
    if patience is not None:
        environment["SESSION_PATIENCE_MS"] = str(patience)
    return subprocess.run(
        [nvim, "--headless", "-n", "-u", "NONE", "-i", "NONE", "-l", HERE / "session.lua", nvim, folder / "awaitls.lua", "shop/app.py"],
        cwd=folder / "project", env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
    )


def test_a_finding_shows_while_typing_and_goes_with_its_fix(nvim: Path, tmp_path: Path) -> None:
    record = tmp_path / "traffic.jsonl"
    done = play(nvim, tmp_path, f'exec "{BINARY}" "$@" --traffic "{record}"')
    print(done.stdout, done.stderr, sep="")
    assert done.returncode == 0, done.stderr
    fixed = APP.replace("main():\n", "main():\n    await asyncio.sleep(1)\n", 1)
    assert (tmp_path / "project" / "shop" / "app.py").read_text() == fixed
    validated = subprocess.run(
        [sys.executable, ROOT / "tests/conformance/validate.py", record], capture_output=True, text=True, check=False
    )
    assert validated.returncode == 0, validated.stdout + validated.stderr


@pytest.mark.parametrize("fault", BROKEN)
def test_a_broken_server_makes_the_session_fail(nvim: Path, tmp_path: Path, fault: str) -> None:
    server, complaint = BROKEN[fault]
    done = play(nvim, tmp_path, server, patience=3000)
    assert done.returncode == 1 and "FAIL" in done.stderr and complaint in done.stderr, done.stderr
    assert "await asyncio" not in (tmp_path / "project" / "shop" / "app.py").read_text()
