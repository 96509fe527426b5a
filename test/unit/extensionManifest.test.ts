import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { BACKEND_PREFERENCES, LEVELS_COMMANDS } from '../../engine/protocol/index.ts';
import manifest from '../../package.json' with { type: 'json' };
import strings from '../../package.nls.json' with { type: 'json' };

const root = fileURLToPath(new URL('../../', import.meta.url));
const { contributes } = manifest;
const declared = contributes.commands.map(({ command }) => command);
const sources = readdirSync(`${root}extension`, { recursive: true, encoding: 'utf8' })
  .filter(name => name.endsWith('.ts'))
  .map(name => readFileSync(`${root}extension/${name}`, 'utf8'))
  .join('\n');

describe('the manifest', () => {
  it('has every string it names, and names every string it has', () => {
    const named = new Set(Array.from(JSON.stringify(manifest).matchAll(/"%([^%"]+)%"/g), match => match[1]));
    expect([...named].sort()).toEqual(Object.keys(strings).sort());
  });

  it('leaves activation to be inferred', () => {
    expect(manifest).not.toHaveProperty('activationEvents');
  });

  it('declares every command that menus, keys and welcome texts use', () => {
    const used = [
      ...Object.values(contributes.menus).flat(),
      ...contributes.keybindings,
      ...Array.from(JSON.stringify(strings).matchAll(/\(command:([\w.]+)\)/g), match => ({
        command: match[1],
      })),
    ].map(({ command }) => command);
    expect(used.filter(command => !declared.includes(command))).toEqual([]);
  });

  it('has a page for every step of the walkthrough, and ends none by what does not happen', () => {
    for (const { media, completionEvents } of contributes.walkthroughs.flatMap(({ steps }) => steps)) {
      expect(existsSync(root + media.markdown), media.markdown).toBe(true);
      const [commands, views] = ['onCommand:', 'onView:'].map(kind =>
        completionEvents.filter(event => event.startsWith(kind)).map(event => event.slice(kind.length)),
      );
      expect(commands.filter(command => !declared.includes(command))).toEqual([]);
      const known = Object.values(contributes.views).flatMap(list => list.map(({ id }) => id));
      expect(views.filter(view => !known.includes(view))).toEqual([]);
    }
  });

  it('declares what the Levels view may ask for', () => {
    const asked = LEVELS_COMMANDS.map(command => `hopescope.${command}`);
    expect(asked.filter(command => !declared.includes(command))).toEqual([]);
  });

  it('gives every colour a value in each kind of theme', () => {
    for (const { id, defaults } of contributes.colors) {
      for (const kind of ['dark', 'light', 'highContrast', 'highContrastLight'] as const) {
        expect(defaults[kind], `${id} ${kind}`).toMatch(/^#[0-9A-F]{6}$/);
      }
    }
  });

  it('lets an untrusted workspace set neither the model nor the programs that the engine runs', () => {
    const { supported, restrictedConfigurations } = manifest.capabilities.untrustedWorkspaces;
    expect(supported).toBe('limited');
    expect(restrictedConfigurations).toEqual([
      'hopescope.engine.nativePath',
      'hopescope.engine.nodePath',
      'hopescope.model.path',
    ]);
    const installing = contributes.commands.filter(({ command }) => command.includes('nstallNative'));
    expect(installing.map(({ enablement }) => enablement)).toEqual([
      'isWorkspaceTrusted',
      'isWorkspaceTrusted',
    ]);
  });

  it('describes every setting, and the extension reads each one', () => {
    for (const [id, setting] of contributes.configuration.flatMap(part => Object.entries(part.properties))) {
      expect(setting).toHaveProperty('default');
      expect('description' in setting || 'markdownDescription' in setting, id).toBe(true);
      const name = id.slice(id.lastIndexOf('.') + 1);
      const read = sources.includes(`'${name}'`) || sources.includes(`.${name}'`);
      expect(read, `${id} is read`).toBe(true);
    }
  });

  it('offers every backend that the engine knows', () => {
    const { 'hopescope.engine.backend': setting } = Object.assign(
      {},
      ...contributes.configuration.map(part => part.properties),
    );
    expect(setting.enum).toEqual(BACKEND_PREFERENCES);
    expect(setting.enumDescriptions).toHaveLength(BACKEND_PREFERENCES.length);
  });

  it('names pictures that exist', () => {
    const icons = [...contributes.viewsContainers.activitybar, ...contributes.views.hopescope];
    for (const { icon } of icons) expect(existsSync(root + icon), icon).toBe(true);
  });
});
