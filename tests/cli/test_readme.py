"""What the README and the tour say the program finds is what it finds."""

import pathlib
import re
import subprocess

import os

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = os.environ["AWAITLS_BINARY"]


def check_tour(*options: str) -> str:
    run = subprocess.run(
        [BINARY, "check", "--no-cache", "--output-format", "concise", *options, "docs/tour"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.stderr == ""
    return run.stdout.strip()


def test_readme_shows_the_output_of_the_tour():
    readme = (ROOT / "README.md").read_text()
    shown = re.search(r"<!-- output of: .*? -->\n```\n(.*?)\n```", readme, re.S)
    assert shown is not None
    assert shown.group(1) == check_tour()


def test_the_tour_lists_every_finding():
    rows = re.findall(r"^\| `(\S+)` \| .* \| `([a-z0-9-]+)` \|", (ROOT / "docs/tour/README.md").read_text(), re.M)
    listed = sorted((file, rule) for file, rule in rows)
    found = sorted(
        (pathlib.PurePath(line.split(":")[0]).name, line.split(" ")[1])
        for line in check_tour("--hints").splitlines()
        if line.startswith("docs/tour/")
    )
    assert found == listed
