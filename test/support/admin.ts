import type { RunningNodeRed } from './node-red';

const PASSWORD = 'password';

/** The source of settings.adminAuth with one user for each permission, named as the permission it has. */
export const adminAuth = (permissions: readonly string[]): string => `(() => {
  const password = require(${JSON.stringify(require.resolve('bcryptjs'))}).hashSync('${PASSWORD}', 4);
  const users = ${JSON.stringify(permissions)}.map((permissions) => ({ username: permissions, password, permissions }));
  return { type: 'credentials', users };
})()`;

/** Logs a user of `adminAuth` in. @returns the headers that say so */
export async function login(red: RunningNodeRed, username: string): Promise<Record<string, string>> {
  const answer = await fetch(`${red.url}/auth/token`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      client_id: 'node-red-admin',
      grant_type: 'password',
      scope: '',
      username,
      password: PASSWORD,
    }),
  });
  if (!answer.ok) throw new Error(`login of ${username}: ${answer.status} ${await answer.text()}`);
  const { access_token } = (await answer.json()) as { access_token: string };
  return { authorization: `Bearer ${access_token}` };
}
