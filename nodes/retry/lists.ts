/** The parts of a list written as text with commas (or white space), or as an array. */
function parts(value: unknown): string[] | undefined {
  if (Array.isArray(value)) return value.map((part) => String(part).trim());
  if (typeof value === 'number') return [String(value)];
  if (typeof value !== 'string') return undefined;
  return value.split(/[\s,;]+/).filter((part) => part !== '');
}

/** Seconds separated by commas, e.g. `5, 60, 600`; undefined where it is empty or one of them is no number of 0 or more. */
export function readSchedule(value: unknown): number[] | undefined {
  const seconds = parts(value)?.map((part) => (/^\d+(\.\d+)?$/.test(part) ? Number(part) : Number.NaN));
  if (!seconds || seconds.length === 0 || seconds.some(Number.isNaN)) return undefined;
  return seconds;
}

/** HTTP statuses separated by commas; the empty set where it is blank; undefined where one of them is none. */
export function readStatuses(value: unknown): Set<number> | undefined {
  const statuses = parts(value)?.map((part) => (/^[1-5]\d\d$/.test(part) ? Number(part) : Number.NaN));
  if (!statuses || statuses.some(Number.isNaN)) return undefined;
  return new Set(statuses);
}
