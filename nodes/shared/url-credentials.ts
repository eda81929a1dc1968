import { unescape as unescaped } from 'node:querystring';

/** The `user:password` in a URL as its maker means it; undefined = there is none. */
export function urlCredentials({ username, password }: URL): string | undefined {
  // Not decodeURIComponent: a URL may hold a "%" that begins no escape, and unescape leaves that as it is.
  return username || password ? `${unescaped(username)}:${unescaped(password)}` : undefined;
}
