import type {
  BackendName,
  BackendPreference,
  BackendTiming,
  BackendVerdict,
  DroppedBackend,
} from '../protocol/backend.ts';
import { type OpenedBackend, openBackend, SAFE_ORDER } from '../tensor/backend.ts';
import { type BackendOptions, titleOf } from '../tensor/candidates.ts';
import { VerdictFile } from './verdictFile.ts';
import { verdictKey } from './verdictKey.ts';

export interface Choice {
  readonly preference: BackendPreference;
  readonly engineVersion: string;
  /** Folder of the measurements; without it, or without a model, none is looked for. */
  readonly storage?: string;
  /** Folder of the model that will be loaded. */
  readonly model?: string;
  readonly options?: BackendOptions;
  /** Backends that ended an engine and are not to be opened. */
  readonly dropped?: readonly DroppedBackend[];
  /** Told before a backend is opened, and waited for: opening it may be the end of the process. */
  onOpening?(name: BackendName): Promise<void>;
}

export interface Chosen {
  readonly opened: OpenedBackend;
  readonly verdict?: BackendVerdict;
}

/**
 * Opens the backend that was asked for, or for 'auto' the fastest that was measured on this model. It measures nothing
 * itself: where no measurement is known it opens what works everywhere, so that the first training does not wait.
 * A dropped backend is passed over, and its measurement says so from then on.
 */
export async function chooseBackend(choice: Choice): Promise<Chosen> {
  const { preference, dropped = [], onOpening } = choice;
  const options = { ...choice.options, onOpening };
  const verdict = await knownVerdict(choice);
  const gone = (name: BackendName) => dropped.find(each => each.name === name);
  const asked = preference === 'auto' ? undefined : gone(preference);
  if (preference !== 'auto' && !asked) return { opened: await openBackend(preference, options), verdict };
  const order = [...new Set([...usable(verdict), ...SAFE_ORDER])].filter(name => !gone(name));
  const opened = await openBackend('auto', options, order);
  const refused = [...dropped.map(({ name, reason }) => `${titleOf(name)}: ${reason}`), ...opened.refused];
  return { opened: { ...opened, refused }, verdict };
}

/** The measurement for a choice, with dropped backends refused in it; undefined where there is none. */
async function knownVerdict(choice: Choice): Promise<BackendVerdict | undefined> {
  const { engineVersion, storage, model, options = {}, dropped = [] } = choice;
  if (!storage || !model) return undefined;
  // A model that cannot be read is refused in words when it is loaded.
  const key = await verdictKey({ engineVersion, model, options }).catch(() => undefined);
  if (!key) return undefined;
  const file = new VerdictFile(storage);
  const verdict = await file.read(key);
  const died = verdict?.timings.some(
    timing => timing.milliseconds !== undefined && isDropped(timing, dropped),
  );
  if (!verdict || !died) return verdict;
  const timings = verdict.timings.map(timing => {
    const { name, label } = timing;
    const drop = isDropped(timing, dropped);
    return drop ? { name, label, refused: drop.reason } : timing;
  });
  const usableFirst = timings.toSorted((a, b) => Number(!!a.refused) - Number(!!b.refused));
  const marked = { ...verdict, timings: usableFirst };
  // An engine that starts without its cache is better than none.
  await file.write(key, marked).catch(() => undefined);
  return marked;
}

function isDropped({ name }: BackendTiming, dropped: readonly DroppedBackend[]): DroppedBackend | undefined {
  return dropped.find(each => each.name === name);
}

function usable(verdict: BackendVerdict | undefined): BackendName[] {
  return (verdict?.timings ?? []).filter(({ refused }) => !refused).map(({ name }) => name);
}
