import type { LaunchArguments } from './launchArguments.ts';
import type { Stepper, Stopping } from './stepper.ts';

/** What surrounds a debug session. */
export interface DebugHost {
  /** Reads the text and opens its stepped training. @throws Error with a sentence for the user */
  open(launch: LaunchArguments, stopping: Stopping): Promise<Stepper>;
}
