import { scaleLinear, scaleLog } from 'd3';

/** Range of ρ = ‖ΔW‖ / ‖W‖ that every view shows, never fitted to the data. */
export const RHO_DOMAIN = [1e-5, 1e-1] as const;
/** Height of the surprise tracks, nats. */
export const SURPRISE_TOP = 8;

const rhoScale = scaleLog().domain(RHO_DOMAIN).range([0, 1]).clamp(true);
const surpriseScale = scaleLinear().domain([0, SURPRISE_TOP]).range([0, 1]).clamp(true);

/** ρ on the log scale, 0 to 1; 0 for a ρ that was not recorded. */
export const rho01 = (rho: number): number => (rho > 0 ? rhoScale(rho) : 0);

/** Surprise in nats as a share of the track's height. */
export const surprise01 = (nats: number): number => surpriseScale(nats);

/** Colour step of a surprise: 1 nat each, 0 to 7. */
export const surpriseStep = (nats: number): number => Math.max(0, Math.min(7, Math.floor(nats)));
