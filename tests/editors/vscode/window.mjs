// A window of the real VS Code: the server of code-server's inner VS Code, and Chromium without a screen. All its state lies in
// a folder of its own. Reads the environment: VSCODE_SERVER (the folder lib/vscode of code-server), CHROMIUM, EXTENSIONS (where
// the extension is installed), WORK (an empty folder), TRUST (set: workspaces are not trusted by themselves).

import { spawn } from "node:child_process";
import { mkdirSync, openSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import process from "node:process";

import { chromium } from "playwright-core";

const { VSCODE_SERVER, CHROMIUM = "/usr/bin/chromium", EXTENSIONS, WORK, TRUST } = process.env;

// What would draw attention, or reach for the network.
const QUIET = {
    "chat.disableAIFeatures": true,
    "editor.minimap.enabled": false,
    "extensions.autoCheckUpdates": false,
    "extensions.autoUpdate": false,
    "extensions.ignoreRecommendations": true,
    "files.autoSave": "off",
    "git.enabled": false,
    "security.workspace.trust.startupPrompt": "never",
    "telemetry.telemetryLevel": "off",
    "window.commandCenter": false,
    "workbench.colorTheme": "Default Light Modern",
    "workbench.enableExperiments": false,
    "workbench.secondarySideBar.defaultVisibility": "hidden",
    "workbench.startupEditor": "none",
};

const CHROMIUM_FLAGS = [
    ...["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-quic", "--no-first-run"],
    ...["--disable-background-networking", "--disable-component-update", "--disable-sync"],
];

const folder = (name) => {
    const made = path.join(WORK, name);
    mkdirSync(made, { recursive: true });
    return made;
};

/** The server, once it says where it listens. */
async function startServer(log) {
    const args = [
        path.join(VSCODE_SERVER, "out", "server-main.js"),
        ...["--host", "127.0.0.1", "--port", "0", "--without-connection-token", "--accept-server-license-terms"],
        ...["--enable-smoke-test-driver", "--telemetry-level", "off", ...(TRUST ? [] : ["--disable-workspace-trust"])],
        ...["--server-data-dir", folder("server"), "--user-data-dir", folder("user"), "--extensions-dir", EXTENSIONS],
    ];
    const server = spawn(process.execPath, args, { stdio: ["ignore", "pipe", openSync(log, "a")], env: { ...process.env, HOME: folder("home") } });
    const port = await new Promise((resolve, reject) => {
        let said = "";
        server.stdout.on("data", (data) => {
            said += data;
            const match = /listening on (\d+)/.exec(said);
            if (match) resolve(match[1]);
        });
        server.once("error", reject);
        server.once("exit", (status) => reject(new Error(`VS Code's server ended with status ${status}; it wrote: ${said}${readFileSync(log)}`)));
    });
    return { server, authority: `127.0.0.1:${port}` };
}

/**
 * Opens a window. `query` makes the parameters of its address, for the server's authority; `prepare` is run on the page before that is
 * loaded. Returns the page and what closes everything.
 */
export async function openWindow({ settings = {}, query, prepare = () => {}, viewport = { width: 1280, height: 800 } }) {
    const log = path.join(WORK, "vscode.log");
    mkdirSync(path.join(folder("user"), "User"), { recursive: true });
    writeFileSync(path.join(WORK, "user", "User", "settings.json"), JSON.stringify({ ...QUIET, ...settings }));
    const { server, authority } = await startServer(log);
    const gone = new Promise((resolve) => server.once("exit", resolve));
    let browser;
    const close = async () => {
        await browser?.close();
        server.kill("SIGTERM");
        await gone;
    };
    try {
        browser = await chromium.launchPersistentContext(folder("chromium"), { executablePath: CHROMIUM, headless: true, viewport, args: CHROMIUM_FLAGS });
        const page = browser.pages()[0] ?? (await browser.newPage());
        await prepare(page);
        const address = new URL(`http://${authority}/`);
        for (const [name, value] of Object.entries(query(authority))) address.searchParams.set(name, value);
        await page.goto(address.href);
        return { page, close };
    } catch (error) {
        await close();
        throw error;
    }
}

/** How the window names a file of this machine. */
export const remote = (authority, file) => `vscode-remote://${authority}${file}`;
