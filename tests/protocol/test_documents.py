"""Texts as the client holds them, and the findings that belong to them."""

import pytest

from client import ERROR, INFORMATION, ResponseError, apply, merged, span, text_at

URI = "file:///project/app.py"
HEADER = "import asyncio\nimport time\n\n\n"
SLEEPER = HEADER + "async def main():\n    time.sleep(1)\n"
CLEAN = HEADER + "async def main():\n    await asyncio.sleep(1)\n"


def starts(diagnostics: list[dict]) -> list[tuple[str, int, int]]:
    return [(d["code"], d["range"]["start"]["line"], d["range"]["start"]["character"]) for d in diagnostics]


def insert(line: int, character: int, text: str) -> dict:
    return {"range": span(line, character, line, character), "text": text}


def test_a_finding(client):
    client.open(URI, SLEEPER)
    [finding] = client.published(URI, 1)
    assert finding["code"] == "blocking-sleep"
    assert finding["severity"] == ERROR
    assert finding["source"] == "awaitls"
    assert finding["codeDescription"]["href"].endswith("docs/rules/blocking-sleep.md")
    assert text_at(SLEEPER, finding["range"]).startswith("time.sleep")


def test_a_poor_client_gets_neither_links_nor_tags_nor_related_places(start):
    client = start()
    client.initialize({})
    client.open(URI, SLEEPER)
    [finding] = client.published(URI, 1)
    assert not {"codeDescription", "tags", "relatedInformation"} & finding.keys()


def test_open_edit_close_reopen(client):
    client.open(URI, SLEEPER)
    assert starts(client.published(URI, 1)) == [("blocking-sleep", 5, 4)]
    client.change(URI, 2, {"range": span(5, 4, 5, 14), "text": "await asyncio.sleep"})
    assert client.published(URI, 2) == []
    client.change(URI, 3, insert(0, 0, "# a comment\n"))
    assert client.published(URI, 3) == [], "each change is answered, though nothing is new"
    client.close(URI)
    assert client.published(URI) == []
    client.open(URI, SLEEPER, version=0)
    assert starts(client.published(URI, 0)) == [("blocking-sleep", 5, 4)], "versions may begin anew"


def test_closing_clears_what_was_shown(client):
    client.open(URI, SLEEPER)
    assert len(client.published(URI, 1)) == 1
    client.close(URI)
    assert client.published(URI) == []
    client.close(URI)
    assert client.arrived("textDocument/publishDiagnostics") == []


def test_findings_move_with_the_text(client):
    client.open(URI, SLEEPER)
    client.published(URI, 1)
    for version in range(2, 12):
        client.change(URI, version, insert(2, 0, "\n"))
        assert starts(client.published(URI, version)) == [("blocking-sleep", 3 + version + 1, 4)]


def test_several_edits_in_one_batch(client):
    """Only the last text counts, and it is analysed once."""
    client.open(URI, CLEAN)
    client.published(URI, 1)
    client.send(
        client.change_message(URI, 2, insert(5, 0, "    time.sleep(2)\n")),
        client.change_message(URI, 3, insert(5, 0, "    time.sleep(3)\n")),
        client.change_message(URI, 4, {"range": span(5, 0, 6, 0), "text": ""}),
    )
    assert starts(client.published(URI, 4)) == [("blocking-sleep", 5, 4)]
    assert client.arrived("textDocument/publishDiagnostics") == []


def test_a_thousand_edits_in_one_batch(client):
    client.open(URI, HEADER + "async def main():\n    pass\n")
    client.published(URI, 1)
    letters = "time.sleep(1)\n    " * 61
    line, character, messages = 5, 4, []
    for version, letter in enumerate(letters, start=2):
        messages.append(client.change_message(URI, version, insert(line, character, letter)))
        line, character = (line + 1, 0) if letter == "\n" else (line, character + 1)
    client.send(*messages)
    while True:
        params = client.expect("textDocument/publishDiagnostics", uri=URI)
        if params["version"] == len(letters) + 1:
            break
    assert len(params["diagnostics"]) == 61


def test_several_changes_in_one_message(client):
    client.open(URI, HEADER + "async def main():\n    pass\n")
    client.published(URI, 1)
    client.change(URI, 2, insert(5, 4, "x"), {"range": span(5, 4, 5, 5), "text": "time.sleep(1)\n    "},
                  insert(6, 8, "  # end"))
    assert starts(client.published(URI, 2)) == [("blocking-sleep", 5, 4)]


