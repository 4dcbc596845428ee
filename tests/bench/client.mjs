// Types into language servers as an editor does whose extensions run on Node, VS Code's way: messages are JSON objects until
// they are written and from when they have been read, and the event loop lies between the two. Reads a job from standard
// input, and writes what it measured, in milliseconds, to standard output.

import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";

// A server that is silent for so long is broken; nothing that is measured comes near it.
const PATIENCE = 30_000;

class Server {
    constructor(command, mode, uri) {
        this.mode = mode;
        this.uri = uri;
        this.version = 0;
        this.nextId = 1;
        this.waiting = []; // { wanted, resolve }
        this.buffer = Buffer.alloc(0);
        this.name = command[0];
        this.process = spawn(command[0], command.slice(1), { stdio: ["pipe", "pipe", "ignore"] });
        this.process.stdout.on("data", (chunk) => this.read(chunk));
        this.process.on("exit", () => (this.ended = true));
    }

    read(chunk) {
        this.buffer = this.buffer.length === 0 ? chunk : Buffer.concat([this.buffer, chunk]);
        for (;;) {
            const head = this.buffer.indexOf("\r\n\r\n");
            if (head < 0) return;
            const size = Number(/Content-Length: (\d+)/.exec(this.buffer.toString("latin1", 0, head))[1]);
            if (this.buffer.length < head + 4 + size) return;
            const message = JSON.parse(this.buffer.toString("utf8", head + 4, head + 4 + size));
            this.buffer = this.buffer.subarray(head + 4 + size);
            const index = this.waiting.findIndex((one) => one.wanted(message));
            if (index >= 0) this.waiting.splice(index, 1)[0].resolve(message);
        }
    }

    send(message) {
        const body = JSON.stringify({ jsonrpc: "2.0", ...message });
        this.process.stdin.write(`Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
    }

    until(wanted) {
        return new Promise((resolve, reject) => {
            const timer = setTimeout(() => reject(new Error(`${this.name} said nothing for too long`)), PATIENCE);
            this.waiting.push({ wanted, resolve: (message) => (clearTimeout(timer), resolve(message)) });
        });
    }

    async request(method, params) {
        const id = this.nextId++;
        const reply = this.until((m) => m.id === id && m.method === undefined);
        this.send({ id, method, params });
        const message = await reply;
        if (message.error) throw new Error(`${this.name}: ${JSON.stringify(message.error)}`);
        return message.result;
    }

    async start() {
        const textDocument = { publishDiagnostics: { versionSupport: true, relatedInformation: true } };
        if (this.mode === "pull") textDocument.diagnostic = { dynamicRegistration: false };
        // Who cannot be told to pull again is told diagnostics.
        const workspace = { diagnostics: { refreshSupport: this.mode === "pull" } };
        const capabilities = { textDocument, workspace, general: { positionEncodings: ["utf-16"] } };
        await this.request("initialize", { processId: null, rootUri: null, capabilities });
        this.send({ method: "initialized", params: {} });
    }

    /// Sends a change of the document, and waits for the diagnostics of exactly that version: [milliseconds, diagnostics].
    async report(method, params) {
        const begin = performance.now();
        if (this.mode === "pull") {
            this.send({ method, params });
            const result = await this.request("textDocument/diagnostic", { textDocument: { uri: this.uri } });
            return [performance.now() - begin, result.items];
        }
        const published = this.until(
            (m) => m.method === "textDocument/publishDiagnostics" && m.params.version === this.version,
        );
        this.send({ method, params });
        const message = await published;
        return [performance.now() - begin, message.params.diagnostics];
    }

    open(text) {
        const item = { uri: this.uri, languageId: "python", version: ++this.version, text };
        return this.report("textDocument/didOpen", { textDocument: item });
    }

    edit(line, begin, end, text, lastLine = line) {
        const range = { start: { line, character: begin }, end: { line: lastLine, character: end } };
        const textDocument = { uri: this.uri, version: ++this.version };
        return this.report("textDocument/didChange", { textDocument, contentChanges: [{ range, text }] });
    }

    async close() {
        await this.request("shutdown", null);
        this.send({ method: "exit", params: {} });
        if (!this.ended) await new Promise((resolve) => this.process.on("exit", resolve));
    }
}

const job = JSON.parse(readFileSync(0, "utf8"));
const pause = () => new Promise((resolve) => setTimeout(resolve, job.pause_ms));

/// Types a word, letter by letter, and takes it back, at each site; the servers get each letter in turn, so that what the
/// machine does besides falls on all of them.
async function typeLetters(servers, sites) {
    const samples = servers.map(() => []);
    for (const { line, column } of sites) {
        const letters = [];
        for (let i = 0; i < 4; ++i) letters.push([column + i, column + i, "x"]);
        for (let i = 4; i > 0; --i) letters.push([column + i - 1, column + i, ""]);
        for (const [begin, end, text] of letters)
            for (const [index, server] of servers.entries()) {
                await pause();
                samples[index].push((await server.edit(line, begin, end, text))[0]);
            }
    }
    return samples;
}

/// Inserts a statement with a coroutine that nobody awaits, and removes it. The finding has to come and to go with the report
/// of exactly that text: this proves that answers belong to their edits.
async function toggleDefect(server, sites) {
    const samples = [];
    const shows = (diagnostics, line) =>
        diagnostics.some((d) => d.code === "unawaited-coroutine" && d.range.start.line === line);
    for (const { line, indent } of sites) {
        await pause();
        const [inserted, found] = await server.edit(line, 0, 0, `${" ".repeat(indent)}asyncio.sleep(1)\n`);
        if (!shows(found, line)) throw new Error(`the defect inserted at line ${line + 1} is not reported`);
        await pause();
        const [removed, left] = await server.edit(line, 0, 0, "", line + 1);
        if (shows(left, line)) throw new Error(`the defect removed from line ${line + 1} is still reported`);
        samples.push(inserted, removed);
    }
    return samples;
}

const servers = job.servers.map((command) => new Server(command, job.mode, job.uri));
const opened = [];
const findings = [];
for (const server of servers) {
    await server.start();
    const [milliseconds, shown] = await server.open(job.text);
    opened.push(milliseconds);
    findings.push(shown.length);
    await typeLetters([server], job.sites.slice(0, 2)); // warms up
}
const letters = await typeLetters(servers, job.sites);
const defect = await toggleDefect(servers.at(-1), job.sites);
for (const server of servers) await server.close();
process.stdout.write(JSON.stringify({ opened, findings, letters, defect }));
