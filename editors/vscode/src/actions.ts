/** What the light bulb offers beside the server's fixes: the reasons. */

import * as vscode from 'vscode';
import { ruleOf } from './findings';

const KIND = vscode.CodeActionKind.QuickFix.append('explain.awaitls');
const SUPPRESSION = 'awaitls: ignore ';

type Offered = vscode.Command | vscode.CodeAction;

export function isExplanation(action: vscode.CodeAction): boolean {
  return action.kind?.value === KIND.value;
}

/** The server's actions with explanations among them, before those that silence a finding: these are the last resort. */
export function withExplanations(actions: Offered[], document: vscode.TextDocument, context: vscode.CodeActionContext): Offered[] {
  if (context.only && !context.only.contains(KIND) && !KIND.contains(context.only)) return actions;
  const first = actions.findIndex((action) => action.title.startsWith(SUPPRESSION));
  const place = first < 0 ? actions.length : first;
  return [...actions.slice(0, place), ...explanations(document, context.diagnostics), ...actions.slice(place)];
}

function explanations(document: vscode.TextDocument, diagnostics: readonly vscode.Diagnostic[]): vscode.CodeAction[] {
  const actions = new Map<string, vscode.CodeAction>();
  const add = (diagnostic: vscode.Diagnostic, title: string, command: string, ...args: unknown[]) => {
    const action = new vscode.CodeAction(title, KIND);
    action.command = { command, title, arguments: args };
    action.diagnostics = [diagnostic];
    if (!actions.has(title)) actions.set(title, action);
  };
  for (const diagnostic of diagnostics) {
    const rule = ruleOf(diagnostic);
    if (!rule) continue;
    if (diagnostic.relatedInformation?.length) {
      const title = rule.includes('blocking') ? 'awaitls: show why this call blocks' : 'awaitls: show the places behind this';
      add(diagnostic, title, 'awaitls.showChain', document.uri, diagnostic.range.start);
    }
    add(diagnostic, `awaitls: explain ${rule}`, 'awaitls.explainRule', rule);
  }
  return [...actions.values()];
}
