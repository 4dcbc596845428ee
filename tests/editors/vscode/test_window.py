"""A session in the window of the real VS Code. Its pictures are left in build/editors/screenshots."""

from __future__ import annotations

import shutil
from pathlib import Path

from conftest import HERE, ROOT, Editor, run

SCREENSHOTS = ROOT / "build" / "editors" / "screenshots"


def test_what_a_person_sees(editor: Editor, tmp_path: Path) -> None:
    tour = tmp_path / "work" / "home" / "tour"  # below the home of the session, which paths are shown from
    shutil.copytree(ROOT / "docs" / "tour", tour)
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    done = run(editor.node, HERE / "ui.mjs", tour, env=editor.environment(tmp_path / "work", SCREENSHOTS=str(SCREENSHOTS)))
    print(done.stdout, done.stderr, sep="")
    assert done.returncode == 0
    assert {path.name for path in SCREENSHOTS.iterdir()} >= {"vscode-finding.png", "vscode-chain.png", "vscode-fix.png"}
