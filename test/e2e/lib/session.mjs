// One VS Code server, one Chromium and one page, with everything they write in a folder that goes with them.
import { appendFileSync, mkdirSync, rmSync } from 'node:fs';
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { chromium } from 'playwright-core';
import { startCodeServer } from '../../vscode/codeServer.mjs';
import { ensureChromium, ensureCodeServer, ensureNode, root } from '../../vscode/setup.mjs';

export const screenshots = join(root, '.screenshots');

/**
 * Opens the sample workspace in a fresh VS Code.
 * @param options.files more files of the workspace, contents by path
 * @param options.settings user settings beside the quiet ones
 * @param options.vsix a package to install, in place of this working tree
 * @param options.beside folders of other extensions to install
 * @param options.trust true asks whether the workspace is trusted, as a fresh VS Code does
 * @param options.viewport size of the window in CSS pixels
 */
export async function openSession({ files = {}, settings = {}, trust = false, vsix, beside, viewport } = {}) {
  const node = await ensureNode();
  const entry = await ensureCodeServer(node);
  const executablePath = await ensureChromium();
  mkdirSync(screenshots, { recursive: true });
  const folder = await mkdtemp(join(tmpdir(), 'hopescope-e2e-'));
  const workspace = join(folder, 'workspace');
  const logFile = join(folder, 'server.log');
  const log = text => appendFileSync(logFile, text);
  await cp(join(root, 'media/sample-workspace'), workspace, { recursive: true });
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(workspace, name)), { recursive: true });
    await writeFile(join(workspace, name), content);
  }
  const changed = {};
  let changeCount = 0;

  const userSettings = trust ? { 'security.workspace.trust.enabled': true, ...settings } : settings;
  const server = await startCodeServer({
    entry,
    node: node.binary,
    folder,
    workspace,
    settings: userSettings,
    vsix,
    beside,
    trust,
    log,
  });
  // A runner that is stopped half-way must not leave a server behind.
  const killNow = () => {
    try {
      process.kill(-server.pid, 'SIGKILL');
    } catch {}
    rmSync(folder, { recursive: true, force: true });
  };
  const onSignal = () => process.exit(1);
  process.once('exit', killNow);
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(name, onSignal);

  let browser;
  const close = async () => {
    await browser?.close();
    await server.stop();
    process.off('exit', killNow);
    for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.off(name, onSignal);
    await rm(folder, { recursive: true, force: true });
  };
  try {
    // The page is our own server on this machine, and as root Chromium's sandbox does not start.
    browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
    const context = await browser.newContext({
      viewport: viewport ?? { width: 1280, height: 800 },
      // Pictures must not show something half faded in.
      reducedMotion: 'reduce',
    });
    await context.grantPermissions(['clipboard-read', 'clipboard-write']);
    const page = await context.newPage();
    page.on('console', message => log(`[page ${message.type()}] ${message.text()}\n`));
    page.on('pageerror', error => log(`[page error] ${error.stack}\n`));
    const session = {
      page,
      server,
      workspace,
      folder,
      logFile,
      /** Changes settings of the workspace, which a server notices while it runs, unlike those of the user. */
      settings: async changes => {
        // The window's title tells when they count.
        const title = `settings ${++changeCount}`;
        Object.assign(changed, changes, { 'window.title': title });
        await mkdir(join(workspace, '.vscode'), { recursive: true });
        await writeFile(join(workspace, '.vscode/settings.json'), JSON.stringify(changed));
        await page.waitForFunction(expected => document.title === expected, title, { timeout: 30_000 });
      },
      reload: () => openPage(page, server.url),
      close,
    };
    await session.reload();
    return session;
  } catch (error) {
    await close();
    throw error;
  }
}

/** Loads the workbench and waits until its theme is on and its explorer shows the workspace. */
async function openPage(page, url) {
  await page.goto(url);
  await page.locator('.monaco-workbench[class*="vscode-theme-"]').waitFor({ timeout: 60_000 });
  await page
    .locator('.monaco-workbench .explorer-folders-view .monaco-list-row')
    .first()
    .waitFor({ timeout: 60_000 });
}
