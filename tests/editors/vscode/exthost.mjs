// Runs a module inside the extension host of a real VS Code:  node exthost.mjs WORKSPACE MODULE
// WORKSPACE is a folder or a .code-workspace file; the module exports run(), which throws where something is wrong. Ends with status
// 1 then, and tells what the module logged. SETTINGS are the user's, as JSON; PATIENCE is how many milliseconds all of it may take.

import { appendFileSync, mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import process from "node:process";

import { openWindow, remote } from "./window.mjs";

const [workspace, module] = process.argv.slice(2);
const patience = Number(process.env.PATIENCE ?? 120_000);

// The extension under test is the one that is installed; what is "developed" here is empty.
const nothing = path.join(process.env.WORK, "nothing");
mkdirSync(nothing, { recursive: true });
writeFileSync(path.join(nothing, "package.json"), JSON.stringify({ name: "nothing", publisher: "tests", version: "0.0.1", engines: { vscode: "^1.91.0" } }));

let ended;
const done = new Promise((resolve) => (ended = resolve));
let status = 1;
try {
    const { close } = await openWindow({
        settings: JSON.parse(process.env.SETTINGS ?? "{}"),
        query: (authority) => ({
            [workspace.endsWith(".code-workspace") ? "workspace" : "folder"]: workspace,
            payload: JSON.stringify([
                ["extensionDevelopmentPath", remote(authority, nothing)],
                ["extensionTestsPath", remote(authority, path.resolve(module))],
            ]),
        }),
        prepare: async (page) => {
            await page.exposeFunction("codeAutomationExit", (code) => ended(code));
            // The session's words are of the type "info"; what VS Code itself has to say is kept.
            await page.exposeFunction("codeAutomationLog", (type, args) => {
                if (type === "info") console.log(...args);
                else appendFileSync(path.join(process.env.WORK, "console.log"), `${type} ${args.join(" ")}\n`);
            });
        },
    });
    const tooLong = setTimeout(() => {
        console.log(`FAIL the session has not ended after ${patience} ms`);
        ended(1);
    }, patience);
    status = await done;
    clearTimeout(tooLong);
    await close();
} catch (error) {
    console.log("FAIL", error);
}
process.exit(status);
