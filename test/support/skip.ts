/** Skips a test visibly where the machine lacks something; with REQUIRE_ALL=1 (CI, which installs everything) it fails instead. */
export function need(context: Mocha.Context, what: string, present: boolean): void {
  if (present) return;
  if (process.env.REQUIRE_ALL === '1') throw new Error(`${what} is missing and REQUIRE_ALL=1`);
  console.log(`      skipped: ${what} is missing on this machine`);
  context.skip();
}
