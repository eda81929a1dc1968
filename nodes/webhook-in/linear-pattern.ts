import type { RE2JS } from 're2js';

/** A pattern that is matched in time linear in the text, so that no event can stop Node-RED with it. */
export interface LinearPattern {
  test(text: string): boolean;
  /** Unlike for each pattern: ajv takes two with the same text for the same. */
  toString(): string;
}

function load(): typeof RE2JS {
  // Loaded on first use: most nodes have no schema, and a small device should not pay for what it does not use.
  return (require('re2js') as typeof import('re2js')).RE2JS;
}

/**
 * Compiles a JSON Schema pattern with RE2's engine.
 * @throws Error that says what the engine does not do (look-ahead, look-behind, back-references, more than 1000 repetitions)
 */
export function linearPattern(pattern: string): LinearPattern {
  const engine = load();
  try {
    const compiled = engine.compile(engine.translateRegExp(pattern));
    return { test: (text) => compiled.test(text), toString: () => `/${pattern}/u` };
  } catch (error) {
    const reason = (error as Error).message.replace(/^error parsing regexp: /, '');
    throw new Error(
      `the pattern ${JSON.stringify(pattern)} cannot be matched in linear time or is not valid (${reason}); ` +
        'expected one without look-ahead, look-behind and back-references',
    );
  }
}
