/** The commands of the palette. */

import * as vscode from 'vscode';
import { showChain } from './chain';
import { fixFile } from './fixes';
import { fixWorkspace } from './fixWorkspace';
import { RulePages } from './rules';
import { Server } from './server';
import { SECTION } from './settings';

export function registerCommands(server: Server, pages: RulePages, channel: vscode.LogOutputChannel, keys: readonly string[]): vscode.Disposable {
  const commands: Record<string, (...args: never[]) => unknown> = {
    restart: () => server.restart(),
    showOutput: () => channel.show(true),
    fixFile: () => fixFile(server),
    fixWorkspace: (options?: { confirm?: boolean }) => fixWorkspace(server, keys, options),
    explainRule: (rule?: unknown) => pages.explain(rule),
    showChain,
    checkWorkspace: () => setMode('workspace'),
    checkOpenFiles: () => setMode(undefined),
  };
  const registered = Object.entries(commands).map(([name, does]) => vscode.commands.registerCommand(`awaitls.${name}`, guarded(channel, does)));
  return vscode.Disposable.from(...registered);
}

/** What goes wrong is told in words, with the log at hand, in place of the editor's "command failed". */
function guarded(channel: vscode.LogOutputChannel, does: (...args: never[]) => unknown) {
  return async (...args: never[]) => {
    try {
      return await does(...args);
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error);
      channel.error(text);
      void vscode.window.showErrorMessage(`awaitls: ${text}`, 'Show Output').then((button) => button && channel.show(true));
      return undefined;
    }
  };
}

/** For the whole workspace, or for the user where no folder is open. */
async function setMode(mode: 'workspace' | undefined): Promise<void> {
  const target = vscode.workspace.workspaceFolders ? vscode.ConfigurationTarget.Workspace : vscode.ConfigurationTarget.Global;
  await vscode.workspace.getConfiguration(SECTION).update('diagnosticMode', mode, target);
  if (mode === 'workspace') await vscode.commands.executeCommand('workbench.actions.view.problems');
}
