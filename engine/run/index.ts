export * from './keyframePolicy.ts';
export { RunFileError } from './runFileError.ts';
export type { RunHeader, RunStatus } from './runHeader.ts';
export * from './runReader.ts';
export * from './runWriter.ts';
