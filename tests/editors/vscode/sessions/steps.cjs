// What the sessions share: waiting for what the editor tells, and the acts of a person.

const assert = require("node:assert");
const fs = require("node:fs");
const vscode = require("vscode");

const PATIENCE = Number(process.env.STEP_PATIENCE ?? 30_000); // milliseconds; nothing waits that long unless it is broken

/** Waits until `check` gives a value; events of the editor and of the server are few enough to look again and again. */
async function until(what, check) {
    const end = Date.now() + PATIENCE;
    for (;;) {
        const value = await check();
        if (value) return value;
        if (Date.now() > end) throw new Error(`${what}: it did not happen`);
        await new Promise((resolve) => setTimeout(resolve, 20));
    }
}

const extension = () => vscode.extensions.getExtension("awaitls.awaitls");
/** What the extension shows of itself; undefined before it is active. */
const api = () => (extension().isActive ? extension().exports : undefined);

const inFolder = (name, folder = 0) => vscode.Uri.joinPath(vscode.workspace.workspaceFolders[folder].uri, name);

async function open(uri) {
    const document = await vscode.workspace.openTextDocument(uri);
    const editor = await vscode.window.showTextDocument(document, { preview: false });
    return { document, editor };
}

const findings = (uri) => vscode.languages.getDiagnostics(uri).filter((diagnostic) => diagnostic.source === "awaitls");
const codes = (uri) => findings(uri).map((finding) => finding.code.value);
const summary = (uri) => codes(uri).sort().join(" ");

/** Waits until a document has just these findings, by the names of their rules, in alphabetical order. */
async function found(uri, wanted, what = `findings of ${uri.path}`) {
    let last;
    await until(`${what}: "${wanted}"`, () => (last = summary(uri)) === wanted).catch((error) => {
        throw new Error(`${error.message}; last seen: "${last}"`);
    });
    return findings(uri);
}

async function replace(document, before, after) {
    const at = document.getText().indexOf(before);
    assert.ok(at >= 0, `"${before}" is in ${document.uri.path}`);
    const edit = new vscode.WorkspaceEdit();
    edit.replace(document.uri, new vscode.Range(document.positionAt(at), document.positionAt(at + before.length)), after);
    assert.ok(await vscode.workspace.applyEdit(edit));
}

/** The code actions at a range once there are some that fit: the window may learn of the provider after the findings. */
async function actions(uri, range, fits, kind) {
    return until(`code actions of ${uri.path}`, async () => {
        const offered = (await vscode.commands.executeCommand("vscode.executeCodeActionProvider", uri, range, kind, 100)) ?? [];
        const fitting = offered.filter(fits);
        return fitting.length ? fitting : undefined;
    });
}

async function hoverText(uri, position) {
    const hovers = await vscode.commands.executeCommand("vscode.executeHoverProvider", uri, position);
    return hovers.flatMap((hover) => hover.contents.map((content) => content.value ?? content)).join("\n");
}

const running = (what) => until(`the server runs ${what}`, () => api().server.state === "running");

const setting = (name, value, target = vscode.ConfigurationTarget.Global) => vscode.workspace.getConfiguration("awaitls").update(name, value, target);

const onDisk = (uri) => fs.readFileSync(uri.fsPath, "utf8");

/** Runs the steps in turn, and says which ones are done. */
function session(steps) {
    return async () => {
        console.log(`VS Code ${vscode.version}`);
        for (const [name, step] of Object.entries(steps)) {
            const begin = performance.now();
            try {
                await step();
            } catch (error) {
                console.log(`FAIL ${name}: ${error.stack ?? error}`);
                throw error;
            }
            console.log(`ok: ${name} (${Math.round(performance.now() - begin)} ms)`);
        }
    };
}

module.exports = { actions, api, assert, codes, extension, findings, found, fs, hoverText, inFolder, onDisk, open, replace, running, session, setting, until, vscode };
