"""Fixes, suppression, and hovers."""

import pytest

from client import ResponseError, apply, span

URI = "file:///project/app.py"
HEADER = "import asyncio\nimport time\n\n\n"
SLEEPER = HEADER + "async def main():\n    time.sleep(1)\n"
FIXED = HEADER + "async def main():\n    await asyncio.sleep(1)\n"
TWO = SLEEPER + "\n\nasync def other():\n    # ä\U0001f600\n    time.sleep(2)  # why\n"
CURSOR = span(5, 6, 5, 6)


@pytest.fixture
def sleeper(client):
    client.open(URI, SLEEPER)
    [client.finding] = client.published(URI, 1)
    return client


def test_apply_and_check_again(sleeper):
    actions = sleeper.code_actions(URI, CURSOR, diagnostics=[sleeper.finding])
    fix = actions[0]
    assert fix["kind"] == "quickfix" and fix["isPreferred"] is True
    assert [d["code"] for d in fix["diagnostics"]] == ["blocking-sleep"]
    assert fix["edit"]["documentChanges"][0]["textDocument"] == {"uri": URI, "version": 1}
    fixed = apply(SLEEPER, fix["edit"], URI)
    assert fixed == FIXED
    sleeper.change(URI, 2, {"text": fixed})
    assert sleeper.published(URI, 2) == []
    assert sleeper.code_actions(URI, span(0, 0, 6, 0)) == []


def test_edits_carry_the_present_version(sleeper):
    sleeper.change(URI, 7, {"range": span(0, 0, 0, 0), "text": "\n"})
    sleeper.published(URI, 7)
    [fix, *_] = sleeper.code_actions(URI, span(6, 6, 6, 6), diagnostics=[sleeper.finding])
    assert fix["edit"]["documentChanges"][0]["textDocument"]["version"] == 7
    assert apply("\n" + SLEEPER, fix["edit"], URI) == "\n" + FIXED, "not at the place of the stale diagnostic"


def test_changes_for_a_client_without_document_changes(start):
    client = start()
    client.initialize({})
    client.open(URI, SLEEPER)
    client.published(URI, 1)
    [fix, *_] = client.code_actions(URI, CURSOR)
    assert list(fix["edit"]) == ["changes"] and "isPreferred" not in fix
    assert apply(SLEEPER, fix["edit"], URI) == FIXED


def test_edits_are_small(sleeper):
    [fix, *_] = sleeper.code_actions(URI, CURSOR)
    for edit in fix["edit"]["documentChanges"][0]["edits"]:
        assert edit["range"]["start"]["line"] in (0, 5) and len(edit["newText"]) < 30


def test_suppression_comes_last(sleeper):
    *_, suppress = sleeper.code_actions(URI, CURSOR)
    assert suppress["kind"] == "quickfix" and "isPreferred" not in suppress
    assert "blocking-sleep" in suppress["title"]
    suppressed = apply(SLEEPER, suppress["edit"], URI)
    assert "time.sleep(1)  # awaitls: ignore[blocking-sleep]\n" in suppressed
    sleeper.change(URI, 2, {"text": suppressed})
    assert sleeper.published(URI, 2) == []


def test_only_what_touches_the_range(client):
    client.open(URI, TWO)
    client.published(URI, 1)
    assert client.code_actions(URI, span(2, 0, 2, 0), only=["quickfix"]) == []
    assert len(client.code_actions(URI, span(5, 4, 5, 4), only=["quickfix"])) == 2
    assert len(client.code_actions(URI, span(0, 0, 99, 0), only=["quickfix"])) == 4


READS = (
    "import asyncio\n\n\nasync def get_one():\n    await asyncio.sleep(1)\n    return 1\n\n\n"
    "async def main():\n    a = await get_one()\n    b = await get_one()\n    print(a, b)\n"
)


