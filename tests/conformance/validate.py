"""Validates Language Server Protocol messages against the official meta model.

lsprotocol's classes are generated from the meta model; this module reads their annotations and checks
JSON against them more strictly than lsprotocol itself does: unknown keys, wrong types, null where it is
not allowed, unknown enum values, integers out of range and things that are no URI are errors.

usage: validate.py [--both] [--cut] TRAFFIC.jsonl...

Each line is {"dir": "in" | "out", "message": {...}}; "in" goes to the server, "out" comes from it. What
`awaitls server --traffic` writes names the server's process as well: each is a session of its own.
--both   also check what the client sent (else only what the server sent)
--cut    the session may end with requests unanswered
"""

from __future__ import annotations

import argparse
import collections.abc
import enum
import functools
import json
import re
import sys
import types as python_types
import typing
from dataclasses import dataclass, field
from typing import Any, Iterable, Iterator

import attrs
from lsprotocol import types as lsp
from lsprotocol import validators

# Nullable in the meta model and also optional there; in lsprotocol's classes they look like fields that
# are required and nullable.
NULLABLE_AND_OPTIONAL = {
    "InitializeParams.root_path",
    "InitializeParams.workspace_folders",
    "WorkspaceFoldersInitializeParams.workspace_folders",
    "_InitializeParams.root_path",
    "SignatureHelp.active_parameter",
    "SignatureInformation.active_parameter",
}

URI = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*:")
INT_MAX = 2**31 - 1

# The types of partial results, which lsprotocol does not tie to their methods.
PARTIAL_RESULTS: dict[str, Any] = {
    "textDocument/diagnostic": lsp.DocumentDiagnosticReportPartialResult,
    "workspace/diagnostic": lsp.WorkspaceDiagnosticReportPartialResult,
    "textDocument/codeAction": typing.List[typing.Union[lsp.Command, lsp.CodeAction]],
    "callHierarchy/incomingCalls": typing.List[lsp.CallHierarchyIncomingCall],
    "callHierarchy/outgoingCalls": typing.List[lsp.CallHierarchyOutgoingCall],
}

PROGRESS = {
    "begin": lsp.WorkDoneProgressBegin,
    "report": lsp.WorkDoneProgressReport,
    "end": lsp.WorkDoneProgressEnd,
}

# What a server may send before it has answered initialize.
BEFORE_INITIALIZED = {
    "window/showMessage",
    "window/logMessage",
    "window/showMessageRequest",
    "telemetry/event",
    "$/progress",
}

# Requests that a client must have announced: the path below its capabilities.
NEEDED_CAPABILITIES = {
    "workspace/applyEdit": "workspace.applyEdit",
    "workspace/configuration": "workspace.configuration",
    "workspace/workspaceFolders": "workspace.workspaceFolders",
    "workspace/diagnostic/refresh": "workspace.diagnostics.refreshSupport",
    "window/workDoneProgress/create": "window.workDoneProgress",
    "window/showDocument": "window.showDocument.support",
}
DYNAMIC_REGISTRATIONS = {
    "workspace/didChangeWatchedFiles": "workspace.didChangeWatchedFiles.dynamicRegistration",
    "workspace/didChangeConfiguration": "workspace.didChangeConfiguration.dynamicRegistration",
    "textDocument/diagnostic": "textDocument.diagnostic.dynamicRegistration",
    "textDocument/codeAction": "textDocument.codeAction.dynamicRegistration",
    "textDocument/hover": "textDocument.hover.dynamicRegistration",
}


@dataclass(frozen=True)
class Property:
    """One property of a structure, as the meta model has it."""

    key: str
    type: Any
    required: bool
    nullable: bool
    options: tuple[Any, ...] | None  # the only values allowed
    unsigned: bool


def camel_case(name: str) -> str:
    first, *rest = name.rstrip("_").split("_")
    return first + "".join(part.title() for part in rest)


