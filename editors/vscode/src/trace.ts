/** Where the client writes its trace. By itself it does so only at the channel's level Trace; here `awaitls.trace.server` is enough. */

import * as vscode from 'vscode';
import { SECTION } from './settings';

/** A channel that passes everything on to another, and whose level is Trace where the setting asks for a trace. */
export function traceChannel(channel: vscode.LogOutputChannel, disposables: vscode.Disposable[]): vscode.LogOutputChannel {
  const isAsked = () => vscode.workspace.getConfiguration(SECTION).get('trace.server', 'off') !== 'off';
  const level = () => (isAsked() ? vscode.LogLevel.Trace : channel.logLevel);
  const changed = new vscode.EventEmitter<vscode.LogLevel>();
  disposables.push(
    changed,
    channel.onDidChangeLogLevel(() => changed.fire(level())),
    vscode.workspace.onDidChangeConfiguration((event) => {
      if (event.affectsConfiguration(`${SECTION}.trace.server`)) changed.fire(level());
    }),
  );
  return new Proxy(channel, {
    get(target, name) {
      if (name === 'logLevel') return level();
      if (name === 'onDidChangeLogLevel') return changed.event;
      // At a higher level of the channel the lines of `trace` are dropped.
      if (name === 'trace' && isAsked()) return target.info.bind(target);
      const member: unknown = Reflect.get(target, name);
      return typeof member === 'function' ? member.bind(target) : member;
    },
  });
}
