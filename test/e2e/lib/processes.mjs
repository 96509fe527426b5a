// The server's process tree, read from /proc.
import { readdirSync, readFileSync } from 'node:fs';

/** Every running process: id, parent and command line. */
function all() {
  return readdirSync('/proc')
    .filter(name => /^\d+$/.test(name))
    .flatMap(name => {
      try {
        const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
        const command = readFileSync(`/proc/${name}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
        // The program's name stands in brackets and may hold spaces; state and parent follow it.
        const [state, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
        return state === 'Z' ? [] : [{ pid: Number(name), parent: Number(parent), command }];
      } catch {
        return []; // ended while we looked
      }
    });
}

/** Processes below this one, at any depth. */
export function descendants(pid) {
  const processes = all();
  const below = parent =>
    processes
      .filter(process => process.parent === parent)
      .flatMap(process => [process, ...below(process.pid)]);
  return below(pid);
}

/** The engine processes under a server, by the bundle they run. */
export const engines = pid => descendants(pid).filter(({ command }) => command.includes('dist/engine.cjs'));

/** The processes under a server that look into checkpoints. */
export const inspectors = pid =>
  descendants(pid).filter(({ command }) => command.includes('dist/inspector.cjs'));

/** The extension hosts under a server. */
export const extensionHosts = pid =>
  descendants(pid).filter(({ command }) => command.includes('--type=extensionHost'));
