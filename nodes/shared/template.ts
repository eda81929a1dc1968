import { textOfHeader } from './header-text';
import { compilePointer, follow, type Pointer } from './json-pointer';

/** What templates read: one request and one event in it. */
export interface TemplateParts {
  /** As `IncomingMessage.headersDistinct`: lower-case names, every value of every header. */
  headers: NodeJS.Dict<string[]>;
  /** Parameters of the path. */
  params: Readonly<Record<string, unknown>>;
  query: Readonly<Record<string, unknown>>;
  /** Fields of a form body; undefined where the body is no form. */
  form?: Readonly<Record<string, unknown>> | undefined;
  /** The event as sent, for pointers. */
  element: unknown;
}

/** A compiled template. */
export interface Template {
  /** Whether it reads the event itself (a JSON pointer), not only the request around it, which a batch's events share. */
  readonly readsEvent: boolean;
  /** The text; undefined when any part is missing, since half an id would make strangers look like duplicates. */
  render(parts: TemplateParts): string | undefined;
}

type Part = (parts: TemplateParts) => string | undefined;

/**
 * A value as part of a name. Objects, null and '' name nothing; nor does a whole number beyond 2^53, because two different
 * ones read alike after JSON.parse.
 */
function asText(value: unknown): string | undefined {
  if (typeof value === 'string') return value === '' ? undefined : value;
  if (typeof value === 'boolean') return String(value);
  if (typeof value !== 'number' || !Number.isFinite(value)) return undefined;
  return Number.isInteger(value) && !Number.isSafeInteger(value) ? undefined : String(value);
}

function own(from: Readonly<Record<string, unknown>> | undefined, name: string): string | undefined {
  return from && Object.hasOwn(from, name) ? asText(from[name]) : undefined;
}

/** Idempotency-Key is a string of RFC 9651, whose quotes are not part of the key: https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/ */
function unquote(text: string): string | undefined {
  return /^"(?:[^"\\]|\\["\\])*"$/.test(text) ? asText(text.slice(1, -1).replace(/\\(["\\])/g, '$1')) : text;
}

function header(name: string): Part {
  const key = name.toLowerCase();
  return ({ headers }) => {
    const values = headers[key];
    // Two values may be two senders' (a proxy added one), so neither names anything.
    const text = values?.length === 1 ? asText(textOfHeader(values[0] as string)) : undefined;
    return text !== undefined && key === 'idempotency-key' ? unquote(text) : text;
  };
}

function placeholder(inside: string): { part: Part; readsEvent: boolean } {
  if (inside.startsWith('/')) {
    const pointer: Pointer = compilePointer(inside);
    return { part: ({ element }) => asText(follow(pointer, element)), readsEvent: true };
  }
  const [, kind, name = ''] = /^([hpqf]):(.+)$/s.exec(inside) ?? [];
  if (kind === 'h' && !/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name)) {
    throw new Error(`"{${inside}}": "${name}" is not a header's name`);
  }
  if (kind === 'h') return { part: header(name), readsEvent: false };
  if (kind === 'p') return { part: ({ params }) => own(params, name), readsEvent: false };
  if (kind === 'q') return { part: ({ query }) => own(query, name), readsEvent: false };
  if (kind === 'f') return { part: ({ form }) => own(form, name), readsEvent: false };
  throw new Error(
    `"{${inside}}" is not a placeholder; expected {h:header}, {/json/pointer}, {p:pathParameter}, {q:queryParameter} or {f:formField}`,
  );
}

/**
 * Compiles a template of literal text and placeholders: `{h:name}` a header, `{/json/pointer}` a value of the event,
 * `{p:name}` a parameter of the path, `{q:name}` of the query, `{f:name}` a field of a form.
 * @throws Error that names the part that is wrong and what is expected
 */
export function compileTemplate(text: string): Template {
  const parts: Part[] = [];
  let readsEvent = false;
  // Odd pieces are what stands between braces.
  text.split(/\{([^{}]*)\}/).forEach((piece, index) => {
    if (index % 2 === 1) {
      const compiled = placeholder(piece);
      parts.push(compiled.part);
      readsEvent ||= compiled.readsEvent;
    } else if (/[{}]/.test(piece)) {
      throw new Error(`"${piece}": a brace without its partner; expected a placeholder such as {h:name} or {/id}`);
    } else if (piece !== '') {
      parts.push(() => piece);
    }
  });
  if (parts.length === 0) throw new Error('the template is empty; expected a placeholder such as {h:name} or {/id}');
  return {
    readsEvent,
    render(from) {
      let out = '';
      for (const part of parts) {
        const piece = part(from);
        if (piece === undefined) return undefined;
        out += piece;
      }
      return out;
    },
  };
}
