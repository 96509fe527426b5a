import { expect, it } from 'vitest';
import { BackendDrops } from '../../extension/engine/backendDrops.ts';

it('drops a backend at once for a crash of native code, on each system', () => {
  for (const cause of ['signal SIGSEGV', 'signal SIGABRT', 'signal SIGILL', 'exit code 3221225477']) {
    const drops = new BackendDrops();
    expect(drops.ended('tensorflow', cause)).toEqual({
      name: 'tensorflow',
      reason: `its engine stopped (${cause})`,
    });
    expect(drops.dropped).toHaveLength(1);
  }
});

it('drops it at once when the engine said that it was lost', () => {
  const drops = new BackendDrops();
  expect(drops.ended('webgpu', 'exit code 1', 'the device was lost')?.reason).toBe('the device was lost');
});

it('drops it for the second other end within ten minutes', () => {
  const drops = new BackendDrops();
  const [minute, cause] = [60_000, 'no heartbeat for 15 s'];
  expect(drops.ended('tensorflow', cause, undefined, 0)).toBeUndefined();
  expect(drops.ended('webgpu', cause, undefined, minute)).toBeUndefined();
  expect(drops.ended('tensorflow', 'signal SIGKILL', undefined, 11 * minute)).toBeUndefined();
  const drop = drops.ended('tensorflow', cause, undefined, 12 * minute);
  expect(drop?.reason).toBe('its engine stopped (no heartbeat for 15 s, 2 times)');
  drops.clear();
  expect(drops.dropped).toEqual([]);
  expect(drops.ended('tensorflow', cause, undefined, 12 * minute)).toBeUndefined();
});

it('never drops what runs no native code', () => {
  const drops = new BackendDrops();
  for (let i = 0; i < 3; i++) {
    for (const name of ['wasm', 'cpu'] as const) expect(drops.ended(name, 'signal SIGSEGV')).toBeUndefined();
  }
});
