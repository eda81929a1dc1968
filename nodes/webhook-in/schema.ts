import type Ajv from 'ajv';
import type { ErrorObject, Options } from 'ajv';
import { forbiddenKey, tooDeep } from '../shared/json-guard';
import { jsonErrorPosition } from '../shared/json-position';
import { linearPattern } from './linear-pattern';
import { findDanger, pathOfKeyword } from './schema-check';

/** Schemas nest two levels for each level of data they describe. */
const MAX_SCHEMA_DEPTH = 256;

/** Characters of a text with the format `url`, as much as browsers and servers agree on. */
const MAX_URL = 2048;

const DRAFT_2020 = 'https://json-schema.org/draft/2020-12/schema';
const DRAFT_07 = 'http://json-schema.org/draft-07/schema';

/** Why a value does not match. */
export interface Mismatch {
  /** JSON pointer to the field, `''` for the value itself. */
  pointer: string;
  /** What was expected there. */
  message: string;
}

/** A compiled schema. */
export interface Schema {
  /** undefined = the value matches; else the first mismatch. */
  readonly validate: (value: unknown) => Mismatch | undefined;
}

/** A schema that cannot be used; the message begins with the place: `line 3, column 5: ...` or `/properties/a/type: ...`. */
export class SchemaError extends Error {
  override readonly name = 'SchemaError';
}

function readSchema(text: string): Record<string, unknown> | boolean {
  const position = jsonErrorPosition(text);
  if (position) throw new SchemaError(`line ${position.line}, column ${position.column}: this is not JSON`);
  if (tooDeep(text, MAX_SCHEMA_DEPTH)) throw new SchemaError(`nested more than ${MAX_SCHEMA_DEPTH} levels deep`);
  const schema: unknown = JSON.parse(text);
  const key = forbiddenKey(schema);
  if (key) throw new SchemaError(`${key}: this key is not allowed`);
  if (typeof schema === 'boolean') return schema;
  if (typeof schema !== 'object' || schema === null || Array.isArray(schema)) {
    throw new SchemaError('expected a JSON object such as {"type": "object", "required": ["id"]}');
  }
  return schema as Record<string, unknown>;
}

/** ajv asks for a function that also has source code, which is only used for stand-alone output. */
const regExp = Object.assign((pattern: string) => linearPattern(pattern), { code: 'linearPattern' });

/** Types, tuples and required fields are often spread over several subschemas, which is no mistake; an unknown keyword is one. */
const OPTIONS: Options = {
  strictSchema: true,
  strictTypes: false,
  strictTuples: false,
  strictRequired: false,
  allowUnionTypes: true,
  allErrors: false,
  ownProperties: true,
  logger: false,
  code: { regExp },
};

function engine(schema: Record<string, unknown> | boolean): Ajv {
  const dialect = typeof schema === 'boolean' ? undefined : schema.$schema;
  const named = typeof dialect === 'string' ? dialect.replace(/#$/, '') : dialect;
  let ajv: Ajv;
  // Loaded on first use, since ajv takes several megabytes; one instance a schema, so that no $id meets another's.
  if (named === undefined || named === DRAFT_2020) {
    const { Ajv2020 } = require('ajv/dist/2020') as typeof import('ajv/dist/2020');
    ajv = new Ajv2020(OPTIONS);
  } else if (named === DRAFT_07) {
    const { Ajv: Ajv07 } = require('ajv') as typeof import('ajv');
    ajv = new Ajv07(OPTIONS);
  } else {
    throw new SchemaError(`/$schema: ${JSON.stringify(dialect)}; expected "${DRAFT_2020}" or "${DRAFT_07}#"`);
  }
  const { default: addFormats } = require('ajv-formats') as typeof import('ajv-formats');
  addFormats(ajv);
  // Its pattern takes quadratic time, so that one long text would stop Node-RED for minutes.
  const url = ajv.formats.url;
  if (url instanceof RegExp) {
    ajv.addFormat('url', { type: 'string', validate: (text) => text.length <= MAX_URL && url.test(text) });
  }
  // Words that OpenAPI documents carry into schemas and that say nothing about the value.
  for (const word of ['example', 'xml', 'externalDocs']) ajv.addKeyword(word);
  return ajv;
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? 'undefined';
  return text.length > 100 ? `${text.slice(0, 100)}...` : text;
}

/** ajv's message, with the values it leaves out. */
function describe({ keyword, message, params }: ErrorObject): string {
  if (keyword === 'const') return `must be ${shown(params.allowedValue)}`;
  if (keyword === 'enum') return `must be one of ${shown(params.allowedValues)}`;
  if (keyword === 'additionalProperties') return `must not have the property ${shown(params.additionalProperty)}`;
  if (keyword === 'unevaluatedProperties') return `must not have the property ${shown(params.unevaluatedProperty)}`;
  if (keyword === 'propertyNames') return `must not have a property called ${shown(params.propertyName)}`;
  if (keyword === 'false schema') return 'must not be there';
  return message ?? `must match the keyword ${keyword}`;
}

function compile(ajv: Ajv, schema: Record<string, unknown> | boolean) {
  if (!ajv.validateSchema(schema)) {
    const error = ajv.errors?.[0];
    throw new SchemaError(error ? `${error.instancePath || '/'}: ${describe(error)}` : 'not a valid JSON Schema');
  }
  try {
    return ajv.compile(schema);
  } catch (error) {
    const missing = (error as { missingRef?: unknown }).missingRef;
    if (typeof missing === 'string') {
      throw new SchemaError(`$ref ${shown(missing)} is not in this schema; nothing is fetched, put it under $defs`);
    }
    const message = (error as Error).message.replace(/^strict mode: /, '');
    const unknown = /^unknown keyword: "(.*)"$/s.exec(message)?.[1];
    throw new SchemaError(unknown === undefined ? message : `${pathOfKeyword(schema, unknown) ?? '/'}: ${message}`);
  }
}

/**
 * Compiles a JSON Schema, 2020-12 or (by `$schema`) draft-07, with formats. Patterns run in linear time, and `$ref` reaches
 * only what is in the schema itself.
 * @throws SchemaError that says where and what
 */
export function compileSchema(text: string): Schema {
  const schema = readSchema(text);
  const danger = findDanger(schema);
  if (danger) throw new SchemaError(`${danger.path}: ${danger.message}`);
  const check = compile(engine(schema), schema);
  const validate = (value: unknown): Mismatch | undefined => {
    if (check(value)) return undefined;
    const error = check.errors?.[0];
    return error ? { pointer: error.instancePath, message: describe(error) } : { pointer: '', message: 'must match' };
  };
  try {
    for (const sample of [{}, [], '', 0, null]) validate(sample);
  } catch (error) {
    throw new SchemaError(`a $ref leads back to itself without end (${(error as Error).message})`);
  }
  return { validate };
}
