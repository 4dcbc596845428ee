#!/usr/bin/env python3
"""Draws findings of severity error or warning, or of one rule, from the corpus and shows them with their code, for judging.

The draw depends on the seed and the findings alone. What reviewed.tsv has on a finding is shown with it; a last line sums
up the verdicts of the draw.
"""

from __future__ import annotations

import argparse
import random
import sys

from corpus import CORPUS, check, read_reviews
from fetch import fetch


def excerpt(place: str, before: int, behind: int) -> str:
    package, path, line = place.split(":")
    text = (CORPUS / package / path).read_text(encoding="utf-8", errors="replace").split("\n")
    row = int(line)
    first, last = max(1, row - before), min(len(text), row + behind)
    return "\n".join(f"{'>' if n == row else ' '}{n:6} {text[n - 1]}" for n in range(first, last + 1))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draw", type=int, default=60, help="how many findings (all, where there are fewer)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--unreviewed", action="store_true", help="only those that reviewed.tsv does not have")
    parser.add_argument("--rule", help="findings of this rule, of any severity")
    parser.add_argument("--lines", type=int, default=20, help="lines shown before a finding; half as many behind it")
    options = parser.parse_args()
    fetch()
    reviews = {review.key: review for review in read_reviews()}
    findings = sorted(
        f for f in check()[1] if (f.rule == options.rule if options.rule else f.severity in ("error", "warning"))
    )
    if options.unreviewed:
        findings = [finding for finding in findings if finding.key not in reviews]
    drawn = findings
    if len(findings) > options.draw:
        drawn = sorted(random.Random(options.seed).sample(findings, options.draw))
    verdicts = {"right": 0, "wrong": 0, "not judged": 0}
    for finding in drawn:
        review = reviews.get(finding.key)
        verdict = review.verdict if review else "not judged"
        verdicts[verdict] += 1
        print(f"=== {finding.place}\t{finding.rule}\t{finding.severity}\n{finding.message}")
        print(f"--> {verdict}{': ' + review.reason if review else ''}")
        print(excerpt(finding.place, options.lines, options.lines // 2), "\n")
    figures = ", ".join(f"{count} {verdict}" for verdict, count in verdicts.items())
    print(f"{len(drawn)} of {len(findings)} findings drawn with seed {options.seed}: {figures}", file=sys.stderr)


if __name__ == "__main__":
    main()
