/** The server's life: found, started, watched, restarted after a crash, stopped. */

import { ChildProcess, spawn } from 'node:child_process';
import * as vscode from 'vscode';
import { Binary } from './binary';
import type { Client } from './client';
import { Problem } from './problem';
import { traceChannel } from './trace';

export type State = 'stopped' | 'starting' | 'running' | 'failed';

export interface Options {
  find: () => Promise<Binary>;
  channel: vscode.LogOutputChannel;
  keys: readonly string[];
  report: (problem: Problem) => void;
}

const MOST_CRASHES = 5;
const CRASH_WINDOW_MS = 3 * 60_000;
const START_MS = 30_000;
const STOP_MS = 2_000;
const SILENT = Symbol('silent');

function after<T>(milliseconds: number, value: T): Promise<T> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds, value).unref());
}

export class Server implements vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<State>();
  private readonly disposables: vscode.Disposable[] = [this.changed];
  private readonly trace: vscode.LogOutputChannel;
  private queue: Promise<void> = Promise.resolve();
  private crashes: number[] = [];
  private current: State = 'stopped';
  private process: ChildProcess | undefined;

  readonly onDidChangeState = this.changed.event;
  client: Client | undefined;
  binary: Binary | undefined;
  problem: Problem | undefined;

  constructor(private readonly options: Options) {
    this.trace = traceChannel(options.channel, this.disposables);
  }

  get state(): State {
    return this.current;
  }

  get pid(): number | undefined {
    return this.process?.pid;
  }

  /** Starts, or stops and starts again. Crashes so far are forgotten. */
  restart(): Promise<void> {
    return this.enqueue(async () => {
      this.crashes = [];
      await this.halt();
      await this.launch();
    });
  }

  stop(): Promise<void> {
    return this.enqueue(() => this.halt());
  }

  dispose(): void {
    vscode.Disposable.from(...this.disposables).dispose();
  }

  /** One step after the other: a restart that is asked for during a start begins when that is over. */
  private enqueue(step: () => Promise<void>): Promise<void> {
    this.queue = this.queue.then(step).catch((error) => this.options.channel.error(String(error)));
    return this.queue;
  }

  private become(state: State): void {
    this.current = state;
    this.changed.fire(state);
  }

  private fail(problem: Problem): void {
    this.problem = problem;
    this.options.channel.error(problem.message);
    this.become('failed');
    this.options.report(problem);
  }

  private async launch(): Promise<void> {
    this.problem = undefined;
    this.binary = undefined;
    this.become('starting');
    try {
      this.binary = await this.options.find();
    } catch (error) {
      return this.fail(error instanceof Problem ? error : new Problem(String(error), ['showOutput']));
    }
    // Most of the extension's code, which activation does not wait for.
    const { createClient } = await import('./client.js');
    const { path, version, source } = this.binary;
    this.options.channel.info(`starting awaitls ${version}: ${path} (${source})`);

    const child = spawn(path, ['server'], { stdio: 'pipe' });
    child.stdin?.on('error', () => undefined); // its exit tells
    const exited = new Promise<string>((resolve) => {
      child.once('error', (error) => resolve(error.message));
      child.once('exit', (code, signal) => resolve(signal ? `it was ended by ${signal}` : `it ended with status ${code}`));
    });
    this.process = child;
    this.client = createClient({
      process: child,
      channel: this.options.channel,
      trace: this.trace,
      keys: this.options.keys,
      onClosed: () => child.kill(), // without a connection it is of no use
    });

    // That a process has ended is known a moment after its pipes are closed, and says more.
    const refused = (error: unknown) => after(1_000, `it does not start: ${error instanceof Error ? error.message : String(error)}`);
    const started = this.client.start().then(
      () => undefined,
      (error) => Promise.race([exited, refused(error)]),
    );
    const failure = await Promise.race([started, exited, after(START_MS, SILENT)]);
    if (failure === undefined) {
      this.become('running');
      void exited.then((how) => this.enqueue(() => this.ended(child, how)));
      return;
    }
    child.kill('SIGKILL');
    if (failure !== SILENT) return this.ended(child, failure);
    await this.halt();
    this.fail(new Problem(`the server did not answer within ${START_MS / 1000} seconds and was ended.`, ['restart', 'showOutput']));
  }

  /** The process is gone. Where nobody asked for that, another one is started, but not for ever. */
  private async ended(child: ChildProcess, how: string): Promise<void> {
    if (this.process !== child) return;
    this.process = undefined;
    await this.forget();
    this.options.channel.error(`the server is gone: ${how}`);
    const now = Date.now();
    this.crashes = [...this.crashes.filter((time) => now - time < CRASH_WINDOW_MS), now];
    if (this.crashes.length < MOST_CRASHES) return this.launch();
    this.fail(new Problem(`the server crashed ${MOST_CRASHES} times in a row and stays stopped: ${how}.`, ['restart', 'showOutput']));
  }

  private async halt(): Promise<void> {
    const child = this.process;
    this.process = undefined;
    await this.forget();
    if (child && child.exitCode === null && child.signalCode === null) {
      const gone = new Promise((resolve) => child.once('exit', resolve));
      const patience = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
      await gone;
      clearTimeout(patience);
    }
    this.become('stopped');
  }

  /** Stops the client and takes its findings away. */
  private async forget(): Promise<void> {
    const client = this.client;
    this.client = undefined;
    // One that did not start refuses to stop.
    await client?.dispose(STOP_MS).catch(() => undefined);
  }
}
