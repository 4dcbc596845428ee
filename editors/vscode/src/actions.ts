/** What the light bulb offers beside the server's fixes: the reasons. */

import * as vscode from 'vscode';
import { ruleOf } from './findings';

const KIND = vscode.CodeActionKind.QuickFix.append('explain.awaitls');

class Explanations implements vscode.CodeActionProvider {
  provideCodeActions(document: vscode.TextDocument, _range: vscode.Range, context: vscode.CodeActionContext): vscode.CodeAction[] {
    const actions = new Map<string, vscode.CodeAction>();
    for (const diagnostic of context.diagnostics) {
      const rule = ruleOf(diagnostic);
      if (!rule) continue;
      if (diagnostic.relatedInformation?.length) {
        const title = rule.includes('blocking') ? 'awaitls: show why this call blocks' : 'awaitls: show the places behind this';
        add(actions, title, 'awaitls.showChain', [document.uri, diagnostic.range.start], diagnostic);
      }
      add(actions, `awaitls: explain ${rule}`, 'awaitls.explainRule', [rule], diagnostic);
    }
    return [...actions.values()];
  }
}

function add(actions: Map<string, vscode.CodeAction>, title: string, command: string, args: unknown[], diagnostic: vscode.Diagnostic): void {
  if (actions.has(title)) return;
  const action = new vscode.CodeAction(title, KIND);
  action.command = { command, title, arguments: args };
  action.diagnostics = [diagnostic];
  actions.set(title, action);
}

export function registerActions(): vscode.Disposable {
  return vscode.languages.registerCodeActionsProvider({ language: 'python' }, new Explanations(), { providedCodeActionKinds: [KIND] });
}
