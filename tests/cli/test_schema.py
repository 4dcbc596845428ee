"""docs/awaitls.schema.json and the reader of configurations agree on what is right. That the file is current is tested in test_check.py."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import json_schema
import pytest
from conftest import Cli

ROOT = Path(__file__).resolve().parents[2]
SCHEMA = json.loads((ROOT / "docs/awaitls.schema.json").read_text())

RIGHT = [
    "",
    'select = ["ALL"]',
    'select = ["await", "blocking-sleep", "ASYNC", "ASYNC2", "ASYNC251", "RUF006", "reportUnusedCoroutine", "S7488"]',
    "ignore = []",
    'extend-select = ["blocking-cpu"]',
    'exclude = ["generated", "!build"]',
    'per-file-ignores = { "tests/*" = ["blocking"], "scripts" = [] }',
    'severity = { blocking = "warning", ASYNC2 = "hint", ALL = "error", "blocking-sleep" = "information" }',
    'target-version = "3.7"',
    'target-version = "py312"',
    'target-version = "3.30"',
    'strictness = "likely"',
    'blocking-calls = ["legacy.* -> use `store`", "a->b"]',
    'blocking-calls = { "legacy.*" = "use `store`" }',
    "max-file-size = 1_000_000_000",
    'python = "tools/..venv"',
    "max-awaits = 0",
    'lambda-handlers = ["on_click"]',
    'lambda-handlers = "on_click"',
]
WRONG = [
    'selct = ["ALL"]',
    'select = "ALL"',
    'select = ["all"]',
    'select = ["blocking-sleeep"]',
    'select = ["AS"]',
    'select = ["ASYNC9999"]',
    "ignore = [1]",
    "exclude = [true]",
    'per-file-ignores = { "tests/*" = "blocking" }',
    'per-file-ignores = ["tests"]',
    'severity = { blocking = "fatal" }',
    'severity = { blokcing = "error" }',
    'severity = "error"',
    'target-version = "3.6"',
    'target-version = "2.7"',
    "target-version = 3.11",
    'strictness = "lax"',
    'blocking-calls = ["legacy.*"]',
    'blocking-calls = ["-> advice"]',
    'blocking-calls = { "legacy.*" = 1 }',
    'blocking-calls = "legacy.*"',
    "max-file-size = 0",
    'max-file-size = "1 MB"',
    "max-file-size = 1_000_000_001",
    'python = "/usr"',
    'python = "../.venv"',
    'cache-dir = "cache"',
    "max-awaits = -1",
    "max-awaits = 1.5",
]


def complaints(text: str) -> list[str]:
    return list(json_schema.errors(tomllib.loads(text), SCHEMA, SCHEMA))


def told(cli: Cli, text: str) -> str:
    """What `check` says of the configuration. The environment that `python` may name is there."""
    cli.write("tools/..venv/pyvenv.cfg", "version = 3.12.1\n")
    cli.write("awaitls.toml", text)
    cli.write("app.py", "")
    return cli("check", "app.py").stderr


@pytest.mark.parametrize("text", RIGHT)
def test_a_right_configuration_is_accepted(cli: Cli, text: str) -> None:
    assert complaints(text) == []
    assert told(cli, text) == ""


@pytest.mark.parametrize("text", WRONG)
def test_a_wrong_configuration_is_refused(cli: Cli, text: str) -> None:
    assert complaints(text) != []
    assert "awaitls.toml:1:" in told(cli, text)


def test_the_schema_has_each_key_of_the_documentation(cli: Cli) -> None:
    page = (ROOT / "docs/configuration.md").read_text().split("## Settings of editors alone")[0]
    options, of_rules = page.split("## Options of single rules")
    keys = {line.removeprefix("## ") for line in options.splitlines() if line.startswith("## ")}
    keys |= {line.split("`")[1] for line in of_rules.splitlines() if line.startswith("- `")}
    assert set(SCHEMA["properties"]) == keys - {"cache-dir"}
    assert all(option["description"] for option in SCHEMA["properties"].values())


def test_each_default_is_a_right_value() -> None:
    defaults = {key: option["default"] for key, option in SCHEMA["properties"].items() if "default" in option}
    assert list(json_schema.errors(defaults, SCHEMA, SCHEMA)) == []
    assert defaults["strictness"] == "certain" and defaults["max-file-size"] == 2_000_000


def test_a_selector_of_the_schema_means_a_rule(cli: Cli) -> None:
    named, codes = (choice for choice in SCHEMA["definitions"]["selector"]["anyOf"])
    assert len(named["enum"]) == len(named["enumDescriptions"])
    all_codes = codes["pattern"].removeprefix("^(").removesuffix(")$").split("|")
    assert told(cli, f"select = {json.dumps(named['enum'] + all_codes)}") == ""