def test_a_whole_text_replaces_the_old_one(client):
    client.open(URI, CLEAN)
    client.published(URI, 1)
    client.change(URI, 2, {"text": SLEEPER})
    assert starts(client.published(URI, 2)) == [("blocking-sleep", 5, 4)]


@pytest.mark.parametrize("encoding, column", [("utf-8", 13), ("utf-16", 11), ("utf-32", 10)])
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_columns_behind_an_emoji(start, push, encoding, column, newline):
    client = start()
    client.initialize(push | {"general": {"positionEncodings": [encoding]}})
    text = SLEEPER.replace("    time", '    "\U0001f600x"; time').replace("\n", newline)
    client.open(URI, text)
    [finding] = client.published(URI, 1)
    assert finding["range"]["start"] == {"line": 5, "character": column}
    assert text_at(text, finding["range"], encoding).startswith("time.sleep")
    # An edit behind the emoji, in the same units.
    client.change(URI, 2, {"range": span(5, column, 5, column + len("time.sleep(1)")), "text": "pass"})
    assert client.published(URI, 2) == []
    client.change(URI, 3, {"range": span(5, column, 5, column + len("pass")), "text": "time.sleep(1)"})
    [finding] = client.published(URI, 3)
    assert finding["range"]["start"] == {"line": 5, "character": column}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-32"])
def test_pull_agrees_with_push(start, push, pull, encoding):
    text = SLEEPER.replace("    time", '    "äß\U0001f600"; time') + "    time.sleep(2)\n"
    general = {"general": {"positionEncodings": [encoding]}}
    told = start()
    told.initialize(push | general)
    told.open(URI, text)
    asked = start()
    asked.initialize(pull | general)
    asked.open(URI, text)
    report = asked.pull(URI)
    assert report["kind"] == "full"
    assert report["items"] == told.published(URI, 1)
    assert len(report["items"]) == 2


def test_pull(start, pull):
    client = start()
    client.initialize(pull)
    client.open(URI, SLEEPER)
    first = client.pull(URI)
    assert starts(first["items"]) == [("blocking-sleep", 5, 4)]
    assert client.pull(URI, first["resultId"]) == {"kind": "unchanged", "resultId": first["resultId"]}
    client.change(URI, 2, insert(6, 0, "# a comment at the end\n"))
    assert client.pull(URI, first["resultId"]) == {"kind": "unchanged", "resultId": first["resultId"]}
    client.change(URI, 3, insert(0, 0, "# a comment at the beginning\n"))
    moved = client.pull(URI, first["resultId"])
    assert starts(moved["items"]) == [("blocking-sleep", 6, 4)]
    client.change(URI, 4, {"range": span(0, 0, 1, 0), "text": ""})
    assert client.pull(URI, moved["resultId"])["resultId"] == first["resultId"], "identity is the content"
    client.close(URI)
    client.open(URI, SLEEPER)
    again = client.pull(URI, first["resultId"])
    assert starts(again["items"]) == [("blocking-sleep", 5, 4)], "the client forgot at the close"
    assert client.arrived("textDocument/publishDiagnostics") == []


def test_who_cannot_be_told_to_pull_again_is_told_diagnostics(start, push):
    client = start()
    client.initialize(merged(push, {"textDocument": {"diagnostic": {}}}))
    assert "diagnosticProvider" not in client.server_capabilities
    client.open(URI, SLEEPER)
    assert len(client.published(URI, 1)) == 1


def test_pull_of_a_document_that_is_not_open(start, pull):
    client = start()
    client.initialize(pull)
    assert client.pull("file:///elsewhere.py") == {"kind": "full", "items": []}


def test_pull_of_a_document_that_is_opened_next(start, pull):
    """VS Code asks for the documents of its tabs when the server starts, and sends their texts a moment later."""
    client = start()
    client.initialize(pull)
    assert client.pull(URI)["items"] == []
    client.open(URI, SLEEPER)
    client.expect("workspace/diagnostic/refresh")
    assert starts(client.pull(URI)["items"]) == [("blocking-sleep", 5, 4)]
    client.close(URI)
    client.open(URI, SLEEPER)
    client.pull(URI)
    assert client.arrived("workspace/diagnostic/refresh") == [], "once"


