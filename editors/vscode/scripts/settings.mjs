// Writes the settings of package.json from docs/awaitls.schema.json: one for each option of the configuration, and the few that
// are an editor's alone.   node scripts/settings.mjs [--check]

import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const manifestFile = fileURLToPath(new URL("../package.json", import.meta.url));
const schemaFile = fileURLToPath(new URL("../../../docs/awaitls.schema.json", import.meta.url));

const schema = JSON.parse(readFileSync(schemaFile, "utf8"));

const own = {
    "awaitls.server.path": {
        type: "string",
        default: "",
        scope: "machine-overridable",
        markdownDescription:
            "The server to run in place of the one that the extension brings. `${workspaceFolder}`, `${userHome}` and `${env:NAME}` " +
            "are replaced. Only in trusted workspaces.",
    },
    "awaitls.diagnosticMode": {
        type: "string",
        enum: ["openFiles", "workspace"],
        enumDescriptions: ["Findings of open files.", "Findings of all Python files of the workspace."],
        default: "openFiles",
        scope: "resource",
        description: "Which files findings are shown for.",
    },
    "awaitls.logLevel": {
        type: "string",
        enum: ["error", "warning", "info", "debug"],
        default: "info",
        scope: "window",
        description: "How much the server writes to the output channel.",
    },
    "awaitls.trace.server": {
        type: "string",
        enum: ["off", "messages", "compact", "verbose"],
        default: "off",
        scope: "window",
        description: "Writes the messages between VS Code and the server to the output channel.",
    },
};

/** The schema of an option with what it refers to put in its place: settings know no references. */
function inlined(option) {
    if (Array.isArray(option)) return option.map(inlined);
    if (typeof option !== "object" || option === null) return option;
    if (option.$ref) return selector(inlined(option.$ref.split("/").slice(1).reduce((at, key) => at[key], schema)));
    return Object.fromEntries(Object.entries(option).map(([key, value]) => [key, inlined(value)]));
}

/** The editor of settings shows lists of plain strings only: the names are examples, which complete, and a pattern checks. */
function selector({ description, anyOf: [named, codes] }) {
    const all = [...named.enum, codes.pattern.replace(/^\^\(|\)\$$/g, "")];
    return {
        type: "string",
        examples: named.enum,
        pattern: `^(${all.join("|")})$`,
        patternErrorMessage: `Not known. ${description}`,
    };
}

const camelCase = (key) => key.replace(/-([a-z])/g, (_, letter) => letter.toUpperCase());

function setting({ description, ...option }) {
    const { type, items, ...rest } = inlined(option);
    // A string alone is the short form of a list of one: the editor of settings knows lists.
    const list = Array.isArray(type) && type.includes("array") && type.includes("string");
    // A number that is not set is shown as 0 unless it may be nothing.
    const unset = type === "integer" && !("default" in rest) ? { type: [type, "null"], default: null } : {};
    return { type: list ? "array" : type, ...(items && { items }), ...rest, ...unset, scope: "resource", markdownDescription: description };
}

const properties = { ...own };
for (const [key, option] of Object.entries(schema.properties)) properties[`awaitls.${camelCase(key)}`] = setting(option);

const before = readFileSync(manifestFile, "utf8");
const manifest = JSON.parse(before);
manifest.contributes.configuration = { title: "awaitls", properties };
// Lists of words stand on one line each.
const text = JSON.stringify(manifest, null, 4).replace(/\[\s+("[^"]*"(?:,\s+"[^"]*")*)\s+\]/g, (_, words) => `[${words.replace(/,\s+/g, ", ")}]`);
const after = text + "\n";
if (process.argv.includes("--check")) {
    if (after !== before) {
        console.error("the settings in package.json are not those of docs/awaitls.schema.json: npm run settings writes them");
        process.exit(1);
    }
} else {
    writeFileSync(manifestFile, after);
}
