"""What the test and the review script share: findings of the corpus, and the list of judged ones."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import NamedTuple

from fetch import CORPUS, HERE

BINARY = Path(os.environ.get("AWAITLS_BINARY", HERE.parents[1] / "build" / "release" / "awaitls")).resolve()
REVIEWED = HERE / "reviewed.tsv"
HEADER = ("place", "rule", "verdict", "reason")


class Finding(NamedTuple):
    place: str  # package:path:line, or owner/name@commit:path:line
    rule: str
    severity: str
    message: str

    @property
    def key(self) -> tuple[str, str]:
        return self.place, self.rule


class Review(NamedTuple):
    place: str
    rule: str
    verdict: str  # right or wrong
    reason: str

    @property
    def key(self) -> tuple[str, str]:
        return self.place, self.rule

    @property
    def of_repository(self) -> bool:
        return "/" in self.place.split(":")[0]


def run(folder: Path, *options: str) -> tuple[int, list[dict]]:
    """The exit status of `awaitls check` over the folder, and its findings."""
    done = subprocess.run(
        [BINARY, "check", "--no-cache", "--output-format", "json", *options, folder],
        capture_output=True,
        timeout=1200,
        check=False,
    )
    if done.returncode not in (0, 1):
        raise RuntimeError(f"awaitls ended with {done.returncode}: {done.stderr.decode(errors='replace')[-2000:]}")
    return done.returncode, json.loads(done.stdout)


def check(folder: Path = CORPUS) -> tuple[int, list[Finding]]:
    """The same over packages of the corpus, with the default configuration."""
    status, items = run(folder, "--isolated")
    findings = []
    for item in items:
        path = Path(item["filename"]).relative_to(CORPUS)
        place = f"{path.parts[0]}:{Path(*path.parts[1:]).as_posix()}:{item['location']['row']}"
        findings.append(Finding(place, item["code"], item["severity"], item["message"]))
    return status, findings


def check_repository(name: str, folder: Path, *options: str) -> list[Finding]:
    """What is found in a checkout, with its own configuration."""
    findings = []
    for item in run(folder, *options)[1]:
        path = Path(item["filename"]).relative_to(folder).as_posix()
        place = f"{name}:{path}:{item['location']['row']}"
        findings.append(Finding(place, item["code"], item["severity"], item["message"]))
    return findings


def read_reviews() -> list[Review]:
    lines = REVIEWED.read_text(encoding="utf-8").splitlines()
    if not lines or tuple(lines[0].split("\t")) != HEADER:
        raise ValueError(f"{REVIEWED.name} begins with another line than {HEADER}")
    return [Review(*line.split("\t")) for line in lines[1:]]
