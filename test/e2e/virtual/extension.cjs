// A file system without paths, as extensions for remote storage have one: what lies in `virtual/` of the workspace,
// in memory, under memory:/.
const { readdirSync, readFileSync } = require('node:fs');
const { join } = require('node:path');
const vscode = require('vscode');

const HUGE = 2 ** 31;

exports.activate = context => {
  const folder = join(vscode.workspace.workspaceFolders[0].uri.fsPath, 'virtual');
  const files = new Map(readdirSync(folder).map(name => [`/${name}`, readFileSync(join(folder, name))]));
  const find = uri => {
    const file = files.get(uri.path);
    if (!file) throw vscode.FileSystemError.FileNotFound(uri);
    return file;
  };
  const refuse = uri => {
    throw vscode.FileSystemError.NoPermissions(uri);
  };
  const provider = {
    onDidChangeFile: new vscode.EventEmitter().event,
    watch: () => new vscode.Disposable(() => {}),
    stat: uri => ({
      type: vscode.FileType.File,
      ctime: 0,
      mtime: 1,
      size: uri.path.includes('huge') ? HUGE : find(uri).length,
    }),
    readFile: find,
    readDirectory: () => [...files.keys()].map(path => [path.slice(1), vscode.FileType.File]),
    writeFile: refuse,
    createDirectory: refuse,
    delete: refuse,
    rename: refuse,
  };
  const open = name => () =>
    vscode.commands.executeCommand('hopescope.openCheckpoint', vscode.Uri.parse(`memory:/${name}`));
  context.subscriptions.push(
    vscode.workspace.registerFileSystemProvider('memory', provider, { isReadonly: true }),
    vscode.commands.registerCommand('virtual.open', open('base.safetensors')),
    vscode.commands.registerCommand('virtual.openHuge', open('huge.safetensors')),
  );
};
