#!/usr/bin/env python3
"""Draws findings of severity error or warning, of one rule, or some of each rule, from the corpus or from checkouts of repositories,
and shows them with their code, for judging.

The draw depends on the seed and the findings alone. What reviewed.tsv has on a finding is shown with it; a last line sums
up the verdicts of the draw.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections.abc import Iterable
from pathlib import Path

from corpus import CORPUS, Finding, check, check_repository, read_reviews
from fetch import fetch


def excerpt(folder: Path, place: str, before: int, behind: int) -> str:
    _, path, line = place.split(":")
    text = (folder / path).read_text(encoding="utf-8", errors="replace").split("\n")
    row = int(line)
    first, last = max(1, row - before), min(len(text), row + behind)
    return "\n".join(f"{'>' if n == row else ' '}{n:6} {text[n - 1]}" for n in range(first, last + 1))


def in_order(findings: Iterable[Finding]) -> list[Finding]:
    def position(finding: Finding) -> tuple[str, str, int, Finding]:
        package, path, line = finding.place.split(":")
        return package, path, int(line), finding

    return sorted(findings, key=position)


def draw(findings: list[Finding], count: int, seed: int) -> list[Finding]:
    shuffled = in_order(findings)
    random.Random(seed).shuffle(shuffled)
    return in_order(shuffled[:count])


def draw_of_each(findings: list[Finding], count: int, seed: int) -> list[Finding]:
    rules = sorted({finding.rule for finding in findings})
    return [f for rule in rules for f in draw([f for f in findings if f.rule == rule], count, seed)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draw", type=int, default=60, help="how many findings (all, where there are fewer)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--unreviewed", action="store_true", help="only those that reviewed.tsv does not have")
    parser.add_argument("--per-rule", type=int, metavar="N", help="N findings of each rule, of any severity")
    parser.add_argument(
        "--repository",
        action="append",
        metavar="OWNER/NAME@COMMIT=FOLDER",
        help="a checkout to draw from in place of the corpus; may be given several times",
    )
    parser.add_argument("--python", help="the environment whose packages the repositories' imports mean")
    parser.add_argument("--rule", help="findings of this rule, of any severity")
    parser.add_argument("--lines", type=int, default=20, help="lines shown before a finding; half as many behind it")
    options = parser.parse_args()
    folders: dict[str, Path] = {}
    found: list[Finding] = []
    if options.repository:
        environment = ["--python", options.python] if options.python else []
        for given in options.repository:
            name, _, folder = given.partition("=")
            folders[name] = Path(folder).resolve()
            found += check_repository(name, folders[name], *environment)
    else:
        folders = {package.name: CORPUS / package.name for package in fetch()}
        found = check()[1]
    reviews = {review.key: review for review in read_reviews()}

    def is_wanted(finding: Finding) -> bool:
        if options.rule:
            return finding.rule == options.rule
        return bool(options.per_rule) or finding.severity in ("error", "warning")

    findings = in_order({finding for finding in found if is_wanted(finding)})
    if options.unreviewed:
        findings = [finding for finding in findings if finding.key not in reviews]
    if options.per_rule:
        drawn = draw_of_each(findings, options.per_rule, options.seed)
    else:
        drawn = draw(findings, options.draw, options.seed)
    verdicts = {"right": 0, "wrong": 0, "not judged": 0}
    for finding in drawn:
        review = reviews.get(finding.key)
        verdict = review.verdict if review else "not judged"
        verdicts[verdict] += 1
        print(f"=== {finding.place}\t{finding.rule}\t{finding.severity}\n{finding.message}")
        print(f"--> {verdict}{': ' + review.reason if review else ''}")
        print(excerpt(folders[finding.place.split(":")[0]], finding.place, options.lines, options.lines // 2), "\n")
    figures = ", ".join(f"{count} {verdict}" for verdict, count in verdicts.items())
    print(f"{len(drawn)} of {len(findings)} findings drawn with seed {options.seed}: {figures}", file=sys.stderr)


if __name__ == "__main__":
    main()
