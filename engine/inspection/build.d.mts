/** Compiles the loops into `folder`. */
export function buildLoops(folder: string): Promise<void>;
