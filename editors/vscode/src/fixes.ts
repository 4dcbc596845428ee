/** Edits that fix all safe problems of a file, asked from the server. */

import * as vscode from 'vscode';
import type { CodeAction, CodeActionParams, Command } from 'vscode-languageclient/node';
import type { Client } from './client';
import { Server } from './server';

const FILE_KIND = 'source.fixAll.awaitls';
const NOTEBOOK_KIND = 'notebook.source.fixAll.awaitls';
const INVOKED = 1; // CodeActionTriggerKind: somebody asked

/** The running client, or an error that says that there is none. */
export function runningClient(server: Server): Client {
  if (!server.client || server.state !== 'running') throw new Error(`awaitls is not running (${server.state})`);
  return server.client;
}

/** For a document that the server has; of a notebook any of its cells. Undefined where there is nothing to fix. */
export async function fixAllEdit(server: Server, document: vscode.TextDocument): Promise<vscode.WorkspaceEdit | undefined> {
  const client = runningClient(server);
  const only = [document.uri.scheme === 'vscode-notebook-cell' ? NOTEBOOK_KIND : FILE_KIND];
  const params: CodeActionParams = {
    textDocument: client.code2ProtocolConverter.asTextDocumentIdentifier(document),
    range: { start: { line: 0, character: 0 }, end: { line: document.lineCount, character: 0 } },
    context: { diagnostics: [], only, triggerKind: INVOKED },
  };
  const actions = (await client.sendRequest<(Command | CodeAction)[] | null>('textDocument/codeAction', params)) ?? [];
  const action = actions.find((candidate): candidate is CodeAction => 'kind' in candidate && only.includes(candidate.kind ?? ''));
  if (!action) return undefined;
  const resolved = action.edit ? action : await client.sendRequest<CodeAction>('codeAction/resolve', action);
  const edit = await client.protocol2CodeConverter.asWorkspaceEdit(resolved.edit);
  return edit && edit.size > 0 ? edit : undefined;
}

/** Fixes the document of the active editor. */
export async function fixFile(server: Server): Promise<void> {
  const document = vscode.window.activeTextEditor?.document;
  if (!document || document.languageId !== 'python') throw new Error('no Python file is active');
  const edit = await fixAllEdit(server, document);
  if (!edit) void vscode.window.setStatusBarMessage('awaitls: nothing here has a safe fix', 5_000);
  else if (!(await vscode.workspace.applyEdit(edit))) throw new Error('the file changed meanwhile; try again');
}
