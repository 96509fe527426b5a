import type { Message, NotificationMessage, RequestMessage, ResponseMessage } from 'vscode-messenger-common';

/** The other end of the view's messages, as VS Code and the extension are for the real one. */
export interface FakeHost {
  /** What the view sent, oldest first. */
  readonly sent: Message[];
  /** Calls back on every message of the view. */
  onMessage(listener: (message: Message) => void): void;
  notify(method: string, params: unknown): void;
  /** Rejects with the view's error. */
  request(method: string, params: unknown): Promise<unknown>;
  /** Answers a request of the view. */
  answer(id: string, result: unknown): void;
}

const view = { type: 'webview', webviewType: 'levels' } as const;
const host = { type: 'extension' } as const;

/** Defines `acquireVsCodeApi` on the page, as VS Code does before the view's script runs. */
export function fakeHost(page: Window): FakeHost {
  const sent: Message[] = [];
  const listeners: ((message: Message) => void)[] = [];
  const waiting = new Map<string, { resolve(value: unknown): void; reject(error: Error): void }>();
  let next = 0;
  const post = (message: RequestMessage | NotificationMessage): void => {
    const Event = (page as Window & typeof globalThis).MessageEvent;
    page.dispatchEvent(new Event('message', { data: message }));
  };
  const api = {
    postMessage(message: Message) {
      sent.push(message);
      const response = message as Partial<ResponseMessage>;
      const call = response.id && !('method' in message) ? waiting.get(response.id) : undefined;
      if (call && response.error) call.reject(new Error(response.error.message));
      else call?.resolve(response.result);
      for (const listener of listeners) listener(message);
    },
    getState: () => undefined,
    setState: () => undefined,
  };
  Object.assign(page, { acquireVsCodeApi: () => api });
  return {
    sent,
    onMessage: listener => listeners.push(listener),
    answer: (id, result) => post({ id, result, receiver: view, sender: host } as unknown as RequestMessage),
    notify: (method, params) => post({ method, params, receiver: view, sender: host } as NotificationMessage),
    request: (method, params) =>
      new Promise((resolve, reject) => {
        const id = String(next++);
        waiting.set(id, { resolve, reject });
        post({ id, method, params, receiver: view, sender: host } as RequestMessage);
      }),
  };
}
