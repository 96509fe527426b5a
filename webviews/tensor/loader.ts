import { HOST_EXTENSION } from 'vscode-messenger-common';
import type { Messenger } from 'vscode-messenger-webview';
import { CheckpointSpectrum, CheckpointTensor } from '../../engine/protocol/tensorMessages.ts';
import { type Action, type Answer, selectedTensor, spectrumKey, type ViewState, viewKey } from './state.ts';

/** Cells of the heat map. */
const [DOWN, ACROSS] = [56, 92];

/** Asks for what the inspector lacks, once for each tensor, slice and comparison; late answers are dropped. */
export function loader(
  messenger: Pick<Messenger, 'sendRequest'>,
  current: () => ViewState,
  dispatch: (action: Action) => void,
): () => void {
  let asked = { view: '', spectrum: '' };
  return () => {
    const state = current();
    const tensor = selectedTensor(state);
    if (!tensor) {
      asked = { view: '', spectrum: '' };
      return;
    }
    const { name, shape } = tensor;
    const { choice, whole } = state;
    const key = viewKey(state);
    if (asked.view !== key) {
      asked.view = key;
      const request = { name, choice, whole, down: DOWN, across: ACROSS };
      void answered(key, messenger.sendRequest(CheckpointTensor, HOST_EXTENSION, request)).then(answer =>
        dispatch({ type: 'view', answer }),
      );
    }
    const ofSpectrum = spectrumKey(state);
    if (asked.spectrum === ofSpectrum || shape.length < 2) return;
    asked.spectrum = ofSpectrum;
    const sent = messenger.sendRequest(CheckpointSpectrum, HOST_EXTENSION, { name, choice });
    void answered(ofSpectrum, sent).then(answer => dispatch({ type: 'spectrum', answer }));
  };
}

async function answered<T>(key: string, sent: Promise<T>): Promise<Answer<T>> {
  try {
    return { key, value: await sent };
  } catch (error) {
    return { key, problem: error instanceof Error ? error.message : String(error) };
  }
}
