"""How a session begins and ends, and what a server must survive on its way."""

import json
import os
import signal
import subprocess
import sys

import pytest

from client import ResponseError, binary, frame

URI = "file:///project/app.py"
SLEEPER = "import asyncio\nimport time\n\n\nasync def main():\n    time.sleep(1)\n"


def initialize_message(**params) -> dict:
    return {"jsonrpc": "2.0", "id": 1, "method": "initialize",
            "params": {"processId": None, "rootUri": None, "capabilities": {}} | params}


def test_announces_what_it_does(start, push):
    client = start()
    result = client.initialize(push)
    assert result["serverInfo"]["name"] == "awaitls"
    capabilities = result["capabilities"]
    assert capabilities["positionEncoding"] == "utf-16"
    assert capabilities["textDocumentSync"] == {"openClose": True, "change": 2, "save": {"includeText": True}}
    assert capabilities["hoverProvider"] is True
    assert capabilities["codeActionProvider"]["codeActionKinds"] == ["quickfix", "refactor.rewrite", "source.fixAll.awaitls"]
    assert capabilities["codeActionProvider"]["resolveProvider"] is True
    assert capabilities["executeCommandProvider"] == {"commands": ["awaitls.fixAll"]}
    assert capabilities["workspace"]["workspaceFolders"] == {"supported": True, "changeNotifications": True}
    assert "diagnosticProvider" not in capabilities, "this client is told diagnostics"


def test_announces_pull_to_a_client_that_pulls(start, pull):
    capabilities = start().initialize(pull)["capabilities"]
    assert capabilities["diagnosticProvider"] == {
        "identifier": "awaitls", "interFileDependencies": True, "workspaceDiagnostics": True
    }


def test_offers_nothing_that_a_poor_client_cannot_take(start):
    capabilities = start().initialize({})["capabilities"]
    assert "executeCommandProvider" not in capabilities
    assert "diagnosticProvider" not in capabilities
    assert not capabilities["codeActionProvider"].get("resolveProvider", False)
    assert capabilities["positionEncoding"] == "utf-16"


@pytest.mark.parametrize("offered, chosen", [
    (["utf-8"], "utf-8"), (["utf-16"], "utf-16"), (["utf-32"], "utf-32"), (["utf-16", "utf-8"], "utf-8"),
    (["utf-32", "utf-16"], "utf-16"), ([], "utf-16"),
])
def test_negotiates_the_encoding(start, offered, chosen):
    result = start().initialize({"general": {"positionEncodings": offered}})
    assert result["capabilities"]["positionEncoding"] == chosen


def test_hostile_initialize(start):
    client = start()
    client.send(initialize_message(capabilities={"textDocument": 7, "workspace": [], "window": "x"},
                                   workspaceFolders=None, initializationOptions="nonsense"))
    assert client.response(1)["capabilities"]["positionEncoding"] == "utf-16"
    assert "object" in client.expect("window/showMessage")["message"]


def test_requests_before_initialize_are_refused(start):
    client = start()
    with pytest.raises(ResponseError) as refused:
        client.request("textDocument/hover", {"textDocument": {"uri": URI}, "position": {"line": 0, "character": 0}})
    assert refused.value.code == -32002
    client.initialize()


def test_a_second_initialize_is_refused(client):
    with pytest.raises(ResponseError) as refused:
        client.request("initialize", initialize_message()["params"])
    assert refused.value.code == -32600


def test_requests_after_shutdown_are_refused(start):
    client = start()
    client.initialize()
    assert client.request("shutdown") is None
    with pytest.raises(ResponseError) as refused:
        client.hover(URI, 0, 0)
    assert refused.value.code == -32600
    client.notify("exit")
    assert client.wait() == 0


def test_exit_without_shutdown_is_status_1(client):
    client.notify("exit")
    assert client.wait() == 1


def test_exit_before_initialize_is_status_1(start):
    client = start()
    client.notify("exit")
    assert client.wait() == 1


def test_end_of_input_ends_the_server(client):
    client.process.stdin.close()
    assert client.wait() == 1


def test_end_of_input_after_shutdown_is_status_0(client):
    client.request("shutdown")
    client.process.stdin.close()
    assert client.wait() == 0


