"""The corpus: packages of the index, pinned. No crash, and no finding that nobody has looked at."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

import corpus
from fetch import CORPUS, FetchError, Package, fetch


@pytest.fixture(scope="session")
def packages() -> list[Package]:
    try:
        return fetch()
    except FetchError as error:
        pytest.fail(str(error), pytrace=False)


@pytest.fixture(scope="session")
def outcome(packages: list[Package]) -> tuple[int, list[corpus.Finding]]:
    assert corpus.BINARY.is_file(), f"there is no program at {corpus.BINARY}; AWAITLS_BINARY names it"
    return corpus.check()


@pytest.fixture(scope="session")
def all_reviews() -> list[corpus.Review]:
    return corpus.read_reviews()


@pytest.fixture(scope="session")
def reviews(all_reviews: list[corpus.Review]) -> list[corpus.Review]:
    return [review for review in all_reviews if not review.of_repository]


def table(findings: list[corpus.Finding] | list[corpus.Review]) -> str:
    return "\n".join(f"  {finding.place}\t{finding.rule}" for finding in findings)


def serious(findings: list[corpus.Finding]) -> list[corpus.Finding]:
    return [finding for finding in findings if finding.severity in ("error", "warning")]


def judged_findings(findings: list[corpus.Finding], reviews: list[corpus.Review]) -> list[corpus.Review]:
    found = {finding.key for finding in findings}
    return [review for review in reviews if review.key in found]


def test_the_packages_are_there(packages: list[Package]) -> None:
    assert len(packages) >= 8
    assert {path.name for path in CORPUS.iterdir() if path.is_dir()} == {package.name for package in packages}
    for package in packages:
        assert any(package.folder.rglob("*.py")), f"{package.name} has no Python files"


def test_the_run_ends_well(outcome: tuple[int, list[corpus.Finding]]) -> None:
    status, findings = outcome
    assert status == (1 if serious(findings) else 0)
    assert all(finding.rule and finding.message for finding in findings)


def test_every_serious_finding_was_reviewed(
    outcome: tuple[int, list[corpus.Finding]], reviews: list[corpus.Review]
) -> None:
    known = {review.key for review in reviews}
    new = [finding for finding in serious(outcome[1]) if finding.key not in known]
    assert not new, f"judge these with review.py --unreviewed and enter them in reviewed.tsv:\n{table(new)}"


def test_what_was_right_is_still_found(
    outcome: tuple[int, list[corpus.Finding]], reviews: list[corpus.Review]
) -> None:
    found = {finding.key for finding in outcome[1]}
    lost = [review for review in reviews if review.verdict == "right" and review.key not in found]
    assert not lost, f"judged right, and no longer found:\n{table(lost)}"


def test_what_was_wrong_is_gone(
    outcome: tuple[int, list[corpus.Finding]], reviews: list[corpus.Review]
) -> None:
    judged = judged_findings(outcome[1], reviews)
    back = [review for review in judged if review.verdict == "wrong"]
    assert len(back) * 20 <= len(judged), f"more than 1 of 20 is wrong:\n{table(back)}"


def test_each_rule_is_nearly_always_right(
    outcome: tuple[int, list[corpus.Finding]], reviews: list[corpus.Review]
) -> None:
    by_rule: dict[str, list[corpus.Review]] = {}
    for review in judged_findings(outcome[1], reviews):
        by_rule.setdefault(review.rule, []).append(review)
    for rule, judged in by_rule.items():
        back = [review for review in judged if review.verdict == "wrong"]
        # Here a rule finds little, and often in one package: one may be wrong of few.
        assert len(back) <= max(1, len(judged) // 5), f"more than 1 of 5 of {rule} is wrong:\n{table(back)}"


def test_the_list_is_in_order(all_reviews: list[corpus.Review], packages: list[Package]) -> None:
    assert [review.key for review in all_reviews] == sorted({review.key for review in all_reviews})
    folders = {package.name: package.folder for package in packages}
    for review in all_reviews:
        package, path, line = review.place.split(":")
        if review.of_repository:
            assert re.fullmatch(r"[\w.-]+/[\w.-]+@[0-9a-f]{7}", package), review.place
            assert int(line) > 0
        else:
            text = (folders[package] / path).read_bytes()
            assert 0 < int(line) <= text.count(b"\n") + 1, f"{review.place} does not exist"
        assert review.verdict in ("right", "wrong")
        assert len(review.reason) > 10, f"{review.place} has no reason"


def test_findings_are_where_their_packages_are(outcome: tuple[int, list[corpus.Finding]]) -> None:
    # A package of its own gives what the run over all of them gives.
    whole = Counter(finding for finding in outcome[1] if finding.place.startswith("starlette:"))
    assert Counter(corpus.check(Path(CORPUS, "starlette"))[1]) == whole
