import { parseStrictJson } from '../checkpoint/strictJson.ts';
import type { ArchiveLevel, TensorPlace } from '../protocol/archive.ts';
import type { Archive } from './archive.ts';
import { cmsName, FAMILIES, orderCms } from './families.ts';
import { namePattern } from './namePattern.ts';
import { bareName } from './tensorNames.ts';

/** Which level every tensor of a checkpoint belongs to. */
export interface LevelMap {
  /** `Hope`, `Hope (PyTorch)`, `Llama`, `GPT-2` or `unknown`. */
  readonly family: string;
  /** Fast to slow, those that have tensors. */
  readonly levels: readonly ArchiveLevel[];
  place(name: string): TensorPlace;
}

/** Levels by patterns of names (see `namePattern`), the first that fits; they win over what a family says. */
export type LevelPatterns = Readonly<Record<string, string>>;

const levelName = /^(?:memory|projections|cms\.\d{1,3}|outer)$/;

/**
 * Places every tensor by its name.
 * @throws RangeError for a pattern that cannot be read, or that names no level
 */
export function levelMapOf(
  archive: Pick<Archive, 'tensors' | 'config'> & Partial<Pick<Archive, 'metadata'>>,
  patterns: LevelPatterns = {},
): LevelMap {
  const rules = Object.entries(patterns).map(([pattern, level]) => {
    if (!levelName.test(level)) {
      throw new RangeError(
        `${JSON.stringify(level)} is no level; levels are memory, projections, cms.0, cms.1 and so on, and outer`,
      );
    }
    return { matches: namePattern(pattern), level };
  });
  const names = [...archive.tensors.keys()];
  const bare = names.map(bareName);
  const family = FAMILIES.find(({ recognizes }) => bare.some(recognizes));
  const written = writtenPlaces(archive.metadata);
  const cms = orderCms([...new Set(bare.map(cmsName).filter(name => name !== undefined))]);
  const places = new Map(
    names.map((name, i) => {
      const place = written?.get(name) ?? placeOf(bare[i], family?.place(bare[i], cms));
      for (const { matches, level } of rules) {
        const found = matches(name) ?? matches(bare[i]);
        if (found) return [name, { ...place, level, block: found.block ?? place.block }];
      }
      return [name, place];
    }),
  );
  const used = new Set([...places.values()].map(({ level }) => level).filter(level => level !== undefined));
  const periods = periodsOf(archive.config, cms);
  return {
    family: family?.name ?? (written && archive.metadata?.['hopescope.family']) ?? 'unknown',
    levels: [...used].sort((a, b) => rank(a) - rank(b)).map(id => ({ id, period: periods.get(id) })),
    place: name => places.get(name) ?? placeOf(bareName(name), undefined),
  };
}

/** Position of a level from fast to slow. */
function rank(level: string): number {
  const cms = /^cms\.(\d+)$/.exec(level);
  if (cms) return 2 + Number(cms[1]);
  return { memory: 0, projections: 1 }[level] ?? 1e6;
}

/** A name that no family knows: at least its block, where it has a number as most do. */
function placeOf(name: string, known: TensorPlace | undefined): TensorPlace {
  if (known) return known;
  if (/^(?:optimizer|optim|scheduler|ema|rng)[._]/.test(name)) {
    const [module, ...rest] = name.split('.');
    return { block: -1, module, leaf: rest.join('.') };
  }
  const found = /^(?:.*\.)?(?:layers?|blocks?|h)\.(\d{1,6})\.(?:([^.]+)\.)?(.*)$/.exec(name);
  if (found) return { block: Number(found[1]), module: found[2] ?? '', level: 'outer', leaf: found[3] };
  const [module, ...rest] = name.split('.');
  return rest.length
    ? { block: -1, module, level: 'outer', leaf: rest.join('.') }
    : { block: -1, module: '', level: 'outer', leaf: name };
}

/** Places that a converted file keeps in its metadata. What is not as it was written there is not used. */
function writtenPlaces(
  metadata: Readonly<Record<string, string>> = {},
): ReadonlyMap<string, TensorPlace> | undefined {
  const places = parsed(metadata['hopescope.places']);
  if (places === undefined) return undefined;
  const checked = Object.entries(fields(places)).flatMap(([name, value]): [string, TensorPlace][] => {
    const { block, module, level, leaf } = fields(value);
    const fits =
      Number.isSafeInteger(block) &&
      typeof module === 'string' &&
      typeof leaf === 'string' &&
      (level === undefined || (typeof level === 'string' && levelName.test(level)));
    return fits ? [[name, { block, module, level, leaf } as TensorPlace]] : [];
  });
  return new Map(checked);
}

function parsed(json: string | undefined): unknown {
  try {
    return json === undefined ? undefined : parseStrictJson(json);
  } catch {
    return undefined;
  }
}

/** Update periods that a config names, of this program's models and of the public Hope. */
function periodsOf(config: unknown, cms: readonly string[]): Map<string, number> {
  const periods = new Map<string, number>();
  const set = (level: string, period: unknown) => {
    if (Number.isSafeInteger(period) && (period as number) > 0) periods.set(level, period as number);
  };
  const { titans, cms: own, model } = fields(config);
  set('memory', fields(titans).memory_period);
  set('projections', fields(titans).projections_period);
  for (const [k, period] of listOf(fields(own).periods).entries()) set(`cms.${k}`, period);
  const { self_mod_chunk_size_memory, self_mod_chunk_size, cms_levels } = fields(model);
  set('memory', self_mod_chunk_size_memory);
  set('projections', self_mod_chunk_size);
  for (const level of listOf(cms_levels)) {
    const { name, update_period } = fields(level);
    const k = cms.indexOf(String(name));
    if (k >= 0) set(`cms.${k}`, update_period);
  }
  if (periods.size > 0) periods.set('outer', 0);
  return periods;
}

function fields(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