def test_rewrites(start, push):
    client = start()
    client.initialize(push, initializationOptions={"settings": {"target-version": "py311"}})
    client.open(URI, READS)
    [hint] = client.published(URI, 1)
    assert (hint["code"], hint["severity"]) == ("sequential-independent-awaits", 4)
    where = span(9, 8, 9, 8)
    gather, group, suppress = client.code_actions(URI, where, diagnostics=[hint])
    assert [action["kind"] for action in (gather, group, suppress)] == ["refactor.rewrite", "refactor.rewrite", "quickfix"]
    assert "diagnostics" not in gather and "isPreferred" not in gather
    text = apply(READS, gather["edit"], URI)
    assert "    a, b = await asyncio.gather(get_one(), get_one())\n    print(a, b)\n" in text
    text = apply(READS, group["edit"], URI)
    assert "    async with asyncio.TaskGroup() as group:\n        a_task = group.create_task(get_one())\n" in text
    assert client.code_actions(URI, where, only=["refactor"]) == [gather, group]
    assert client.code_actions(URI, where, only=["quickfix"]) == [suppress]
    assert client.code_actions(URI, where, only=["source.fixAll"]) == []
    client.change(URI, 2, {"text": text})
    assert client.published(URI, 2) == []


def test_order(sleeper):
    kinds = [action["kind"] for action in sleeper.code_actions(URI, CURSOR)]
    assert kinds == ["quickfix", "source.fixAll.awaitls", "quickfix"]


@pytest.mark.parametrize("only, kinds", [
    (["quickfix"], {"quickfix"}),
    (["source.fixAll.awaitls"], {"source.fixAll.awaitls"}),
    (["source.fixAll"], {"source.fixAll.awaitls"}),
    (["source"], {"source.fixAll.awaitls"}),
    (["source.fixAll.other"], set()),
    (["source.fix"], set()),
    (["quick"], set()),
    (["refactor"], set()),
    (["refactor", "quickfix"], {"quickfix"}),
    ([""], {"quickfix", "source.fixAll.awaitls"}),
    (None, {"quickfix", "source.fixAll.awaitls"}),
    ([], set()),
])
def test_kinds(sleeper, only, kinds):
    assert {action["kind"] for action in sleeper.code_actions(URI, CURSOR, only)} == kinds


def test_the_cursor_moves(sleeper):
    """The question that comes with each move is answered without fix all."""
    kinds = [action["kind"] for action in sleeper.code_actions(URI, CURSOR, trigger=2)]
    assert kinds == ["quickfix", "quickfix"]


def test_fix_all_is_resolved_on_demand(client):
    client.open(URI, TWO)
    client.published(URI, 1)
    [action] = client.code_actions(URI, span(0, 0, 0, 0), only=["source.fixAll"])
    assert "edit" not in action
    client.change(URI, 2, {"range": span(0, 0, 0, 0), "text": "# new\n"})
    client.published(URI, 2)
    resolved = client.request("codeAction/resolve", action)
    assert resolved["kind"] == "source.fixAll.awaitls"
    assert resolved["edit"]["documentChanges"][0]["textDocument"]["version"] == 2
    edits = resolved["edit"]["documentChanges"][0]["edits"]
    assert all(edit["range"]["start"]["line"] == edit["range"]["end"]["line"] for edit in edits)
    fixed = apply("# new\n" + TWO, resolved["edit"], URI)
    assert fixed == "# new\n" + TWO.replace("time.sleep", "await asyncio.sleep")
    client.change(URI, 3, {"text": fixed})
    assert client.published(URI, 3) == []
    assert client.code_actions(URI, span(0, 0, 0, 0), only=["source.fixAll"]) == []


def test_fix_all_at_once_for_a_client_that_does_not_resolve(start):
    client = start()
    client.initialize({})
    client.open(URI, TWO)
    client.published(URI, 1)
    [action] = client.code_actions(URI, span(0, 0, 0, 0), only=["source.fixAll"])
    assert apply(TWO, action["edit"], URI) == TWO.replace("time.sleep", "await asyncio.sleep")


