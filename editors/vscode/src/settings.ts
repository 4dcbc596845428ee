/** The settings as the server reads them: those that somebody set, and no defaults. */

import * as vscode from 'vscode';

export const SECTION = 'awaitls';
/** Settings for the extension, not for the server. */
const OWN = ['server.', 'trace.'];

/**
 * The section for a resource. VS Code's own answer holds the defaults of all settings, which would hide what the project's files
 * say: an editor's settings come on top of them.
 */
export function sectionFor(keys: readonly string[], uri: vscode.Uri | undefined): Record<string, unknown> {
  const configuration = vscode.workspace.getConfiguration(SECTION, uri ?? null);
  const section: Record<string, unknown> = {};
  for (const key of keys) {
    const said = configuration.inspect(key);
    const values = [said?.globalValue, said?.workspaceValue, said?.workspaceFolderValue];
    if (values.some((value) => value !== undefined && value !== null)) section[key] = configuration.get(key);
  }
  return section;
}

/** The keys of the settings that the extension declares for the server, without the prefix. */
export function serverKeys(extension: vscode.Extension<unknown>): string[] {
  const properties: object = extension.packageJSON.contributes.configuration.properties;
  return Object.keys(properties)
    .map((name) => name.slice(SECTION.length + 1))
    .filter((key) => !OWN.some((prefix) => key.startsWith(prefix)));
}
