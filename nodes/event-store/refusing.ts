import { StoreFront } from './front';
import type { Store, StoreError } from './store';

/** A store that cannot work: every operation rejects with the same error, which is also its `problem`. */
export function refusingStore(error: StoreError): Store {
  const refuse = (): Promise<never> => Promise.reject(error);
  const ready = refuse();
  // Whoever cares awaits it; nobody has to.
  ready.catch(() => undefined);
  return new StoreFront(
    {
      durable: false,
      ready,
      problem: error.message,
      onProblem: () => () => undefined,
      call: refuse,
      flush: async () => undefined,
      close: async () => undefined,
    },
    () => 0,
    () => '',
  );
}
