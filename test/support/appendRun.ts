/**
 * Records sample updates without end and writes each acknowledged one as a line: `node appendRun.ts PATH [BYTES]`.
 * Ends only by a signal, or with exit code 3 and the error on standard error when the run file refuses.
 */
import { writeSync } from 'node:fs';
import { RunFileError, RunWriter } from '../../engine/run/index.ts';
import { sampleHeader, sampleState, sampleUpdate } from './runSample.ts';

const [path, bytes = '300000'] = process.argv.slice(2);
try {
  writeSync(1, 'start\n');
  const writer = RunWriter.create(path, sampleHeader);
  writer.keyframe(0, sampleState(0, Number(bytes)));
  for (let index = 0; ; index++) {
    writer.appendTokens(
      index * 4,
      new Int32Array(4),
      new Uint32Array(4),
      new Uint32Array(4),
      Array(4).fill(' a'),
    );
    writer.append(sampleUpdate(index));
    writeSync(1, `${index + 1}\n`);
    if (index % 50 === 49) writer.keyframe(index + 1, sampleState(index + 1, Number(bytes)));
  }
} catch (error) {
  if (!(error instanceof RunFileError)) throw error;
  writeSync(2, `${error.message}\n`);
  process.exit(3);
}
