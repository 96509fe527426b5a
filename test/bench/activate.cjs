// Prints the milliseconds that loading dist/extension.cjs and activating it takes, with a stand-in for `vscode`.
const { readFileSync } = require('node:fs');
const Module = require('node:module');

class Disposable {
  static from() {
    return new Disposable();
  }
  dispose() {}
}
class EventEmitter {
  event = () => new Disposable();
  fire() {}
  dispose() {}
}

/** Answers every property and call with another of its kind; it is no promise. */
function anything() {
  return new Proxy(class {}, {
    get: (_, name) => (name === 'then' ? undefined : name === Symbol.toPrimitive ? () => '' : anything()),
    set: () => true,
    apply: anything,
    construct: anything,
  });
}

// The bundler copies the names that a module owns, so the stand-in has all that the bundle asks for.
const bundle = readFileSync('dist/extension.cjs', 'utf8');
const names = new Set(Array.from(bundle.matchAll(/\bvscode\d*\.(\w+)/g), ([, name]) => name));
const vscode = Object.fromEntries([...names].map(name => [name, anything()]));
Object.assign(vscode, { Disposable, EventEmitter });
const load = Module._load;
Module._load = (name, ...rest) => (name === 'vscode' ? vscode : load(name, ...rest));
const own = { subscriptions: [], extensionPath: process.cwd() };
const context = new Proxy(own, { get: (known, name) => known[name] ?? anything() });

const begun = performance.now();
const { activate } = require('../../dist/extension.cjs');
Promise.resolve(activate(context)).then(() => {
  process.stdout.write(String(performance.now() - begun));
  process.exit(0);
});
