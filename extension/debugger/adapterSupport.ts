import type { DebugProtocol } from '@vscode/debugprotocol';
import { SURPRISING } from './breakpoints/breakpointTable.ts';

/** What this debugger can do, as it tells VS Code. */
export const CAPABILITIES: DebugProtocol.Capabilities = {
  supportsConfigurationDoneRequest: true,
  supportsStepBack: true,
  supportsRestartRequest: true,
  supportsTerminateRequest: true,
  supportsConditionalBreakpoints: true,
  supportsHitConditionalBreakpoints: true,
  supportsLogPoints: true,
  supportsFunctionBreakpoints: true,
  supportsDataBreakpoints: true,
  supportsEvaluateForHovers: true,
  supportsClipboardContext: true,
  supportsCompletionsRequest: true,
  completionTriggerCharacters: ['(', '"', "'"],
  supportsExceptionInfoRequest: true,
  supportsExceptionFilterOptions: true,
  exceptionBreakpointFilters: [
    {
      filter: 'diverged',
      label: 'Training Diverged',
      description: 'Stops when a number is no longer finite, in place of ending the session.',
      default: true,
    },
    {
      filter: 'surprise',
      label: 'Surprising Token',
      description: `Stops after an update that read a token with more surprise than a limit in nats, ${SURPRISING} where none is given.`,
      default: false,
      supportsCondition: true,
      conditionDescription: `Limit in nats, ${SURPRISING} when empty`,
    },
  ],
};
