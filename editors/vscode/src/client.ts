/** The language client: what it announces and asks, without messages of its own. */

import type { ChildProcess } from 'node:child_process';
import * as vscode from 'vscode';
import { CloseAction, ErrorAction, LanguageClient, RevealOutputChannelOn } from 'vscode-languageclient/node';
import { isExplanation, withExplanations } from './actions';
import { findingsAt } from './findings';
import { SECTION, sectionFor } from './settings';

/** Errors go to the log: what the user has to know, the extension says. */
export class Client extends LanguageClient {
  override error(message: string, data?: unknown): void {
    super.error(message, data, false);
  }
}

export interface ClientParts {
  process: ChildProcess;
  channel: vscode.LogOutputChannel;
  trace: vscode.LogOutputChannel;
  /** The keys that the server reads. */
  keys: readonly string[];
  /** The connection is closed, and nobody asked for that. */
  onClosed: () => void;
}

export function createClient(parts: ClientParts): Client {
  return new Client(SECTION, 'awaitls', () => Promise.resolve(parts.process), {
    documentSelector: [
      { scheme: 'file', language: 'python' },
      { scheme: 'untitled', language: 'python' },
      { notebook: '*', language: 'python' },
    ],
    diagnosticPullOptions: { onChange: true, onSave: true },
    outputChannel: parts.channel,
    traceOutputChannel: parts.trace,
    revealOutputChannelOn: RevealOutputChannelOn.Never,
    initializationFailedHandler: () => false,
    errorHandler: {
      error: () => ({ action: ErrorAction.Continue, handled: true }),
      closed: () => {
        parts.onClosed();
        return { action: CloseAction.DoNotRestart, handled: true };
      },
    },
    middleware: {
      provideCodeActions: async (document, range, context, token, next) =>
        withExplanations((await next(document, range, context, token)) ?? [], document, context),
      // They are complete, and the server knows nothing of them.
      resolveCodeAction: (action, token, next) => (isExplanation(action) ? action : next(action, token)),
      provideHover: async (document, position, token, next) => {
        const hover = await next(document, position, token);
        return hover && withoutMessages(hover, findingsAt(document.uri, position));
      },
      workspace: {
        configuration: (params) =>
          params.items.map((item) =>
            item.section === SECTION ? sectionFor(parts.keys, item.scopeUri ? vscode.Uri.parse(item.scopeUri) : undefined) : null,
          ),
      },
    },
  });
}

/** The editor shows the messages of findings itself, above what the server says of them. */
function withoutMessages(hover: vscode.Hover, findings: vscode.Diagnostic[]): vscode.Hover {
  for (const content of hover.contents) {
    if (!(content instanceof vscode.MarkdownString)) continue;
    for (const { message } of findings) content.value = content.value.replace(`\n\n${message}\n\n`, () => '\n\n');
  }
  return hover;
}
