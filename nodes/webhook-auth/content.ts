import { headerText } from '../shared/header-text';
import { contentParts } from './content-check';

/** What a template of signed bytes can draw on. Texts are Latin-1 spellings of bytes, as Node.js gives header values. */
export interface Signable {
  /** The first of these headers that is there, else `''`. */
  header(names: readonly string[]): string;
  ts: string;
  method: string;
  /** The full URL as the sender sees it. */
  url: string;
  /** The form's fields as Twilio signs them; computed only when the template asks. */
  form(): string;
  body: Buffer;
}

/** A stretch of text, or `null` for the body. */
type Step = ((from: Signable) => string) | null;

export interface Content {
  readonly headers: readonly (readonly string[])[];
  readonly usesUrl: boolean;
  readonly usesForm: boolean;
  /** Hands the signed bytes over in order; the body is never copied. */
  feed(from: Signable, take: (bytes: string | Buffer) => void): void;
}

function pathOf(url: string): string {
  const start = url.indexOf('/', url.indexOf('://') + 3);
  if (start < 0) return '/';
  const end = url.indexOf('?', start);
  return end < 0 ? url.slice(start) : url.slice(start, end);
}

function queryOf(url: string): string {
  const at = url.indexOf('?');
  return at < 0 ? '' : url.slice(at + 1);
}

/** Compiles a template once, so that a request costs a few string joins. Throws an Error for an unknown placeholder. */
export function compileContent(template: string): Content {
  const headers: string[][] = [];
  const kinds = new Set<string>();
  const steps = contentParts(template).map((part): Step => {
    kinds.add(part.kind);
    switch (part.kind) {
      case 'text': {
        const text = headerText(part.text);
        return () => text;
      }
      case 'header': {
        const { names } = part;
        headers.push(names);
        return (from) => from.header(names);
      }
      case 'ts':
        return (from) => from.ts;
      case 'method':
        return (from) => from.method;
      case 'url':
        return (from) => from.url;
      case 'path':
        return (from) => pathOf(from.url);
      case 'query':
        return (from) => queryOf(from.url);
      case 'form':
        return (from) => from.form();
      default:
        return null;
    }
  });
  return {
    headers,
    usesUrl: kinds.has('url') || kinds.has('path') || kinds.has('query'),
    usesForm: kinds.has('form'),
    feed(from, take) {
      let text = '';
      for (const step of steps) {
        if (step) text += step(from);
        else {
          if (text !== '') take(text);
          text = '';
          take(from.body);
        }
      }
      if (text !== '') take(text);
    },
  };
}
