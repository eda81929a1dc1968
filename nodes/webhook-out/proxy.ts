/** What core's `http proxy` node holds, or nothing where the environment decides. */
export interface ProxyConfig {
  url: string;
  noproxy: readonly string[];
  username?: string;
  password?: string;
}

/** `proxyOptions` of settings.js, as core `http request` understands them. */
export interface ProxyOptions {
  favourUpperCase?: boolean;
  lowerCaseOnly?: boolean;
  excludeNpm?: boolean;
}

type Environment = Readonly<Record<string, string | undefined>>;

function variable(name: string, env: Environment, options: ProxyOptions): string {
  if (options.excludeNpm && name.startsWith('npm_config_')) return '';
  const lower = env[name.toLowerCase()];
  const upper = options.lowerCaseOnly ? undefined : env[name.toUpperCase()];
  return (options.favourUpperCase ? upper || lower : lower || upper) || '';
}

function firstOf(names: readonly string[], env: Environment, options: ProxyOptions): string {
  for (const name of names) {
    const value = variable(name, env, options);
    if (value) return value;
  }
  return '';
}

/** Whether a host is exempt: `*`, an exact name, `.suffix` or `*.suffix`, each with an optional port. */
function isExempt(url: URL, exempt: readonly string[]): boolean {
  const host = url.hostname.toLowerCase();
  const port = url.port || (url.protocol === 'https:' ? '443' : '80');
  return exempt.some((entry) => {
    const [, name = '', onlyPort] = /^(.+?)(?::(\d+))?$/.exec(entry.trim().toLowerCase()) ?? [];
    if (name === '' || (onlyPort && onlyPort !== port)) return false;
    if (name === '*') return true;
    return /^[.*]/.test(name) ? host.endsWith(name.replace(/^\*/, '')) : host === name;
  });
}

/**
 * The proxy for a URL, decided as core `http request` does: the `http proxy` node where one is configured, else the
 * environment's `http_proxy`, `https_proxy`, `all_proxy` and `no_proxy` in either letter case.
 * @returns the proxy with its credentials, or undefined for a direct connection
 * @throws TypeError when the proxy's address is not a URL
 */
export function proxyFor(
  url: URL,
  configured: ProxyConfig | undefined,
  env: Environment,
  options: ProxyOptions = {},
): URL | undefined {
  const scheme = url.protocol.slice(0, -1);
  const address = configured
    ? configured.url
    : firstOf([`npm_config_${scheme}_proxy`, `${scheme}_proxy`, 'npm_config_proxy', 'all_proxy'], env, options);
  if (!address) return undefined;
  const exempt = configured
    ? configured.noproxy
    : firstOf(['npm_config_no_proxy', 'no_proxy'], env, options).split(/[,\s]+/);
  if (isExempt(url, exempt)) return undefined;
  const proxy = new URL(address.includes('://') ? address : `${scheme}://${address}`);
  if (configured?.username || configured?.password) {
    proxy.username = encodeURIComponent(configured.username ?? '');
    proxy.password = encodeURIComponent(configured.password ?? '');
  }
  return proxy;
}
