"""A language server that answers every request with null and finds nothing: a session with it has to fail."""

import json
import sys

while header := sys.stdin.buffer.readline():
    size = int(header.removeprefix(b"Content-Length: "))
    sys.stdin.buffer.readline()
    message = json.loads(sys.stdin.buffer.read(size))
    if message.get("method") == "exit":
        break
    if "id" in message:
        result = {"capabilities": {"textDocumentSync": 2}} if message["method"] == "initialize" else None
        body = json.dumps({"jsonrpc": "2.0", "id": message["id"], "result": result}).encode()
        sys.stdout.buffer.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
        sys.stdout.buffer.flush()