@pytest.mark.parametrize("newline", ["\r\n", "\r"])
def test_fix_all_keeps_line_endings(client, newline):
    text = TWO.replace("\n", newline)
    client.open(URI, text)
    client.published(URI, 1)
    [action] = client.code_actions(URI, span(0, 0, 0, 0), only=["source.fixAll"])
    resolved = client.request("codeAction/resolve", action)
    assert apply(text, resolved["edit"], URI) == text.replace("time.sleep", "await asyncio.sleep")


def test_resolving_what_is_gone(sleeper):
    [action] = sleeper.code_actions(URI, CURSOR, only=["source.fixAll"])
    sleeper.close(URI)
    assert sleeper.published(URI) == []
    assert "edit" not in sleeper.request("codeAction/resolve", action)
    assert "edit" not in sleeper.request("codeAction/resolve", {"title": "x", "kind": "source.fixAll.awaitls"})
    assert sleeper.request("codeAction/resolve", {"title": "x"}) == {"title": "x"}


def test_actions_of_unknown_documents(client):
    assert client.code_actions("file:///unknown.py", CURSOR) == []


def test_fix_all_by_command(client):
    client.open(URI, TWO)
    client.published(URI, 1)
    request = client.new_request("workspace/executeCommand", {"command": "awaitls.fixAll", "arguments": [URI]})
    client.send(request)
    apply_edit = client._take(lambda m: m.get("method") == "workspace/applyEdit", "workspace/applyEdit")
    fixed = apply(TWO, apply_edit["params"]["edit"], URI)
    assert fixed == TWO.replace("time.sleep", "await asyncio.sleep")
    client.send({"jsonrpc": "2.0", "id": apply_edit["id"], "result": {"applied": True}})
    assert client.response(request["id"]) is None
    client.change(URI, 2, {"text": fixed})
    assert client.published(URI, 2) == []
    assert client.request("workspace/executeCommand", {"command": "awaitls.fixAll", "arguments": [{"uri": URI}]}) is None


@pytest.mark.parametrize("params", [{"command": "rm"}, {"command": "awaitls.fixAll"},
                                    {"command": "awaitls.fixAll", "arguments": [7]}])
def test_wrong_commands(client, params):
    with pytest.raises(ResponseError) as wrong:
        client.request("workspace/executeCommand", params)
    assert wrong.value.code == -32602


def test_hover_over_a_finding(sleeper):
    hover = sleeper.hover(URI, 5, 6)
    assert hover["contents"]["kind"] == "markdown"
    text = hover["contents"]["value"]
    assert "blocking-sleep" in text and sleeper.finding["message"] in text
    assert "docs/rules/blocking-sleep.md)" in text
    assert hover["range"] == sleeper.finding["range"]


def test_hover_in_plain_text(start):
    client = start()
    client.initialize({"textDocument": {"hover": {"contentFormat": ["plaintext"]}}})
    client.open(URI, SLEEPER)
    client.published(URI, 1)
    hover = client.hover(URI, 5, 6)
    assert hover["contents"]["kind"] == "plaintext"
    assert "**" not in hover["contents"]["value"] and "](" not in hover["contents"]["value"]


def test_hover_where_there_is_nothing_to_say(sleeper):
    for line, character in [(0, 0), (2, 0), (99, 99), (4, 12)]:
        assert sleeper.hover(URI, line, character) is None


def test_hover_over_a_rule_in_a_suppression(client):
    client.open(URI, SLEEPER.replace("(1)", "(1)  # awaitls: ignore[blocking-sleep]"))
    assert client.published(URI, 1) == []
    hover = client.hover(URI, 5, 45)
    assert "blocking-sleep" in hover["contents"]["value"]
    client.change(URI, 2, {"text": SLEEPER.replace("(1)", "(1)  # noqa: ASYNC251")})
    client.published(URI, 2)
    assert "blocking-sleep" in client.hover(URI, 5, 30)["contents"]["value"]
