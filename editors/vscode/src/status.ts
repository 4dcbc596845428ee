/** The server's state beside the language of Python files. Nothing in it moves while one types. */

import * as path from 'node:path';
import * as vscode from 'vscode';
import { Server } from './server';

export function createStatus(server: Server): vscode.Disposable {
  const item = vscode.languages.createLanguageStatusItem('awaitls.status', { language: 'python' });
  item.name = 'awaitls';
  const update = () => {
    const { state, binary, problem } = server;
    item.busy = state === 'starting';
    item.severity = state === 'failed' ? vscode.LanguageStatusSeverity.Error : vscode.LanguageStatusSeverity.Information;
    item.text = state === 'running' ? `awaitls ${binary?.version}` : `awaitls: ${state}`;
    item.detail = state === 'failed' ? problem?.message : binary && `${binary.source}: ${path.normalize(binary.path)}`;
    item.command =
      state === 'failed' || state === 'stopped'
        ? { command: 'awaitls.restart', title: 'Restart Server' }
        : { command: 'awaitls.showOutput', title: 'Show Output' };
  };
  update();
  return vscode.Disposable.from(item, server.onDidChangeState(update));
}
