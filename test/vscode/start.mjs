// `npm start`: opens a real VS Code with the extension, the sample workspace and the default model.
// `npm start -- --server` takes the bundled server even where a desktop VS Code is installed.
import { spawnSync } from 'node:child_process';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startCodeServer } from './codeServer.mjs';
import { findDesktop } from './desktop.mjs';
import { ensureCodeServer, ensureNode, root } from './setup.mjs';

const workspace = join(root, '.vscode-test/start-workspace');

function build(node) {
  const { status } = spawnSync(node, ['esbuild.mjs'], { cwd: root, stdio: 'inherit' });
  if (status !== 0) throw new Error('The build failed; see above.');
}

function openDesktop(desktop) {
  const args = ['--new-window', `--extensionDevelopmentPath=${root}`, workspace];
  // Windows starts .cmd files through a shell only, which needs the quotes that others do not.
  const shell = process.platform === 'win32';
  const quoted = shell ? args.map(arg => `"${arg}"`) : args;
  const { status, error } = spawnSync(shell ? `"${desktop}"` : desktop, quoted, { stdio: 'inherit', shell });
  if (error ?? status) throw new Error(`${desktop} could not open a window. Try \`npm start -- --server\`.`);
  console.log('Opened the sample workspace in desktop VS Code.');
}

async function serve(node) {
  const entry = await ensureCodeServer(node);
  const folder = await mkdtemp(join(tmpdir(), 'hopescope-'));
  const interrupted = new Promise(resolve => {
    for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(name, resolve);
  });
  let output = '';
  const log = chunk => {
    output = (output + chunk).slice(-4_000);
  };
  try {
    const server = await startCodeServer({ entry, node: node.binary, folder, workspace, log });
    console.log(`VS Code is at ${server.url}\nPress Ctrl+C to stop it.`);
    const ended = await Promise.race([interrupted.then(() => false), server.exited.then(() => true)]);
    await server.stop();
    if (ended) throw new Error(`The VS Code server ended by itself. Its last words:\n${output}`);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

try {
  const node = await ensureNode();
  build(node.binary);
  await rm(workspace, { recursive: true, force: true });
  await cp(join(root, 'media/sample-workspace'), workspace, { recursive: true });
  const desktop = process.argv.includes('--server') ? undefined : findDesktop();
  if (desktop) openDesktop(desktop);
  else await serve(node);
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}
