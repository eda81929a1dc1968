import type { Failure } from './protocol';
import { StoreError } from './store';

/** A failure that the worker reported. */
export function storeError(failure: Failure): StoreError {
  return new StoreError(failure.code, failure.message);
}

/** What went wrong before the file could be opened. */
export function asStoreError(error: unknown, directory: string): StoreError {
  if (error instanceof StoreError) return error;
  const { code, message } = error as NodeJS.ErrnoException;
  const full = code === 'ENOSPC' || code === 'EDQUOT';
  return new StoreError(full ? 'full' : 'io', `the directory ${directory} cannot be used: ${message}`, {
    cause: error,
  });
}

/** Whether a store that could not be opened may open later by itself: another Node-RED is still stopping, the disk is full. */
export function mayPass(error: StoreError): boolean {
  return ['locked', 'full', 'io'].includes(error.code);
}
