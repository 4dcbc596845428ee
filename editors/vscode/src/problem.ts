/** Something that stops the server and that the user can mend. */

import * as vscode from 'vscode';

/** What a button of a message does. */
export type Remedy = 'openSettings' | 'useBundled' | 'restart' | 'showOutput' | 'trust';

export class Problem extends Error {
  constructor(
    message: string,
    readonly remedies: Remedy[],
  ) {
    super(message);
  }
}

const TITLES: Record<Remedy, string> = {
  openSettings: 'Open Settings',
  useBundled: 'Use Bundled Server',
  restart: 'Restart Server',
  showOutput: 'Show Output',
  trust: 'Manage Trust',
};

/** Shows the problem once and does what its buttons say. Nobody waits for the answer: it may never come. */
export function show(problem: Problem, does: Record<Remedy, () => unknown>): void {
  const buttons = problem.remedies.map((remedy) => ({ title: TITLES[remedy], remedy }));
  void vscode.window.showErrorMessage(`awaitls: ${problem.message}`, ...buttons).then((button) => {
    if (button) does[button.remedy]();
  });
}
