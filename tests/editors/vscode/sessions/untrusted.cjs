// A workspace that is not trusted, whose settings name a server.

const { api, assert, found, inFolder, open, session, until, vscode } = require("./steps.cjs");

exports.run = session({
    async "only the bundled server runs"() {
        assert.strictEqual(vscode.workspace.isTrusted, false, "the workspace is not trusted");
        await open(inFolder("shop/app.py"));
        await until("the server runs", () => api()?.server.state === "running");
        assert.strictEqual(api().server.binary.source, "bundled");
        await found(inFolder("shop/app.py"), "transitive-blocking-call");
    },
});
