import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import * as vscode from 'vscode';
import type { ArchiveInfo } from '../../engine/protocol/index.ts';
import { bundledModel, recentModels } from '../settings/modelSetting.ts';

// Larger ones are chosen by hand: reading them would take longer.
const LARGEST = 2 ** 31;

/** The base checkpoint that a fast state names, where it is that of a model known here. */
export async function baseOf(
  context: vscode.ExtensionContext,
  { format, metadata }: ArchiveInfo,
): Promise<vscode.Uri | undefined> {
  const wanted = metadata.model;
  if (format !== 'fast state' || !wanted) return undefined;
  for (const folder of [bundledModel(context), ...recentModels(context)]) {
    const path = join(folder, 'model.safetensors');
    const found = await stat(path).catch(() => undefined);
    if (!found?.isFile() || found.size > LARGEST) continue;
    if ((await hashOf(path).catch(() => undefined)) === wanted) return vscode.Uri.file(path);
  }
  return undefined;
}

async function hashOf(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const piece of createReadStream(path)) hash.update(piece as Uint8Array);
  return hash.digest('hex');
}
