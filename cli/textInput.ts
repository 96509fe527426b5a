import { createReadStream } from 'node:fs';
import { basename } from 'node:path';
import { reasonOf } from '../engine/checkpoint/atomicFile.ts';
import { EngineError } from '../engine/session/engineError.ts';

/** A text to read, and a name for it that gives nothing of it away. */
export interface TextInput {
  readonly text: string;
  readonly title: string;
}

// A string of JavaScript ends at 512 MiB; a text of this size would train for weeks.
const LARGEST = 2 ** 28;

/**
 * Reads a file, or standard input for `-`. @throws EngineError when it cannot be read, is no UTF-8 text, has only
 * white space or over 256 MiB.
 */
export async function readText(path: string): Promise<TextInput> {
  const name = path === '-' ? 'standard input' : path;
  const text = await decode(path === '-' ? process.stdin : createReadStream(path), name);
  if (!/\S/.test(text)) {
    throw new EngineError('bad-input', `${name}: the text is empty`, 'Give a text with at least one word.');
  }
  return { text, title: path === '-' ? name : basename(path) };
}

async function decode(stream: AsyncIterable<Uint8Array>, name: string): Promise<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let text = '';
  let bytes = 0;
  try {
    for await (const chunk of stream) {
      const zero = chunk.indexOf(0);
      if (zero >= 0) throw refused(`${name}: byte ${bytes + zero} is 0, so this is no text`);
      bytes += chunk.length;
      if (bytes > LARGEST)
        throw refused(`${name}: the text has over ${LARGEST} bytes`, 'Give a part of it at a time.');
      text += decoder.decode(chunk, { stream: true });
    }
    return text + decoder.decode();
  } catch (error) {
    if (error instanceof EngineError) throw error;
    if (error instanceof TypeError) throw refused(`${name}: this is not UTF-8 text`);
    throw refused(`${name}: the text cannot be read: ${reasonOf(error)}`, 'Give the path of a text file.');
  }
}

function refused(message: string, remedy = 'Give a text file in UTF-8.'): EngineError {
  return new EngineError('bad-input', message, remedy);
}