def validators_of(attribute: attrs.Attribute) -> Iterator[Any]:
    pending = [attribute.validator]
    while pending:
        current = pending.pop()
        if current is None:
            continue
        yield current
        inner = getattr(current, "validator", None)
        if inner is not None:
            pending.append(inner)


@functools.lru_cache(maxsize=None)
def properties(cls: type) -> dict[str, Property]:
    """The properties of a structure by their JSON key."""
    attrs.resolve_types(cls, vars(lsp))
    found = {}
    for attribute in attrs.fields(cls):
        qualified = f"{cls.__name__}.{attribute.name}"
        special = lsp.is_special_property(cls, attribute.name)
        options = None
        unsigned = False
        for validator in validators_of(attribute):
            if hasattr(validator, "options"):
                options = tuple(validator.options)
            unsigned = unsigned or validator is validators.uinteger_validator
        constant = options is not None and attribute.default in options
        required = (
            attribute.default is attrs.NOTHING or special or constant
        ) and qualified not in NULLABLE_AND_OPTIONAL
        nullable = special or attribute.default is attrs.NOTHING
        key = camel_case(attribute.name)
        found[key] = Property(key, attribute.type, required, nullable, options, unsigned)
    return found


def name_of(kind: Any) -> str:
    return getattr(kind, "__name__", None) or str(kind)


