/** The way from a call to what blocks, as places that one steps through. */

import * as vscode from 'vscode';
import { findingsAt } from './findings';

/** Peeks at the places of the finding at the cursor, or else shows what the function there calls. */
export async function showChain(uri?: unknown, position?: unknown): Promise<void> {
  const editor = vscode.window.activeTextEditor;
  const where = uri instanceof vscode.Uri ? uri : editor?.document.uri;
  const at = position instanceof vscode.Position ? position : editor?.selection.active;
  if (!where || !at) {
    void vscode.window.showInformationMessage('awaitls: put the cursor on a call first.');
    return;
  }
  const finding = findingsAt(where, at).find((candidate) => candidate.relatedInformation?.length);
  if (finding) {
    const steps = finding.relatedInformation!.map((step) => step.location);
    await vscode.commands.executeCommand('editor.action.peekLocations', where, finding.range.start, steps, 'peek');
    return;
  }
  const prepare = () => vscode.commands.executeCommand<vscode.CallHierarchyItem[] | undefined>('vscode.prepareCallHierarchy', where, at);
  if ((await prepare())?.length) {
    await vscode.commands.executeCommand('editor.showCallHierarchy');
    // The widget turns its direction only once it has its item. It asked before, and answers come in order.
    await prepare();
    await vscode.commands.executeCommand('editor.showOutgoingCalls');
  } else {
    void vscode.window.showInformationMessage('awaitls: nothing at the cursor blocks the event loop.');
  }
}
