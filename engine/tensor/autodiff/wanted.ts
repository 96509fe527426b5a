let wanted: ReadonlySet<string> | undefined;

/** Runs `body`, the gradient of one operation, of whose inputs only those named are asked for. */
export function wanting<T>(names: ReadonlySet<string>, body: () => T): T {
  const before = wanted;
  wanted = names;
  try {
    return body();
  } finally {
    wanted = before;
  }
}

/** Whether the gradient that is running is asked for this input; true where nobody said. */
export function isWanted(name: string): boolean {
  return wanted?.has(name) ?? true;
}