def test_an_edit_and_a_pull_in_one_batch(start, pull):
    client = start()
    client.initialize(pull)
    client.open(URI, CLEAN)
    client.pull(URI)
    request = client.new_request("textDocument/diagnostic", {"textDocument": {"uri": URI}})
    client.send(
        client.change_message(URI, 2, insert(5, 0, "    time.sleep(2)\n")), request,
        client.change_message(URI, 3, insert(5, 0, "\n")),
    )
    assert starts(client.response(request["id"])["items"]) == [("blocking-sleep", 6, 4)]


def test_a_question_about_a_text_that_is_gone(client):
    client.open(URI, SLEEPER)
    client.published(URI, 1)
    request = client.new_request("textDocument/hover",
                                 {"textDocument": {"uri": URI}, "position": {"line": 5, "character": 6}})
    client.send(
        client.change_message(URI, 2, insert(5, 0, "\n")), request, client.change_message(URI, 3, insert(5, 0, "\n"))
    )
    with pytest.raises(ResponseError) as stale:
        client.response(request["id"])
    assert stale.value.code == -32801
    client.published(URI, 3)


def test_positions_outside_of_the_text_are_clamped(client):
    client.open(URI, SLEEPER)
    client.published(URI, 1)
    client.change(URI, 2, {"range": span(5, 17, 5, 2147483647), "text": "  # end"})
    assert len(client.published(URI, 2)) == 1
    client.change(URI, 3, {"range": span(6, 0, 4000, 0), "text": "\n"})
    assert len(client.published(URI, 3)) == 1
    client.change(URI, 4, {"range": span(7, 0, 7, 99), "text": "    time.sleep(4)\n"})
    assert len(client.published(URI, 4)) == 2
    client.change(URI, 5, {"range": span(7, 0, 5, 0), "text": ""})
    assert starts(client.published(URI, 5)) == [("blocking-sleep", 5, 4)], "start and end were the other way round"


def test_a_change_outside_of_the_text(client):
    """The texts differ. Nothing is said about a text that is not the client's, until it is known again."""
    client.open(URI, SLEEPER)
    client.published(URI, 1)
    client.change(URI, 2, insert(400, 0, "x = 1\n"))
    assert client.published(URI, 2) == []
    assert "app.py" in client.expect("window/showMessage")["message"]
    client.expect_log("outside of the text")
    client.change(URI, 3, insert(0, 0, "x = 1\n"))
    assert client.published(URI, 3) == []
    assert client.hover(URI, 5, 6) is None
    assert client.code_actions(URI, span(0, 0, 9, 0)) == []
    client.save(URI, SLEEPER)
    assert starts(client.published(URI, 3)) == [("blocking-sleep", 5, 4)]
    client.expect_log("in step")


def test_a_change_that_cannot_be_read(client):
    client.open(URI, SLEEPER)
    client.published(URI, 1)
    client.change(URI, 2, {"range": {"start": "here"}, "text": "x"})
    assert client.published(URI, 1) == [], "the version was lost with the change"
    client.expect("window/showMessage")
    client.expect_log("didChange")
    client.expect_log("lost track")
    client.change(URI, 3, {"text": SLEEPER})
    assert len(client.published(URI, 3)) == 1


def test_saving_heals(client):
    client.open(URI, CLEAN)
    client.published(URI, 1)
    client.save(URI, SLEEPER)
    assert starts(client.published(URI, 1)) == [("blocking-sleep", 5, 4)]
    client.expect_log("saved")
    client.save(URI, SLEEPER)
    client.save(URI)
    assert client.arrived("textDocument/publishDiagnostics") == [], "nothing new to say"


def test_lone_surrogates(client):
    """JavaScript can write what is no Unicode text. The document goes on, and the next save mends it."""
    client.open(URI, CLEAN)
    client.published(URI, 1)
    body = ('{"jsonrpc":"2.0","method":"textDocument/didChange","params":{"textDocument":{"uri":"%s","version":2},'
            '"contentChanges":[{"text":"x = \\"\\ud83d\\"\\n"}]}}' % URI)
    client.raw(b"Content-Length: %d\r\n\r\n" % len(body) + body.encode())
    assert client.published(URI, 2) == []
    client.expect_log("Unicode")


def test_opened_twice(client):
    client.open(URI, CLEAN)
    client.published(URI, 1)
    client.open(URI, SLEEPER, version=1)
    assert len(client.published(URI, 1)) == 1
    client.expect_log("opened again")


