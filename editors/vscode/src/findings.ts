/** Our findings among the diagnostics of an editor. */

import * as vscode from 'vscode';

export function isOurs(diagnostic: vscode.Diagnostic): boolean {
  return diagnostic.source === 'awaitls';
}

/** The rule that found it; undefined for a problem of another kind. */
export function ruleOf(diagnostic: vscode.Diagnostic): string | undefined {
  const code = diagnostic.code;
  const name = typeof code === 'object' ? code.value : code;
  return isOurs(diagnostic) && name !== undefined ? String(name) : undefined;
}

/** At a position: the narrowest first. */
export function findingsAt(uri: vscode.Uri, position: vscode.Position): vscode.Diagnostic[] {
  const lines = (range: vscode.Range) => range.end.line - range.start.line;
  return vscode.languages
    .getDiagnostics(uri)
    .filter((diagnostic) => isOurs(diagnostic) && diagnostic.range.contains(position))
    .sort((a, b) => lines(a.range) - lines(b.range));
}
