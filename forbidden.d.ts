// `vscode` resolves here in every room but extension/: importing it elsewhere is a compile error,
// because this file is no module. Only extension/tsconfig.json lifts the mapping.
