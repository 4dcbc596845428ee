"""Runs the real program, named by the environment variable AWAITLS_BINARY."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

BINARY = Path(os.environ.get("AWAITLS_BINARY", "build/release/awaitls")).resolve()


class Cli:
    """The program in a folder of its own, out of reach of the configuration and the caches of others."""

    def __init__(self, folder: Path, cache: Path) -> None:
        self.folder = folder
        self.cache = cache

    def write(self, name: str, text: str | bytes) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    def read(self, name: str) -> bytes:
        return (self.folder / name).read_bytes()

    def __call__(
        self, *arguments: str, stdin: str | bytes = b"", env: dict[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        clean = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "FORCE_COLOR")}
        clean["XDG_CACHE_HOME"] = str(self.cache)
        done = subprocess.run(
            [BINARY, *arguments],
            cwd=self.folder,
            input=stdin if isinstance(stdin, bytes) else stdin.encode(),
            capture_output=True,
            env=clean | (env or {}),
            timeout=60,
            check=False,
        )
        out, err = done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace")
        return subprocess.CompletedProcess(done.args, done.returncode, out, err)


@pytest.fixture
def cli(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Cli:
    assert BINARY.is_file(), f"there is no program at {BINARY}; AWAITLS_BINARY names it"
    return Cli(tmp_path, tmp_path_factory.mktemp("cache"))
