// Prints the milliseconds that loading dist/extension.cjs and activating it takes, with a stand-in for `vscode`.
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

const vscode = new Proxy({ Disposable, EventEmitter }, { get: (known, name) => known[name] ?? anything() });
const load = Module._load;
Module._load = (name, ...rest) => (name === 'vscode' ? vscode : load(name, ...rest));
const own = { subscriptions: [], extensionPath: process.cwd() };
const context = new Proxy(own, { get: (known, name) => known[name] ?? anything() });

const begun = performance.now();
const { activate } = require('../../dist/extension.cjs');
Promise.resolve(activate(context)).then(() => {
  // Read first: what makes standard output takes its time too.
  const time = performance.now() - begun;
  process.stdout.write(String(time));
  process.exit(0);
});
