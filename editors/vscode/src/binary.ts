/** Which server to run: that of the setting, the one that the extension brings, or that of PATH. */

import { execFile } from 'node:child_process';
import { constants } from 'node:fs';
import * as fs from 'node:fs/promises';
import * as os from 'node:os';
import * as path from 'node:path';
import { foreignPlatform } from './platform';
import { Problem, Remedy } from './problem';

export interface Binary {
  path: string;
  version: string;
  source: 'setting' | 'bundled' | 'PATH';
}

export interface Search {
  /** `awaitls.server.path`; empty: not set. */
  setting: string;
  /** Where the bundled server is, if this build of the extension has one. */
  bundled: string;
  /** In a workspace that is not trusted only the bundled server may run. */
  trusted: boolean;
  /** Folders of the workspace, for `${workspaceFolder}`; what PATH has inside of them is passed over. */
  folders: string[];
  /** The oldest version that goes with the extension. */
  needed: string;
  log: (text: string) => void;
}

const NAME = process.platform === 'win32' ? 'awaitls.exe' : 'awaitls';
const PROBE_MS = 10_000;

/** The first server that runs, or a Problem. */
export async function findBinary(search: Search): Promise<Binary> {
  const { setting, bundled, trusted, needed, log } = search;
  if (setting && trusted) {
    const remedies: Remedy[] = (await exists(bundled)) ? ['openSettings', 'useBundled'] : ['openSettings'];
    try {
      return await probe(substitute(setting, search.folders), 'setting', needed);
    } catch (error) {
      throw new Problem(`the setting awaitls.server.path does not work: ${text(error)}`, [...remedies, 'showOutput']);
    }
  }
  if (setting) log('the workspace is not trusted: awaitls.server.path is not used');

  const failures: string[] = [];
  if (await exists(bundled)) {
    await makeExecutable(bundled);
    try {
      return await probe(bundled, 'bundled', needed);
    } catch (error) {
      failures.push(`the server that the extension brings does not work: ${text(error)}`);
      log(failures[0]);
    }
  }
  if (!trusted) {
    const why = failures[0] ?? `this build of the extension brings no server for ${process.platform}-${process.arch}`;
    throw new Problem(`${why}. Another one runs only in a trusted workspace.`, ['trust', 'showOutput']);
  }
  for (const candidate of await inPath(search.folders)) {
    try {
      return await probe(candidate, 'PATH', needed);
    } catch (error) {
      failures.push(text(error));
      log(text(error));
    }
  }
  const why = failures.length
    ? failures.join('; ')
    : `this build of the extension brings no server for ${process.platform}-${process.arch}, and PATH has no ${NAME}`;
  throw new Problem(`${why}. Install the extension for this platform, or name a server in the settings.`, ['openSettings', 'showOutput']);
}

/** Runs `--version`. The error says what is wrong with the file. */
export async function probe(file: string, source: Binary['source'], needed: string): Promise<Binary> {
  const stat = await fs.stat(file).catch(() => undefined);
  if (!stat) throw new Error(`there is no file ${file}`);
  if (!stat.isFile()) throw new Error(`${file} is not a file`);
  const executable = await fs.access(file, constants.X_OK).then(
    () => true,
    () => false,
  );
  if (!executable) throw new Error(`${file} is not executable (chmod +x)`);
  const foreign = await foreignPlatform(file);
  if (foreign) throw new Error(`${file} is built for ${foreign}, and this is ${process.platform}-${process.arch}`);

  const said = await run(file, ['--version']);
  const version = /^awaitls (\d+\.\d+\.\d+)/.exec(said)?.[1];
  if (!version) throw new Error(`${file} is not awaitls: it answers --version with ${JSON.stringify(said.slice(0, 100))}`);
  if (isOlder(version, needed)) throw new Error(`${file} is awaitls ${version}; this extension needs ${needed} or newer`);
  return { path: file, version, source };
}

/** What the program prints, also where it fails. */
function run(file: string, args: string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(file, args, { cwd: os.tmpdir(), timeout: PROBE_MS }, (error, stdout, stderr) => {
      if (!error) resolve(stdout.trim());
      else if (error.killed) reject(new Error(`${file} does not answer --version within ${PROBE_MS / 1000} seconds`));
      else if (error.signal) reject(new Error(`${file} --version ends by ${error.signal}`));
      else if (typeof error.code === 'number') reject(new Error(`${file} --version ends with status ${error.code}: ${stderr.trim().slice(0, 200)}`));
      else reject(new Error(`${file} cannot be run: ${error.message}`));
    });
  });
}

/** `${workspaceFolder}` (the first), `${userHome}`, `${env:NAME}` and a leading `~`; a relative path is below the first folder. */
export function substitute(setting: string, folders: string[]): string {
  const values = (name: string): string => {
    if (name === 'userHome') return os.homedir();
    if (name === 'workspaceFolder' && folders[0]) return folders[0];
    if (name.startsWith('env:')) return process.env[name.slice('env:'.length)] ?? '';
    throw new Error(`\${${name}} stands for nothing here`);
  };
  const file = setting.replace(/\$\{([^}]*)\}/g, (_, name: string) => values(name)).replace(/^~(?=[/\\]|$)/, os.homedir());
  return path.isAbsolute(file) || !folders[0] ? file : path.join(folders[0], file);
}

async function inPath(folders: string[]): Promise<string[]> {
  const entries = (process.env.PATH ?? '').split(path.delimiter).filter((entry) => path.isAbsolute(entry));
  const outside = entries.filter((entry) => !folders.some((folder) => isWithin(entry, folder)));
  const found: string[] = [];
  for (const entry of new Set(outside)) {
    if (await exists(path.join(entry, NAME))) found.push(path.join(entry, NAME));
  }
  return found;
}

function isWithin(file: string, folder: string): boolean {
  const relative = path.relative(folder, file);
  return relative === '' || (!relative.startsWith('..') && !path.isAbsolute(relative));
}

export function isOlder(version: string, needed: string): boolean {
  const [a, b] = [version, needed].map((text) => text.split('.').map(Number));
  const at = a.findIndex((part, i) => part !== b[i]);
  return at >= 0 && a[at] < (b[at] ?? 0);
}

/** An archive may have lost the bit. */
async function makeExecutable(file: string): Promise<void> {
  await fs.access(file, constants.X_OK).catch(() => fs.chmod(file, 0o755).catch(() => undefined));
}

function exists(file: string): Promise<boolean> {
  return fs.stat(file).then(
    (stat) => stat.isFile(),
    () => false,
  );
}

function text(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
