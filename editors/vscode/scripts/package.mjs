// Makes the VSIX for one platform, with the server in it. What it makes on the way lies outside of the sources.
//   node scripts/package.mjs --target linux-x64 --binary PATH --out FILE

import { execFileSync } from "node:child_process";
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

import { createVSIX } from "@vscode/vsce";
import { build } from "esbuild";

import { icon } from "./icon.mjs";

const TARGETS = ["linux-x64", "linux-arm64", "linux-armhf", "alpine-x64", "alpine-arm64", "darwin-x64", "darwin-arm64", "win32-x64", "win32-arm64"];
const FILES = ["package.json", "README.md", "CHANGELOG.md", "LICENSE", ".vscodeignore"];
const MOST_BYTES = 500_000; // of the bundle: it is read at each start of a window that has Python

const folder = fileURLToPath(new URL("..", import.meta.url));
const inFolder = (...parts) => path.join(folder, ...parts);

function stop(message) {
    console.error(`error: ${message}`);
    process.exit(2);
}

function options() {
    const { values } = parseArgs({ options: { target: { type: "string" }, binary: { type: "string" }, out: { type: "string" } } });
    if (!TARGETS.includes(values.target)) stop(`--target is one of ${TARGETS.join(", ")}`);
    if (!values.binary || !values.out) stop("--binary and --out are needed");
    return values;
}

/** What a person has to mend before there is anything to pack. */
function check() {
    for (const script of [["scripts/settings.mjs", "--check"], ["node_modules/typescript/bin/tsc", "--noEmit"]]) {
        try {
            execFileSync(process.execPath, script, { cwd: folder, stdio: "inherit" });
        } catch {
            process.exit(1);
        }
    }
}

async function bundle(outfile) {
    await build({
        entryPoints: [inFolder("src", "extension.ts")],
        outfile,
        bundle: true,
        minify: true,
        platform: "node",
        target: "node20",
        format: "cjs",
        external: ["vscode"],
        logLevel: "warning",
    });
    const { size } = statSync(outfile);
    if (size > MOST_BYTES) stop(`the bundle has ${size} bytes, more than ${MOST_BYTES}`);
    return size;
}

/** Where links of the README lead that are relative to the extension's folder in the repository. */
function links() {
    const { url, directory } = JSON.parse(readFileSync(inFolder("package.json"), "utf8")).repository;
    const repository = url.replace(/\.git$/, "");
    return { baseContentUrl: `${repository}/blob/HEAD/${directory}`, baseImagesUrl: `${repository}/raw/HEAD/${directory}` };
}

const { target, binary, out } = options();
check();
const stage = mkdtempSync(path.join(tmpdir(), "awaitls-vscode-"));
try {
    for (const name of FILES) copyFileSync(inFolder(name), path.join(stage, name));
    for (const made of ["dist", "bin"]) mkdirSync(path.join(stage, made));
    const size = await bundle(path.join(stage, "dist", "extension.js"));
    writeFileSync(path.join(stage, "dist", "icon.png"), icon());
    const program = path.join(stage, "bin", target.startsWith("win32") ? "awaitls.exe" : "awaitls");
    copyFileSync(binary, program);
    chmodSync(program, 0o755);
    await createVSIX({ cwd: stage, target, packagePath: path.resolve(out), dependencies: false, ...links() });
    console.log(`${out}: ${statSync(out).size} bytes; the bundle has ${size}`);
} finally {
    rmSync(stage, { recursive: true, force: true });
}
