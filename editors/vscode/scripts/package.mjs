// Makes the VSIX for one platform, with the server in it.
//   node scripts/package.mjs --target linux-x64 --binary PATH --out FILE

import { execFileSync } from "node:child_process";
import { chmodSync, copyFileSync, mkdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

import { createVSIX } from "@vscode/vsce";
import { build } from "esbuild";

import { icon } from "./icon.mjs";

const TARGETS = ["linux-x64", "linux-arm64", "linux-armhf", "alpine-x64", "alpine-arm64", "darwin-x64", "darwin-arm64", "win32-x64", "win32-arm64"];
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

async function bundle() {
    const outfile = inFolder("dist", "extension.js");
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
    if (size > MOST_BYTES) stop(`dist/extension.js has ${size} bytes, more than ${MOST_BYTES}`);
    return size;
}

const { target, binary, out } = options();
check();
for (const made of ["dist", "bin"]) {
    rmSync(inFolder(made), { recursive: true, force: true });
    mkdirSync(inFolder(made));
}
const size = await bundle();
writeFileSync(inFolder("dist", "icon.png"), icon());
const program = inFolder("bin", target.startsWith("win32") ? "awaitls.exe" : "awaitls");
copyFileSync(binary, program);
chmodSync(program, 0o755);
await createVSIX({ cwd: folder, target, packagePath: path.resolve(out), dependencies: false });
console.log(`${out}: ${statSync(out).size} bytes; the bundle has ${size}`);
