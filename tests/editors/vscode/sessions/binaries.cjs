// What stands in the way of a server, and what the user is told of it. TRIALS is a folder of programs that are no servers.

const path = require("node:path");
const { api, assert, found, inFolder, open, running, session, setting, until } = require("./steps.cjs");

const app = () => inFolder("shop/app.py");
const trial = (name) => path.join(process.env.TRIALS, name);

/** Sets the path and waits for the message. */
async function fails(value, message) {
    await setting("server.path", value);
    const last = () => api().server.problem?.message;
    await until(`a problem with ${value}`, () => api().server.state === "failed" && message.test(last())).catch((error) => {
        throw new Error(`${error.message}; last told: ${last()}`);
    });
    assert.deepStrictEqual(api().server.problem.remedies, ["openSettings", "useBundled", "showOutput"]);
}

exports.run = session({
    async "the bundled server runs"() {
        await open(app());
        await until("the server runs", () => api()?.server.state === "running");
        assert.strictEqual(api().server.binary.source, "bundled");
        await found(app(), "transitive-blocking-call");
    },
    "a missing file": () => fails(trial("missing"), /awaitls\.server\.path does not work: there is no file .*missing/),
    "a folder": () => fails(process.env.TRIALS, /is not a file/),
    "a file that is not executable": () => fails(trial("plain"), /is not executable \(chmod \+x\)/),
    "an older version": () => fails(trial("older"), /is awaitls 0\.0\.9; this extension needs \d+\.\d+\.0 or newer/),
    "another program": () => fails(trial("other"), /is not awaitls: it answers --version with "ruff 1\.0"/),
    "a program that fails": () => fails(trial("failing"), /--version ends with status 3: no such library/),
    "a program of another platform": () => fails(trial("foreign"), /is built for darwin, and this is linux-/),
    "a variable that means nothing": () => fails("${workspaceFolderBasename}/missing", /stands for nothing here/),

    async "a server that ends at once is not started for ever"() {
        await setting("server.path", trial("crashing"));
        await until("it stays stopped", () => api().server.state === "failed" && /crashed 5 times/.test(api().server.problem.message));
        assert.match(api().server.problem.message, /it ended with status 4/);
    },

    async "the path may hold variables"() {
        await setting("server.path", "${env:TRIALS}/link");
        await running("by its link");
        assert.deepStrictEqual([api().server.binary.source, api().server.binary.path], ["setting", trial("link")]);
        await found(app(), "transitive-blocking-call");
    },

    async "without a setting the bundled one is back"() {
        await setting("server.path", undefined);
        await until("the bundled server runs", () => api().server.state === "running" && api().server.binary.source === "bundled");
        await found(app(), "transitive-blocking-call");
    },
});