def test_a_client_that_does_not_read_any_more(tmp_path):
    """Writing to a closed pipe ends the server; it neither dies of SIGPIPE nor spins."""
    server = subprocess.Popen([binary(), "server"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, cwd=tmp_path)
    with server:
        server.stdout.close()
        server.stdin.write(frame(initialize_message()))
        server.stdin.flush()
        assert server.wait(timeout=60) == 1
        assert server.stderr.read() == b""


def test_sigterm_ends_the_server_in_order(client):
    client.open(URI, SLEEPER)
    client.published(URI, 1)
    client.process.send_signal(signal.SIGTERM)
    assert client.wait() == 1


def test_ends_when_the_parent_is_killed(start, push):
    """The pipe stays open here, as where another process holds it; only processId tells."""
    parent = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    client = start()
    client.initialize(push, processId=parent.pid)
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    assert client.wait() == 1


def test_ends_at_once_for_a_parent_that_does_not_exist(start):
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    client = start()
    client.send(initialize_message(processId=gone.pid))
    client.response(1)
    assert client.wait() == 1


def test_unknown_requests_and_notifications(client):
    with pytest.raises(ResponseError) as unknown:
        client.request("textDocument/formatting", {"textDocument": {"uri": URI}, "options": {}})
    assert unknown.value.code == -32601
    client.notify("$/unheardOf", {"x": 1})
    client.notify("unheard/of")
    client.expect_log("unheard/of")


def test_ids_come_back_as_they_came(client):
    for identifier in ["abc", 0, -7, 9007199254740993, "7", ""]:
        client.send({"jsonrpc": "2.0", "id": identifier, "method": "unheard/of"})
        with pytest.raises(ResponseError):
            client.response(identifier)


@pytest.mark.parametrize("params", [
    None, [], {}, {"textDocument": {}}, {"textDocument": {"uri": 7}, "position": {"line": 0, "character": 0}},
    {"textDocument": {"uri": URI}, "position": {"line": -1, "character": 0}},
    {"textDocument": {"uri": URI}, "position": {"line": 0.5, "character": 0}},
    {"textDocument": {"uri": URI}, "position": {"line": "0", "character": 0}},
])
def test_params_of_the_wrong_shape(client, params):
    with pytest.raises(ResponseError) as wrong:
        client.request("textDocument/hover", params)
    assert wrong.value.code == -32602
    assert "params" in wrong.value.message


def test_a_body_that_is_not_json(client):
    client.raw(frame('{"jsonrpc": "2.0", "id": 3, '))
    with pytest.raises(ResponseError) as broken:
        client.response(None)
    assert broken.value.code == -32700
    client.expect_log("invalid message")
    assert client.hover(URI, 0, 0) is None, "the server lives"


@pytest.mark.parametrize("body", ["[]", "7", '"x"', "null", '{"jsonrpc": "2.0", "id": {}, "method": "x"}'])
def test_json_that_is_no_message(client, body):
    client.raw(frame(body))
    client.expect_log("invalid message")
    with pytest.raises(ResponseError) as invalid:
        client.response(None)
    assert invalid.value.code == -32600


def test_garbage_between_messages(client):
    hover = client.new_request("textDocument/hover",
                               {"textDocument": {"uri": URI}, "position": {"line": 0, "character": 0}})
    client.raw(b"garbage\r\nmore: garbage\r\n\r\n" + frame(hover), hover)
    assert client.response(hover["id"]) is None
    client.expect_log("header|Content-Length")
    client.expect_log("skipped")


def test_split_and_merged_frames(client):
    first = client.new_request("unheard/of")
    second = client.new_request("unheard/of")
    body = json.dumps(first).encode()
    lenient = b"content-type: application/vscode-jsonrpc; charset=utf-8\ncontent-length: %d\n\n" % len(body) + body
    for byte in lenient:
        client.raw(bytes([byte]))
    client.raw(b"", first)
    with pytest.raises(ResponseError):
        client.response(first["id"])
    third = client.new_request("unheard/of")
    client.raw(frame(second) + frame(third), second, third)
    for request in (second, third):
        with pytest.raises(ResponseError):
            client.response(request["id"])


def test_a_message_that_is_too_large_is_refused(client):
    """The header alone is refused: nobody has to send a gigabyte first."""
    client.raw(b"Content-Length: 99999999999\r\n\r\n")
    hover = client.new_request("textDocument/hover",
                               {"textDocument": {"uri": URI}, "position": {"line": 0, "character": 0}})
    client.raw(frame(hover), hover)
    assert client.response(hover["id"]) is None
    client.expect_log("over the limit")
    client.expect_log("skipped")


def test_a_large_message_is_taken(client):
    client.open(URI, 'x = """' + "word " * 380_000 + '"""\n')
    assert client.published(URI, 1) == []


def test_cancelled_in_the_same_batch(client):
    request = client.new_request("textDocument/hover",
                                 {"textDocument": {"uri": URI}, "position": {"line": 0, "character": 0}})
    client.send(request, client.notification("$/cancelRequest", {"id": request["id"]}))
    with pytest.raises(ResponseError) as cancelled:
        client.response(request["id"])
    assert cancelled.value.code == -32800


def test_cancelling_nothing(client):
    client.notify("$/cancelRequest", {"id": 4711})
    client.notify("$/cancelRequest", {"id": "x"})
    assert client.hover(URI, 0, 0) is None


def test_trace(start, push):
    client = start()
    client.initialize(push, trace="messages")
    traced = client.arrived("$/logTrace")
    assert any("initialized" in trace["message"] for trace in traced)
    assert not any("verbose" in trace for trace in traced)
    client.notify("$/setTrace", {"value": "verbose"})
    client.arrived("$/logTrace")
    client.hover(URI, 0, 0)
    traced = client.arrived("$/logTrace")
    assert any(trace["message"].startswith("received request textDocument/hover")
               and json.loads(trace["verbose"])["method"] == "textDocument/hover" for trace in traced)
    assert any(trace["message"].startswith("sent response") for trace in traced)
    client.notify("$/setTrace", {"value": "off"})
    client.arrived("$/logTrace")
    client.hover(URI, 0, 0)
    assert client.arrived("$/logTrace") == []


def test_log_file(start, push, tmp_path):
    log = tmp_path / "awaitls.log"
    client = start("--log-file", str(log), "--log-level", "debug")
    client.initialize(push)
    client.open(URI, SLEEPER)
    client.published(URI, 1)
    client.hover(URI, 0, 0)
    client.request("shutdown")
    client.notify("exit")
    client.wait()
    lines = log.read_text().splitlines()
    assert any("textDocument/hover" in line and "queue" in line and "run" in line for line in lines), lines


def test_log_file_that_cannot_be_written(tmp_path):
    refused = subprocess.run([binary(), "server", "--log-file", str(tmp_path)], stdin=subprocess.DEVNULL,
                             capture_output=True, text=True)
    assert refused.returncode == 2
    assert str(tmp_path) in refused.stderr and refused.stdout == ""


@pytest.mark.parametrize("by", ["option", "environment"])
def test_traffic_of_several_servers_in_one_file(tmp_path, by):
    traffic = tmp_path / "traffic.jsonl"
    arguments = ["--traffic", str(traffic)] if by == "option" else []
    environment = os.environ | ({} if arguments else {"AWAITLS_TRAFFIC": str(traffic)})
    conversation = frame("{") + frame('{"jsonrpc": "2.0", "method": "exit"}')
    for _ in range(2):
        served = subprocess.run([binary(), "server", *arguments], input=conversation, env=environment, capture_output=True)
        assert served.returncode == 1
    records = [json.loads(line) for line in traffic.read_text().splitlines()]
    assert len({record["process"] for record in records}) == 2
    first = [record for record in records if record["process"] == records[0]["process"]]
    assert [record.get("text") or record["message"]["method"] for record in first if record["dir"] == "in"] == ["{", "exit"]
    assert [record["message"]["error"]["code"] for record in first if record["dir"] == "out"] == [-32700]
    assert all(record["time"] >= 0 for record in records)


def test_traffic_that_cannot_be_written(tmp_path):
    for arguments, environment in ((["--traffic", str(tmp_path)], {}), ([], {"AWAITLS_TRAFFIC": str(tmp_path)})):
        refused = subprocess.run([binary(), "server", *arguments], stdin=subprocess.DEVNULL,
                                 env=os.environ | environment, capture_output=True, text=True)
        assert refused.returncode == 2
        assert f"cannot write the traffic to {tmp_path}: " in refused.stderr and refused.stdout == ""


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no device that is always full")
def test_traffic_that_can_be_written_no_longer():
    conversation = frame("{") + frame('{"jsonrpc": "2.0", "method": "exit"}')
    served = subprocess.run([binary(), "server", "--traffic", "/dev/full"], input=conversation, capture_output=True)
    assert served.returncode == 1 and b"-32700" in served.stdout  # it serves all the same
    assert served.stderr.count(b"the traffic is recorded no longer, /dev/full cannot be written: ") == 1


def test_nothing_is_written_to_stderr(start, push):
    client = start()
    client.initialize(push, initializationOptions={"logLevel": "debug"})
    client.open(URI, SLEEPER)
    client.published(URI, 1)
