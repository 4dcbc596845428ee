// A person at work in one project, with the server that the extension brings.

const { actions, api, assert, codes, extension, found, fs, hoverText, inFolder, onDisk, open, replace, running, session, setting, until, vscode } = require("./steps.cjs");

const app = () => inFolder("shop/app.py");
const store = () => inFolder("shop/store.py");
let document, editor;

const isFix = (action) => action.title.startsWith("Insert `await`");

exports.run = session({
    async "a folder without open Python files starts nothing"() {
        assert.ok(extension(), "the extension is installed");
        assert.strictEqual(extension().isActive, false);
    },

    async "opening a file starts the server"() {
        ({ document, editor } = await open(app()));
        await until("the extension is active", () => extension().isActive);
        await running("at first");
        const { binary } = api().server;
        assert.strictEqual(binary.version, extension().packageJSON.version);
        console.log(`activation: ${api().activationTime.toFixed(1)} ms; ${binary.source}: ${binary.path}`);
    },

    async "a finding is where the call is, and links to its rule"() {
        const [blocking] = await found(app(), "transitive-blocking-call");
        assert.strictEqual(document.getText(blocking.range), "load()");
        assert.match(blocking.code.target.toString(), /\/docs\/rules\/transitive-blocking-call\.md$/);
        assert.strictEqual(blocking.severity, vscode.DiagnosticSeverity.Error);
        const steps = blocking.relatedInformation.map(({ location }) => vscode.workspace.asRelativePath(location.uri));
        assert.ok(steps.includes("shop/store.py"), `the chain leads to the other file: ${steps}`);
    },

    async "the hover says why"() {
        const text = await until("a hover", () => hoverText(app(), new vscode.Position(7, 6)));
        assert.match(text, /transitive-blocking-call/);
        assert.match(text, /store\.py/);
    },

    async "typing changes the findings"() {
        await replace(document, "    load()\n", "    load()\n    announce()\n");
        const [, unawaited] = await found(app(), "transitive-blocking-call unawaited-coroutine");
        assert.strictEqual(document.getText(unawaited.range), "announce()");
    },

    async "the quick fix inserts await, and undo takes it back"() {
        const unawaited = (await found(app(), "transitive-blocking-call unawaited-coroutine")).find(({ code }) => code.value === "unawaited-coroutine");
        const [fix] = await actions(app(), unawaited.range, isFix, "quickfix");
        assert.strictEqual(fix.isPreferred, true);
        assert.ok(await vscode.workspace.applyEdit(fix.edit));
        assert.match(document.getText(), /\n {4}await announce\(\)\n/);
        await found(app(), "transitive-blocking-call");
        await vscode.commands.executeCommand("undo");
        await found(app(), "transitive-blocking-call unawaited-coroutine", "after undo");
    },

    async "the light bulb explains too"() {
        const [call] = await found(app(), "transitive-blocking-call unawaited-coroutine");
        const offered = await actions(app(), call.range, ({ title }) => title.startsWith("awaitls: "), "quickfix");
        const titles = offered.map(({ title }) => title);
        assert.ok(titles.includes("awaitls: show why this call blocks"), titles.join());
        assert.ok(titles.includes("awaitls: explain transitive-blocking-call"), titles.join());
    },

    async "the command fixes the file"() {
        editor = await vscode.window.showTextDocument(document);
        await vscode.commands.executeCommand("awaitls.fixFile");
        assert.match(document.getText(), /\n {4}await announce\(\)\n/);
        await found(app(), "transitive-blocking-call");
    },

    async "saving fixes all"() {
        const configuration = vscode.workspace.getConfiguration("editor", { languageId: "python", uri: app() });
        await configuration.update("codeActionsOnSave", { "source.fixAll": "explicit" }, vscode.ConfigurationTarget.Workspace, true);
        await replace(document, "    await announce()\n", "    announce()\n    announce()\n");
        await found(app(), "transitive-blocking-call unawaited-coroutine unawaited-coroutine");
        // The window asks the providers that it knows of; before it knows ours it saves the text as it is.
        await actions(app(), new vscode.Range(0, 0, document.lineCount, 0), () => true, "source.fixAll");
        await vscode.commands.executeCommand("workbench.action.files.save");
        await until("the saved file is fixed", () => !document.isDirty && onDisk(app()).split("await announce()").length === 3);
        await found(app(), "transitive-blocking-call");
    },

    async "a change of another file changes what is found here"() {
        const { document: other } = await open(store());
        await replace(other, "    time.sleep(1)\n", "    pass\n");
        await found(app(), "", "after the helper has stopped blocking");
        await vscode.commands.executeCommand("undo");
        await found(app(), "transitive-blocking-call", "after the helper blocks again");
        await vscode.commands.executeCommand("workbench.action.files.revert");
    },

    async "the chain opens as a peek"() {
        editor = await vscode.window.showTextDocument(document);
        const [call] = await found(app(), "transitive-blocking-call");
        editor.selection = new vscode.Selection(call.range.start, call.range.start);
        await vscode.commands.executeCommand("awaitls.showChain");
        await vscode.commands.executeCommand("closeReferenceSearch");
    },

    async "the call hierarchy says what a call does"() {
        const at = document.positionAt(document.getText().indexOf("main"));
        const [item] = await until("a call hierarchy", () => vscode.commands.executeCommand("vscode.prepareCallHierarchy", app(), at));
        const calls = await vscode.commands.executeCommand("vscode.provideOutgoingCalls", item);
        const load = calls.find(({ to }) => to.name === "load");
        assert.match(load.to.detail, /blocks: time\.sleep/);
    },

    async "a rule is explained offline"() {
        await vscode.commands.executeCommand("awaitls.explainRule", "blocking-sleep");
        const label = await until("the page is shown", () => vscode.window.tabGroups.all.flatMap(({ tabs }) => tabs).find((tab) => tab.label.includes("blocking-sleep")));
        const page = vscode.workspace.textDocuments.find(({ uri }) => uri.scheme === "awaitls-rule");
        assert.match(page.getText(), /^# blocking-sleep\n/);
        await vscode.window.tabGroups.close(label);
    },

    async "a setting takes effect, and its default hides nothing"() {
        fs.writeFileSync(inFolder("awaitls.toml").fsPath, 'severity = { transitive-blocking-call = "warning" }\n');
        await until("the file's severity", async () => (await found(app(), "transitive-blocking-call"))[0].severity === vscode.DiagnosticSeverity.Warning);
        await setting("severity", { "transitive-blocking-call": "hint" }, vscode.ConfigurationTarget.Workspace);
        await until("the setting's severity", async () => (await found(app(), "transitive-blocking-call"))[0].severity === vscode.DiagnosticSeverity.Hint);
        await setting("severity", undefined, vscode.ConfigurationTarget.Workspace);
        await until("the file's severity again", async () => (await found(app(), "transitive-blocking-call"))[0].severity === vscode.DiagnosticSeverity.Warning);
        await setting("ignore", ["blocking"], vscode.ConfigurationTarget.Workspace);
        await found(app(), "", "while blocking is ignored");
        await setting("ignore", undefined, vscode.ConfigurationTarget.Workspace);
        await found(app(), "transitive-blocking-call", "when it is not any more");
        fs.unlinkSync(inFolder("awaitls.toml").fsPath);
    },

    async "the messages can be traced"() {
        await setting("trace.server", "messages");
        await setting("trace.server", undefined);
    },

    async "a notebook is served, and fixed as a whole"() {
        const notebook = await vscode.workspace.openNotebookDocument(inFolder("shop/trial.ipynb"));
        await vscode.window.showNotebookDocument(notebook);
        const cell = notebook.getCells().find(({ document: text }) => text.getText().includes("fetch()\n"));
        const [finding] = await found(cell.document.uri, "unawaited-coroutine");
        assert.strictEqual(cell.document.getText(finding.range), "fetch()");
        await actions(cell.document.uri, finding.range, isFix, "quickfix");
        const [all] = await actions(cell.document.uri, finding.range, ({ edit }) => edit, "notebook.source.fixAll.awaitls");
        assert.ok(await vscode.workspace.applyEdit(all.edit));
        await found(cell.document.uri, "");
        assert.match(cell.document.getText(), /await fetch\(\)/);
        await vscode.commands.executeCommand("workbench.action.revertAndCloseActiveEditor");
    },

    async "an untitled file is served"() {
        const untitled = await vscode.workspace.openTextDocument({ language: "python", content: "import time\n\n\nasync def f():\n    time.sleep(1)\n" });
        await vscode.window.showTextDocument(untitled);
        await found(untitled.uri, "blocking-sleep");
        await vscode.commands.executeCommand("workbench.action.revertAndCloseActiveEditor");
    },

    async "the whole workspace is checked on demand"() {
        const closed = inFolder("shop/closed.py");
        assert.deepStrictEqual(codes(closed), []);
        await vscode.commands.executeCommand("awaitls.checkWorkspace");
        await found(closed, "unawaited-coroutine");
        await vscode.commands.executeCommand("awaitls.checkOpenFiles");
        await found(closed, "", "when only open files are checked");
    },

    async "the workspace is fixed by one edit, which one undo takes back"() {
        const closed = inFolder("shop/closed.py");
        await open(app());
        await replace(document, "    load()\n", "    load()\n    announce()\n");
        await vscode.commands.executeCommand("awaitls.fixWorkspace", { confirm: false });
        const text = (await vscode.workspace.openTextDocument(closed)).getText();
        assert.match(text, /await fetch\(\)/);
        assert.ok(!/\n {4}announce\(\)/.test(document.getText()), document.getText());
        await vscode.commands.executeCommand("workbench.action.files.saveAll");
        await until("the closed file is saved", () => onDisk(closed).includes("await fetch()"));
    },

    async "a killed server is replaced"() {
        const before = api().server.pid;
        process.kill(before, "SIGKILL");
        await until("another server runs", () => api().server.state === "running" && api().server.pid !== before);
        const text = document.getText();
        await replace(document, "    load()\n", "    load()\n    announce()\n");
        await found(app(), "transitive-blocking-call unawaited-coroutine", "by the new server");
        await replace(document, document.getText(), text);
        await found(app(), "transitive-blocking-call");
    },

    async "the command restarts the server"() {
        const before = api().server.pid;
        await vscode.commands.executeCommand("awaitls.restart");
        assert.notStrictEqual(api().server.pid, before);
        assert.throws(() => process.kill(before, 0), "the old one is gone");
        await found(app(), "transitive-blocking-call");
    },

    async "one that crashes again and again stays stopped"() {
        for (let crash = 1; crash <= 5; ++crash) {
            const before = api().server.pid;
            process.kill(before, "SIGKILL");
            await until(`what follows crash ${crash}`, () => api().server.state === "failed" || (api().server.state === "running" && api().server.pid !== before));
        }
        assert.strictEqual(api().server.state, "failed");
        assert.match(api().server.problem.message, /crashed 5 times.*SIGKILL/);
        assert.deepStrictEqual(api().server.problem.remedies, ["restart", "showOutput"]);
        assert.deepStrictEqual(codes(app()), [], "the findings of a dead server are gone");
        await vscode.commands.executeCommand("awaitls.restart");
        await running("when asked to");
        await found(app(), "transitive-blocking-call");
    },
});
