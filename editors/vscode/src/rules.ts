/** Pages of rules, from the server's own text: they need no network. */

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import * as vscode from 'vscode';
import { findingsAt, ruleOf } from './findings';
import { Server } from './server';

const SCHEME = 'awaitls-rule';
const execute = promisify(execFile);

interface RuleInfo {
  name: string;
  category: string;
  severity: string;
  on_by_default: boolean;
  summary: string;
}

export class RulePages implements vscode.TextDocumentContentProvider {
  constructor(private readonly server: Server) {}

  register(): vscode.Disposable {
    return vscode.workspace.registerTextDocumentContentProvider(SCHEME, this);
  }

  async provideTextDocumentContent(uri: vscode.Uri): Promise<string> {
    const name = uri.path.replace(/^\//, '').replace(/\.md$/, '');
    return await this.ask('rule', '--', name);
  }

  /** Opens the page of a rule: the one named, that of the finding at the cursor, or one that the user picks. */
  async explain(wanted?: unknown): Promise<void> {
    const name = typeof wanted === 'string' ? wanted : (ruleAtCursor() ?? (await this.pick()));
    if (!name) return;
    const uri = vscode.Uri.from({ scheme: SCHEME, path: `/${name}.md` });
    const document = await vscode.workspace.openTextDocument(uri);
    await vscode.commands.executeCommand('markdown.showPreview', uri).then(undefined, () =>
      // The built-in preview can be disabled.
      vscode.window.showTextDocument(document, { preview: true }),
    );
  }

  private async pick(): Promise<string | undefined> {
    const rules: RuleInfo[] = JSON.parse(await this.ask('rule', '--all', '--output-format', 'json'));
    const items = rules.map((rule) => ({
      label: rule.name,
      description: `${rule.category}, ${rule.on_by_default ? rule.severity : 'off by default'}`,
      detail: rule.summary,
    }));
    const picked = await vscode.window.showQuickPick(items, { placeHolder: 'Explain a rule', matchOnDetail: true });
    return picked?.label;
  }

  private async ask(...args: string[]): Promise<string> {
    if (!this.server.binary) throw new Error('awaitls is not running');
    const { stdout } = await execute(this.server.binary.path, args, { maxBuffer: 16 << 20 }).catch((error: { stderr?: string }) => {
      throw new Error(error.stderr?.trim() || String(error));
    });
    return stdout;
  }
}

function ruleAtCursor(): string | undefined {
  const editor = vscode.window.activeTextEditor;
  if (!editor) return undefined;
  return findingsAt(editor.document.uri, editor.selection.active)
    .map(ruleOf)
    .find((name) => name !== undefined);
}
