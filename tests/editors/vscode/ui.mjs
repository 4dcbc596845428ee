// What a person sees:  node ui.mjs FOLDER, a copy of docs/tour. Ends with status 1 where something is not seen; SCREENSHOTS is a
// folder for pictures of it.

import { readFileSync } from "node:fs";
import path from "node:path";
import process from "node:process";

import { openWindow } from "./window.mjs";

const [folder] = process.argv.slice(2);
const { SCREENSHOTS, WORK, STEP_PATIENCE = "30000" } = process.env;
const patience = Number(STEP_PATIENCE); // milliseconds; nothing waits that long unless it is broken

const SETTINGS = {
    "awaitls.server.path": "${workspaceFolder}/tools/awaitls", // which is not there
    "breadcrumbs.enabled": false,
    "editor.fontSize": 14,
    "editor.hover.delay": 100,
    "editor.occurrencesHighlight": "off",
    "editor.selectionHighlight": false,
    "editor.stickyScroll.enabled": false,
    "explorer.compactFolders": false,
    "problems.sortOrder": "position",
    "workbench.activityBar.location": "hidden",
    "workbench.layoutControl.enabled": false,
    "workbench.tree.renderIndentGuides": "none",
};

function check(what, holds, seen) {
    if (!holds) throw new Error(`${what}; seen: ${JSON.stringify(seen)}`);
    console.log(`ok: ${what}`);
}

async function until(what, look) {
    const end = Date.now() + patience;
    let seen;
    while (!(seen = await look())) {
        if (Date.now() > end) throw new Error(`${what}: it did not happen`);
        await new Promise((resolve) => setTimeout(resolve, 50));
    }
    return seen;
}

const { page, close } = await openWindow({ settings: SETTINGS, query: () => ({ folder }), viewport: { width: 1040, height: 620 } });
page.setDefaultTimeout(patience);

const picture = (name) => SCREENSHOTS && page.screenshot({ path: path.join(SCREENSHOTS, `${name}.png`) });

const comes = (locator) => locator.waitFor({ timeout: 3000 }).then(
    () => true,
    () => false,
);

/** Opens the quick input by its key, and accepts the text once a row fits. A key that comes while the focus moves is lost. */
async function accept(key, text, row) {
    const input = page.locator(".quick-input-widget:visible input").first();
    await until(`"${text}" is accepted`, async () => {
        await page.keyboard.press(key);
        if (!(await comes(input))) return false;
        await input.fill(text);
        if (await comes(page.locator(".quick-input-list .monaco-list-row", { hasText: row }).first())) {
            await input.press("Enter");
            return true;
        }
        await page.keyboard.press("Escape");
        return false;
    });
    await page.locator(".quick-input-widget:visible").waitFor({ state: "detached" });
}

/** Runs a command of the palette. */
const command = (title) => accept("F1", `>${title}`, title);

/** Opens a file by the tree of files: what searches for files by name is not part of the npm package. */
async function openFile(folder, file) {
    const rows = page.locator(".explorer-folders-view .monaco-list-row");
    const row = rows.filter({ hasText: file });
    await until(`${file} is in the tree`, async () => {
        if (await row.count()) return true;
        await rows.filter({ hasText: folder }).first().click();
        return comes(row.first());
    });
    await row.first().dblclick();
    await page.locator(".tab.active", { hasText: file }).waitFor();
}

/** Goes to a place in a file that is open. */
async function goTo(file, line, column) {
    await page.locator(".tab", { hasText: file }).click();
    await page.locator(".tab.active", { hasText: file }).waitFor();
    await accept("Control+g", `:${line}:${column}`, `${line}`);
    await page.locator(".statusbar-item", { hasText: `Ln ${line}, Col ${column}` }).waitFor();
}

const texts = (selector) => page.locator(selector).allInnerTexts();
// Spaces of the editor are no-break spaces.
const plain = (text) => text.replace(/\u00a0/g, " ");

const menu = () => page.locator(".action-widget .monaco-list-row");

/** Opens the menu of the light bulb at the cursor. A key that comes while the focus moves is lost. */
async function openMenu(item) {
    await until(`the menu offers "${item}"`, async () => {
        if (await menu().filter({ hasText: item }).count()) return true;
        await page.keyboard.press("Escape");
        await page.keyboard.press("Control+.");
        await comes(menu().first());
        return false;
    });
}

