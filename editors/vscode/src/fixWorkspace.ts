/** Fixes all safe problems of the workspace: one edit over all files, which one undo takes back. */

import { execFile } from 'node:child_process';
import * as vscode from 'vscode';
import { fixAllEdit, runningClient } from './fixes';
import { Server } from './server';
import { sectionFor } from './settings';
import { toToml } from './toml';

interface Options {
  /** False: the edit is made without a question. */
  confirm?: boolean;
}

export async function fixWorkspace(server: Server, keys: readonly string[], options: Options = {}): Promise<void> {
  runningClient(server);
  const where = { location: vscode.ProgressLocation.Window, title: 'awaitls: fixing the workspace' };
  const { edit, files } = await vscode.window.withProgress(where, () => collect(server, keys));
  if (files === 0) {
    void vscode.window.showInformationMessage('awaitls: nothing in the workspace has a safe fix.');
    return;
  }
  if (options.confirm !== false) {
    const words = files === 1 ? 'Fix all safe problems of one file?' : `Fix all safe problems of ${files} files?`;
    if ((await vscode.window.showInformationMessage(words, { modal: true }, 'Fix')) !== 'Fix') return;
  }
  if (!(await vscode.workspace.applyEdit(edit, { isRefactoring: true }))) throw new Error('a file changed meanwhile; try again');
}

async function collect(server: Server, keys: readonly string[]): Promise<{ edit: vscode.WorkspaceEdit; files: number }> {
  const edit = new vscode.WorkspaceEdit();
  const open = vscode.workspace.textDocuments.filter((document) => document.languageId === 'python' && document.uri.scheme === 'file');
  const candidates = new Map(open.map((document) => [document.uri.toString(), document.uri]));
  for (const folder of vscode.workspace.workspaceFolders ?? []) {
    if (folder.uri.scheme !== 'file') continue;
    for (const file of await filesWithFixes(server, folder, keys)) {
      const uri = vscode.Uri.file(file);
      candidates.set(uri.toString(), uri);
    }
  }
  let files = 0;
  for (const uri of candidates.values()) {
    const one = await fixAllEdit(server, await vscode.workspace.openTextDocument(uri));
    for (const [target, edits] of one?.entries() ?? []) edit.set(target, edits);
    if (one) ++files;
  }
  return { edit, files };
}

/** Python files of a folder in which `check` finds what has a safe fix, by the settings that hold for the folder. */
async function filesWithFixes(server: Server, folder: vscode.WorkspaceFolder, keys: readonly string[]): Promise<string[]> {
  const args = ['check', '--output-format', 'json', '--exit-zero'];
  for (const [key, value] of Object.entries(sectionFor(keys, folder.uri))) {
    const option = key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
    if (!EDITOR_ONLY.has(key)) args.push('--config', `${option}=${toToml(value)}`);
  }
  const findings: { filename: string; fix: { applicability: string } | null }[] = JSON.parse(await run(server, [...args, '--', folder.uri.fsPath]));
  const safe = findings.filter((finding) => finding.fix?.applicability === 'safe' && !finding.filename.endsWith('.ipynb'));
  return [...new Set(safe.map((finding) => finding.filename))];
}

const EDITOR_ONLY = new Set(['diagnosticMode', 'logLevel']);

function run(server: Server, args: string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(server.binary!.path, args, { maxBuffer: 1 << 30 }, (error, stdout, stderr) => {
      if (error) reject(new Error(stderr.trim() || error.message));
      else resolve(stdout);
    });
  });
}