def json_type(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    for python, name in ((int, "integer"), (float, "number"), (str, "string"), (list, "array")):
        if isinstance(value, python):
            return name
    return "object"


def check_structure(cls: type, value: Any, path: str) -> list[str]:
    if not isinstance(value, dict):
        return [f"{path}: expected {cls.__name__}, got {json_type(value)}"]
    errors = []
    known = properties(cls)
    for key, prop in known.items():
        where = f"{path}.{key}"
        if key not in value:
            if prop.required:
                errors.append(f"{where}: required by {cls.__name__}")
            continue
        member = value[key]
        if member is None and not prop.nullable:
            errors.append(f"{where}: must be left out rather than null")
            continue
        if prop.options is not None and member not in prop.options:
            errors.append(f"{where}: {json.dumps(member)} is not one of {list(prop.options)}")
            continue
        found = check(prop.type, member, where)
        if not found and isinstance(member, str) and key.lower().endswith("uri"):
            found = check_uri(member, where)
        if not found and prop.unsigned and isinstance(member, int) and member < 0:
            found = [f"{where}: expected an unsigned integer, got {member}"]
        errors += found
    for key in value:
        if key not in known:
            errors.append(f"{path}.{key}: unknown key in {cls.__name__}")
    if cls is lsp.Range and not errors:
        start, end = (
            (value[side]["line"], value[side]["character"]) for side in ("start", "end")
        )
        if start > end:
            errors.append(f"{path}: the range starts after its end")
    return errors


def check_uri(value: str, path: str) -> list[str]:
    return [] if URI.match(value) else [f"{path}: not a URI: {value!r}"]


def check_number(value: Any, path: str) -> list[str]:
    if isinstance(value, bool) or not isinstance(value, int):
        return [f"{path}: expected an integer, got {json_type(value)}"]
    if not -INT_MAX - 1 <= value <= INT_MAX:
        return [f"{path}: {value} is out of the range of an integer"]
    return []


def check(kind: Any, value: Any, path: str) -> list[str]:
    """What is wrong with `value` as a `kind`; empty if nothing is."""
    if kind is Any or kind is object:
        return []
    if isinstance(kind, typing.ForwardRef):
        return check(getattr(lsp, kind.__forward_arg__), value, path)
    if isinstance(kind, str):
        return check(getattr(lsp, kind), value, path)
    if kind is None or kind is type(None):
        return [] if value is None else [f"{path}: expected null, got {json_type(value)}"]

    origin = typing.get_origin(kind)
    arguments = typing.get_args(kind)
    if origin in (typing.Union, python_types.UnionType):
        best: list[str] | None = None
        for alternative in arguments:
            errors = check(alternative, value, path)
            if not errors:
                return []
            # The alternative that came closest explains best.
            if best is None or rank(errors, path) < rank(best, path):
                best = errors
        return best or []
    if origin is typing.Literal:
        return [] if value in arguments else [f"{path}: expected one of {list(arguments)}"]
    if origin in (list, collections.abc.Sequence):
        if not isinstance(value, list):
            return [f"{path}: expected an array, got {json_type(value)}"]
        return [
            error
            for index, element in enumerate(value)
            for error in check(arguments[0], element, f"{path}[{index}]")
        ]
    if origin is tuple:
        if not isinstance(value, list) or len(value) != len(arguments):
            return [f"{path}: expected {len(arguments)} elements"]
        return [
            error
            for index, (inner, element) in enumerate(zip(arguments, value))
            for error in check(inner, element, f"{path}[{index}]")
        ]
    if origin in (dict, collections.abc.Mapping):
        if not isinstance(value, dict):
            return [f"{path}: expected an object, got {json_type(value)}"]
        return [
            error
            for key, element in value.items()
            for error in check(arguments[1], element, f"{path}[{json.dumps(key)}]")
        ]

    if kind is lsp.LSPObject:
        return [] if isinstance(value, dict) else [f"{path}: expected an object, got {json_type(value)}"]
    if isinstance(kind, type):
        if attrs.has(kind):
            return check_structure(kind, value, path)
        if issubclass(kind, enum.Enum):
            expected = type(next(iter(kind)).value)
            if type(value) is not expected:
                return [f"{path}: expected {kind.__name__}, got {json_type(value)}"]
            if value not in {member.value for member in kind}:
                return [f"{path}: {json.dumps(value)} is not a {kind.__name__}"]
            return []
        if kind is bool:
            return [] if isinstance(value, bool) else [f"{path}: expected a boolean, got {json_type(value)}"]
        if kind is int:
            return check_number(value, path)
        if kind is float:
            number = isinstance(value, (int, float)) and not isinstance(value, bool)
            return [] if number else [f"{path}: expected a number, got {json_type(value)}"]
        if kind is str:
            return [] if isinstance(value, str) else [f"{path}: expected a string, got {json_type(value)}"]
    raise TypeError(f"{path}: the validator does not know {kind!r}")


def rank(errors: list[str], path: str) -> tuple[bool, int]:
    """Lower is closer: an error at the value itself means that the alternative is of another type."""
    return (any(error.startswith(f"{path}:") for error in errors), len(errors))


def annotation(cls: type, attribute: str) -> Any:
    attrs.resolve_types(cls, vars(lsp))
    return getattr(attrs.fields(cls), attribute).type


def announced(capabilities: Any, path: str) -> Any:
    for step in path.split("."):
        capabilities = capabilities.get(step) if isinstance(capabilities, dict) else None
    return capabilities


@dataclass
class Pending:
    method: str
    params: Any


@dataclass
class Session:
    """Checks the messages of one server process in their order."""

    check_client: bool = False
    errors: list[str] = field(default_factory=list)
    capabilities: Any = None
    initialized: bool = False
    to_server: dict[str, Pending] = field(default_factory=dict)
    to_client: dict[str, Pending] = field(default_factory=dict)
    partial_tokens: dict[str, str] = field(default_factory=dict)
    count: int = 0

    def feed(self, direction: str, message: Any) -> None:
        self.count += 1
        from_server = direction == "out"
        found = list(self.check_message(message, from_server))
        if from_server or self.check_client:
            label = message.get("method") or "response" if isinstance(message, dict) else "?"
            self.errors += [f"#{self.count} {label}: {error}" for error in found]

    def finish(self, cut: bool = False) -> list[str]:
        if not cut:
            for key, pending in self.to_server.items():
                self.errors.append(f"request {key} ({pending.method}) was never answered")
        return self.errors

    def check_message(self, message: Any, from_server: bool) -> Iterable[str]:
        if not isinstance(message, dict):
            yield "a message is an object"
            return
        if message.get("jsonrpc") != "2.0":
            yield 'jsonrpc is not "2.0"'
        allowed = {"jsonrpc", "id", "method", "params", "result", "error"}
        for key in message.keys() - allowed:
            yield f"unknown key {key}"
        if "method" in message:
            yield from self.check_call(message, from_server)
        else:
            yield from self.check_response(message, from_server)

    def check_call(self, message: dict, from_server: bool) -> Iterable[str]:
        method = message["method"]
        is_request = "id" in message
        if "result" in message or "error" in message:
            yield "a request or notification has neither result nor error"
        if is_request:
            if type(message["id"]) not in (int, str):
                yield f"id: expected an integer or a string, got {json_type(message['id'])}"
            pending = self.to_client if from_server else self.to_server
            key = json.dumps(message["id"])
            if key in pending:
                yield f"id {key} is in use"
            pending[key] = Pending(str(method), message.get("params"))
        if not isinstance(method, str) or method not in lsp.METHOD_TO_TYPES:
            yield f"{method!r} is not in the meta model"
            return
        call_type, response_type, params_type, _ = lsp.METHOD_TO_TYPES[method]
        if (response_type is not None) != is_request:
            yield "has an id" if is_request else "has no id"
        direction = lsp.message_direction(method)
        if direction == ("clientToServer" if from_server else "serverToClient"):
            yield f"goes {direction} only"
        if params_type is None:
            if message.get("params") is not None:
                yield "params: the method has none"
        elif "params" not in message:
            yield "params: missing"
        else:
            yield from check(annotation(call_type, "params"), message["params"], "params")
        params = message.get("params")
        if from_server:
            yield from self.check_server_call(method, params)
        elif method == "initialize":
            self.capabilities = params.get("capabilities") if isinstance(params, dict) else None
            self.initialized = False
        if not from_server and isinstance(params, dict) and "partialResultToken" in params:
            self.partial_tokens[json.dumps(params["partialResultToken"])] = method

    def check_server_call(self, method: str, params: Any) -> Iterable[str]:
        if not self.initialized and method not in BEFORE_INITIALIZED:
            yield "sent before the answer to initialize"
        needed = NEEDED_CAPABILITIES.get(method)
        if needed and not announced(self.capabilities, needed):
            yield f"the client did not announce {needed}"
        if not isinstance(params, dict):
            return
        if method == "client/registerCapability":
            for registration in params.get("registrations") or []:
                needed = DYNAMIC_REGISTRATIONS.get(registration.get("method"))
                if needed and not announced(self.capabilities, needed):
                    yield f"the client did not announce {needed}"
                yield from self.check_registration(registration)
        if method == "workspace/applyEdit":
            yield from self.check_edits(params)
        if method == "$/progress":
            yield from self.check_progress(params)

    def check_registration(self, registration: Any) -> Iterable[str]:
        method = registration.get("method")
        if method not in lsp.METHOD_TO_TYPES:
            yield f"registers {method!r}, which is not in the meta model"
            return
        options = lsp.METHOD_TO_TYPES[method][3]
        if options is not None and registration.get("registerOptions") is not None:
            yield from check(options, registration["registerOptions"], "registerOptions")

    def check_progress(self, params: dict) -> Iterable[str]:
        value = params.get("value")
        partial = self.partial_tokens.get(json.dumps(params.get("token")))
        if partial in PARTIAL_RESULTS:
            yield from check(PARTIAL_RESULTS[partial], value, "params.value")
        elif not isinstance(value, dict) or value.get("kind") not in PROGRESS:
            yield "params.value: neither work done progress nor a known partial result"
        else:
            yield from check(PROGRESS[value["kind"]], value, "params.value")

    def check_edits(self, value: Any) -> Iterable[str]:
        """Forms of an edit that the client must have announced, anywhere in `value`."""
        if isinstance(value, list):
            for element in value:
                yield from self.check_edits(element)
        elif isinstance(value, dict):
            for key, capability in (
                ("documentChanges", "workspace.workspaceEdit.documentChanges"),
                ("changeAnnotations", "workspace.workspaceEdit.changeAnnotationSupport"),
            ):
                if key in value and announced(self.capabilities, capability) in (None, False):
                    yield f"{key}: the client did not announce {capability}"
            for key, element in value.items():
                if key != "data":
                    yield from self.check_edits(element)

    def check_response(self, message: dict, from_server: bool) -> Iterable[str]:
        if "id" not in message:
            yield "neither method nor id"
            return
        if ("result" in message) == ("error" in message):
            yield "a response has a result or an error, and not both"
        if "error" in message:
            error = message["error"]
            if not isinstance(error, dict):
                yield f"error: expected an object, got {json_type(error)}"
            else:
                yield from check_number(error.get("code"), "error.code")
                if not isinstance(error.get("message"), str):
                    yield "error.message: expected a string"
                for key in error.keys() - {"code", "message", "data"}:
                    yield f"error.{key}: unknown key"
            if message["id"] is None:
                return
        pending = self.to_server if from_server else self.to_client
        key = json.dumps(message["id"])
        request = pending.pop(key, None)
        if request is None:
            yield f"answers no open request: id {key}"
            return
        if "error" in message:
            yield from self.check_error_data(request, message["error"])
            return
        if request.method in lsp.METHOD_TO_TYPES:
            response_type = lsp.METHOD_TO_TYPES[request.method][1]
            if response_type is not None:
                result_type = annotation(response_type, "result")
                yield from check(result_type, message.get("result"), f"{request.method} result")
                if message.get("result") is None and not accepts_null(result_type):
                    yield f"{request.method} result: must not be null"
        if from_server and request.method == "initialize":
            yield from self.check_initialize_result(message.get("result"))
        if from_server and request.method in ("textDocument/codeAction", "codeAction/resolve"):
            yield from self.check_edits(message.get("result"))

    def check_error_data(self, request: Pending, error: Any) -> Iterable[str]:
        cancelled = isinstance(error, dict) and error.get("code") == lsp.LSPErrorCodes.ServerCancelled.value
        if cancelled and request.method.endswith("/diagnostic") and "data" in error:
            yield from check(lsp.DiagnosticServerCancellationData, error["data"], "error.data")

    def check_initialize_result(self, result: Any) -> Iterable[str]:
        self.initialized = True
        chosen = announced(result, "capabilities.positionEncoding")
        offered = announced(self.capabilities, "general.positionEncodings") or ["utf-16"]
        if chosen is not None and chosen not in offered:
            yield f"position encoding {chosen} was not offered: {offered}"


@functools.lru_cache(maxsize=None)
def accepts_null(kind: Any) -> bool:
    return kind is Any or not check(kind, None, "")


def validate_records(
    records: Iterable[dict], check_client: bool = False, cut: bool = False
) -> list[str]:
    """All errors of one recorded session."""
    session = Session(check_client=check_client)
    for record in records:
        if "message" in record:
            session.feed(record["dir"], record["message"])
        elif record["dir"] == "out":
            session.errors.append("the server sent something that is not JSON")
    return session.finish(cut)


def sessions(records: Iterable[dict]) -> list[list[dict]]:
    """The records of each server that wrote to the file, in the order of their start."""
    by_process: dict[int | None, list[dict]] = {}
    for record in records:
        by_process.setdefault(record.get("process"), []).append(record)
    return list(by_process.values())


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description="validate recorded traffic against the LSP meta model")
    parser.add_argument("--both", action="store_true", help="also check what the client sent")
    parser.add_argument("--cut", action="store_true", help="requests may stay unanswered")
    parser.add_argument("files", nargs="+")
    options = parser.parse_args(arguments)
    failed = False
    for name in options.files:
        with open(name, encoding="utf-8") as stream:
            records = [json.loads(line) for line in stream if line.strip()]
        found = [validate_records(one, options.both, options.cut) for one in sessions(records)]
        errors = [error for one in found for error in one]
        print(f"{name}: {len(records)} messages of {len(found)} servers, {len(errors)} errors")
        for error in errors:
            print(f"  {error}")
        failed = failed or bool(errors)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
