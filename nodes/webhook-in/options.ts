import { ConfigError, choiceOption, flagOption, numberOption, textOption } from '../shared/options';
import { compilePath, type PathPattern } from './paths';
import { parseStatuses, type Statuses } from './refusal';

/** Methods a sender may use. HEAD is not among them: an event has a body or a query, and HEAD must change nothing. */
export const METHODS = ['POST', 'GET', 'PUT', 'PATCH', 'DELETE'] as const;

/** Seconds. Node.js itself ends a request that takes longer (`server.requestTimeout`, whatever it is for). */
const LONGEST_READ = 300;

export interface WebhookInOptions {
  pattern: PathPattern;
  methods: string[];
  maxBody: number;
  readTimeoutMs: number;
  parse: 'auto' | 'json' | 'text' | 'buffer';
  schema: string;
  /** Blank = one event a request. */
  split: string;
  eventId: string;
  eventType: string;
  device: string;
  answer: 'accepted' | 'stored' | 'flow';
  answerStatus: number;
  answerTimeoutMs: number;
  redeliveries: number;
  redeliveryBaseMs: number;
  maxInFlight: number;
  maxBacklog: number;
  statuses: Statuses;
  /** Requests a second; 0 = no limit. */
  rateLimit: number;
  rateBurst: number;
  rateBy: 'address' | 'device' | 'all';
  raw: boolean;
}

function methodsOf(config: object): string[] {
  const given = (config as { methods?: unknown }).methods;
  if (given === undefined || given === null || given === '') return ['POST'];
  const list = (Array.isArray(given) ? given : [given]).map((method) => String(method).toUpperCase());
  if (list.length === 0 || list.some((method) => !(METHODS as readonly string[]).includes(method))) {
    throw new ConfigError('methods', `expected one or more of ${METHODS.join(', ')}`);
  }
  return [...new Set(list)];
}

/**
 * The node's configuration, checked; absent fields have the defaults of the reference.
 * @throws Error that names the field and what is expected
 */
export function readOptions(config: object): WebhookInOptions {
  const rateLimit = numberOption(config, 'rateLimit', 0, { min: 0, max: 1_000_000 });
  const answerStatus = numberOption(config, 'answerStatus', 202, { min: 200, max: 299, integer: true });
  return {
    pattern: compilePath(textOption(config, 'path')),
    methods: methodsOf(config),
    maxBody: numberOption(config, 'maxBody', 1_048_576, { min: 1, max: 1_073_741_824, integer: true }),
    readTimeoutMs: numberOption(config, 'readTimeout', 30, { min: 0.1, max: LONGEST_READ }) * 1000,
    parse: choiceOption(config, 'parse', ['auto', 'json', 'text', 'buffer']),
    schema: textOption(config, 'schema'),
    split: textOption(config, 'split'),
    eventId: textOption(config, 'eventId'),
    eventType: textOption(config, 'eventType'),
    device: textOption(config, 'device'),
    answer: choiceOption(config, 'answer', ['accepted', 'stored', 'flow']),
    answerStatus,
    answerTimeoutMs: numberOption(config, 'answerTimeout', 30, { min: 0.1, max: 86_400 }) * 1000,
    redeliveries: numberOption(config, 'redeliveries', 5, { min: 0, max: 1000, integer: true }),
    redeliveryBaseMs: numberOption(config, 'redeliveryBaseMs', 1000, { min: 0, max: 86_400_000 }),
    maxInFlight: numberOption(config, 'maxInFlight', 256, { min: 1, max: 100_000, integer: true }),
    maxBacklog: numberOption(config, 'maxBacklog', 10_000, { min: 1, max: 10_000_000, integer: true }),
    statuses: parseStatuses((config as { statuses?: unknown }).statuses),
    rateLimit,
    rateBurst: numberOption(config, 'rateBurst', Math.max(1, Math.ceil(rateLimit)), {
      min: 1,
      max: 1_000_000,
      integer: true,
    }),
    rateBy: choiceOption(config, 'rateBy', ['address', 'device', 'all']),
    raw: flagOption(config, 'raw', false),
  };
}
