import * as path from 'node:path';
import * as vscode from 'vscode';
import { findBinary } from './binary';
import { registerCommands } from './commands';
import { show } from './problem';
import { RulePages } from './rules';
import { Server } from './server';
import { SECTION, serverKeys } from './settings';
import { createStatus } from './status';

/** What tests and other extensions see of this one. */
export interface Api {
  readonly server: Pick<Server, 'state' | 'pid' | 'binary' | 'problem' | 'onDidChangeState'>;
  /** Milliseconds that `activate` itself took. */
  readonly activationTime: number;
}

let server: Server | undefined;

export function activate(context: vscode.ExtensionContext): Api {
  const begin = performance.now();
  const channel = vscode.window.createOutputChannel('awaitls', { log: true });
  const keys = serverKeys(context.extension);
  let settingIsSetAside = false; // by the button of a message, until the window is loaded again

  const running = new Server({
    channel,
    keys,
    find: () =>
      findBinary({
        setting: settingIsSetAside ? '' : vscode.workspace.getConfiguration(SECTION).get('server.path', '').trim(),
        bundled: context.asAbsolutePath(path.join('bin', process.platform === 'win32' ? 'awaitls.exe' : 'awaitls')),
        trusted: vscode.workspace.isTrusted,
        folders: (vscode.workspace.workspaceFolders ?? []).filter(({ uri }) => uri.scheme === 'file').map(({ uri }) => uri.fsPath),
        needed: oldestServer(context.extension.packageJSON.version),
        log: (text) => channel.info(text),
      }),
    report: (problem) =>
      show(problem, {
        openSettings: () => vscode.commands.executeCommand('workbench.action.openSettings', '@id:awaitls.server.path'),
        useBundled: () => {
          settingIsSetAside = true;
          return running.restart();
        },
        restart: () => running.restart(),
        showOutput: () => channel.show(true),
        trust: () => vscode.commands.executeCommand('workbench.trust.manage'),
      }),
  });
  server = running;

  const pages = new RulePages(running);
  context.subscriptions.push(
    channel,
    running,
    createStatus(running),
    pages.register(),
    registerCommands(running, pages, channel, keys),
    vscode.workspace.onDidGrantWorkspaceTrust(() => running.restart()),
    vscode.workspace.onDidChangeConfiguration((event) => {
      if (event.affectsConfiguration(`${SECTION}.server.path`)) void running.restart();
    }),
  );
  void running.restart(); // activation does not wait for it
  return { server: running, activationTime: performance.now() - begin };
}

export async function deactivate(): Promise<void> {
  await server?.stop();
}

/** Servers and extensions are released together; a later patch of a release goes with an earlier one. */
function oldestServer(version: string): string {
  return version.replace(/\.\d+$/, '.0');
}