async function session() {
    await page.locator(".explorer-folders-view .monaco-list-row").first().waitFor();
    await openFile("pricewatch", "alerts.py");
    await openFile("pricewatch", "store.py");
    await command("View: Toggle Primary Side Bar Visibility");

    const message = page.locator(".notification-toast", { hasText: "awaitls.server.path does not work" });
    await message.waitFor();
    check("a message tells what is wrong with the settings", /there is no file .*\/tools\/awaitls/.test(await message.innerText()), await message.innerText());
    await message.getByRole("button", { name: "Use Bundled Server" }).click();
    console.log("ok: its button starts the bundled server");

    await goTo("store.py", 57, 9);
    const squiggle = page.locator(".monaco-editor .squiggly-error");
    await squiggle.first().waitFor();
    console.log("ok: the call is underlined");

    await command("Problems: Focus on Problems View");
    const row = page.locator(".markers-panel .monaco-list-row", { hasText: "blocks the event loop" });
    await row.first().waitFor();
    const problem = await row.first().innerText();
    check("the row of the problem names the chain and the rule", /insert_quote -> sqlite3\.connect/.test(problem) && /awaitls\s+transitive-blocking-call/.test(problem), problem);

    await page.locator(".view-line span", { hasText: "_remember" }).first().hover();
    const hover = page.locator(".monaco-hover:visible", { hasText: "transitive-blocking-call" });
    await hover.first().waitFor();
    // The editor shows the finding at once, and the server's words when they have come.
    const said = await until("the hover says why", async () => {
        const text = plain((await hover.allInnerTexts()).join("\n"));
        return /further down/.test(text) && /About this rule/.test(text) && text;
    });
    check("it says so once", said.split("blocks the event loop: Store._remember").length === 2, said);
    await picture("vscode-finding");
    await page.keyboard.press("Escape");

    await goTo("store.py", 57, 9);
    await openMenu("awaitls: show why this call blocks");
    const offered = (await menu().allInnerTexts()).map(plain);
    check("the menu explains, and suppresses last", offered.at(-1).includes("awaitls: ignore transitive-blocking-call") && offered.at(-2).includes("awaitls: explain transitive-blocking-call"), offered);
    await page.keyboard.press("Escape");

    await command("View: Hide Panel");
    await goTo("store.py", 57, 9);
    await command("awaitls: Show Why This Call Blocks");
    const peek = page.locator(".peekview-widget");
    const step = (text) => peek.locator(".ref-tree .monaco-list-row", { hasText: text });
    await step("insert_quote(self._path, quote)").waitFor();
    await step("sqlite3.connect(path)").click();
    await until("the peek shows what blocks", async () => plain((await texts(".peekview-widget .view-lines")).join("\n")).includes("connection = sqlite3.connect(path)"));
    console.log("ok: the chain is shown in a peek");
    await picture("vscode-chain");
    await page.keyboard.press("Escape");
    await peek.waitFor({ state: "detached" });

    await goTo("store.py", 54, 16);
    await command("awaitls: Show Why This Call Blocks");
    await page.locator(".call-hierarchy .monaco-list-row", { hasText: "_remember" }).first().waitFor();
    const calls = plain((await texts(".call-hierarchy .monaco-list-row")).join("\n"));
    check("without a finding the calls of the function are shown, and what they do", /_remember.*blocks: sqlite3\.connect/.test(calls), calls);
    await page.keyboard.press("Escape");

    await goTo("alerts.py", 64, 12);
    await page.locator(".monaco-editor .squiggly-warning").first().waitFor();
    await openMenu("Insert `await`");
    const fixes = (await menu().allInnerTexts()).map(plain);
    const titles = fixes.filter((title) => title.trim() !== "Quick Fix");
    check("the first fix is the best", titles[0].includes("Insert `await`"), fixes);
    await picture("vscode-fix");
    await page.keyboard.press("Enter"); // a click may meet the layer that closes the menu
    await until("the fix is made", async () => plain((await texts(".monaco-editor .view-line")).join("\n")).includes("await self.is_muted("));
    await page.keyboard.press("Control+s");
    await until("the fix is saved", () => readFileSync(path.join(folder, "pricewatch", "alerts.py"), "utf8").includes("await self.is_muted("));
    console.log("ok: the fix is made and saved");

    await page.locator(".statusbar-item", { has: page.locator(".codicon-bracket, .codicon-bracket-dot, .codicon-bracket-error") }).first().click();
    const status = page.locator(".hover-language-status", { hasText: "awaitls" });
    await status.first().waitFor();
    const state = await status.first().innerText();
    check("the status tells the version", /awaitls \d+\.\d+\.\d+/.test(state), state);
    await page.keyboard.press("Escape");

    const toasts = await texts(".notification-toast");
    check("no other message pops up", toasts.length === 0, toasts);
}

let status = 1;
try {
    await session();
    status = 0;
} catch (error) {
    console.log(`FAIL ${error.stack ?? error}`);
    await page.screenshot({ path: path.join(WORK, "failure.png") }).catch(() => undefined);
    console.log(`what is seen then: ${path.join(WORK, "failure.png")}`);
}
await close();
process.exit(status);
