/** What a fast state says in `unchanged`: names of weights that are its base's. @returns undefined for anything else */
export function unchangedIn(json: string | undefined): string[] | undefined {
  try {
    const names: unknown = JSON.parse(json ?? '[]');
    return Array.isArray(names) && names.every(name => typeof name === 'string') ? names : undefined;
  } catch {
    return undefined;
  }
}
