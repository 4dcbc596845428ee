// A workspace of two folders, each with its own configuration in a file and in the editor's settings.

const { found, inFolder, open, session, setting, until, vscode } = require("./steps.cjs");

const severity = async (uri) => (await found(uri, "blocking-sleep"))[0].severity;

exports.run = session({
    async "each folder has its configuration"() {
        const [first, second] = [inFolder("app.py", 0), inFolder("app.py", 1)];
        await open(first);
        await open(second);
        await found(first, "", "the file of the first folder ignores it");
        await until("the severity of the second folder", async () => (await severity(second)) === vscode.DiagnosticSeverity.Hint);
    },

    async "a setting of one folder leaves the other alone"() {
        const [first, second] = [inFolder("app.py", 0), inFolder("app.py", 1)];
        const ofFirst = vscode.workspace.getConfiguration("awaitls", first);
        await ofFirst.update("extendSelect", ["blocking-sleep"], vscode.ConfigurationTarget.WorkspaceFolder);
        await until("a rule of the first folder is back", async () => (await severity(first)) === vscode.DiagnosticSeverity.Error);
        await until("the severity of the second folder", async () => (await severity(second)) === vscode.DiagnosticSeverity.Hint);
    },

    async "the whole of both folders is checked on demand"() {
        await setting("diagnosticMode", "workspace", vscode.ConfigurationTarget.Workspace);
        const second = vscode.workspace.workspaceFolders[1].uri;
        const closed = vscode.Uri.joinPath(second, "closed.py");
        await found(closed, "blocking-sleep");
    },
});