def test_changes_of_unknown_documents(client):
    client.change("file:///unknown.py", 2, {"text": SLEEPER})
    client.expect_log("not open")
    client.save("file:///unknown.py", SLEEPER)
    client.close("file:///unknown.py")
    assert client.arrived("textDocument/publishDiagnostics") == []


def test_other_languages_are_left_alone(client):
    uri = "file:///project/notes.md"
    client.open(uri, SLEEPER, language="markdown")
    client.change(uri, 2, {"text": SLEEPER + "\n"})
    assert client.hover(uri, 5, 6) is None
    assert client.code_actions(uri, span(0, 0, 9, 0)) == []
    client.close(uri)
    assert client.arrived("textDocument/publishDiagnostics") == []


@pytest.mark.parametrize("uri", [
    "untitled:Untitled-1", "vscode-vfs://github/o/r/a.py", "git:/project/app.py?%7B%22ref%22%3A%22%22%7D",
    "file:///c%3A/Users/me/a%20b%23c.py", "file:///%E4%BD%A0%E5%A5%BD/%F0%9F%98%80.py", "file:///",
])
def test_any_uri_is_echoed(client, uri):
    client.open(uri, SLEEPER)
    assert starts(client.published(uri, 1)) == [("blocking-sleep", 5, 4)]
    [action, *_] = client.code_actions(uri, span(5, 5, 5, 5))
    assert "await asyncio.sleep(1)" in apply(SLEEPER, action["edit"], uri)


def test_two_spellings_of_one_uri(client):
    client.open("file:///c%3A/a.py", SLEEPER)
    assert len(client.published("file:///c%3A/a.py", 1)) == 1
    client.change("file:///c:/a.py", 2, {"text": CLEAN})
    assert client.published("file:///c%3A/a.py", 2) == []


def test_a_file_that_is_too_large(client):
    client.open(URI, SLEEPER + "#" * 2_000_000)
    [note] = client.published(URI, 1)
    assert note["severity"] == INFORMATION and "max-file-size" in note["message"] and "code" not in note
    client.change(URI, 2, {"text": SLEEPER})
    assert starts(client.published(URI, 2)) == [("blocking-sleep", 5, 4)]


@pytest.mark.parametrize("text", ["", "\n", "\r", "\ufeff" + SLEEPER, "\0", "(" * 5000, "async", "\U0001f600" * 100])
def test_odd_texts(client, text):
    client.open(URI, text)
    client.published(URI, 1)
    client.change(URI, 2, insert(0, 0, "#"))
    client.published(URI, 2)
    client.change(URI, 3, {"range": span(0, 0, 9, 9), "text": ""})
    assert client.published(URI, 3) == []


def test_findings_of_a_broken_function_stay_while_typing(client):
    """An open bracket makes the analysis silent there; what was shown stays, moved along with the text."""
    client.open(URI, SLEEPER + "    print\n")
    client.published(URI, 1)
    client.change(URI, 2, insert(6, 9, "("))
    assert starts(client.published(URI, 2)) == [("blocking-sleep", 5, 4)]
    client.change(URI, 3, insert(4, 0, "\n"))
    assert starts(client.published(URI, 3)) == [("blocking-sleep", 6, 4)]
    client.change(URI, 4, insert(7, 10, ")"))
    assert starts(client.published(URI, 4)) == [("blocking-sleep", 6, 4)]


def test_no_finding_stays_inside_the_edited_text(client):
    client.open(URI, SLEEPER)
    client.published(URI, 1)
    client.change(URI, 2, {"range": span(5, 8, 5, 17), "text": "("})
    assert client.published(URI, 2) == []


def test_findings_of_a_broken_function_go_after_a_while(client):
    client.open(URI, SLEEPER + "    print\n")
    client.published(URI, 1)
    client.change(URI, 2, insert(6, 9, "("))
    assert len(client.published(URI, 2)) == 1
    assert client.published(URI, 2) == [], "the second publish comes by itself, after three seconds"


def test_pulled_findings_of_a_broken_function_go_after_a_while(start, pull):
    client = start()
    client.initialize(pull)
    client.open(URI, SLEEPER + "    print\n")
    client.pull(URI)
    client.change(URI, 2, insert(6, 9, "("))
    assert len(client.pull(URI)["items"]) == 1
    client.expect("workspace/diagnostic/refresh")
    assert client.pull(URI)["items"] == []
