import type { FieldValidator } from './fields';

/** The part of the editor's `RED` that our forms use. The published types are older than Node-RED 4 (validators that return a message). */

/** Translates a key of the node's own catalogue; `__name__` in a text is replaced by the option of that name. */
export type Translate = (key: string, options?: Record<string, unknown>) => string;

/** A node as the editor knows it, inside `validate`, `label` and `oneditprepare`. */
export interface EditorNode {
  id: string;
  type: string;
  name?: string;
  _: Translate;
  [property: string]: unknown;
}

export interface EditorProperty {
  value: unknown;
  required?: boolean;
  /** The type of config node that this property refers to. */
  type?: string;
  validate?: FieldValidator;
}

export interface EditorNodeDefinition {
  category: string;
  color?: string;
  icon?: string;
  inputs?: number;
  outputs?: number;
  defaults: Record<string, EditorProperty>;
  credentials?: Record<string, { type: 'text' | 'password'; validate?: FieldValidator }>;
  label(this: EditorNode): string;
  labelStyle?(this: EditorNode): string;
  paletteLabel?: string;
  inputLabels?: string | ((this: EditorNode, index: number) => string);
  outputLabels?: string[] | ((this: EditorNode, index: number) => string | undefined);
  align?: 'left' | 'right';
  button?: { enabled?(this: EditorNode): boolean; onclick(this: EditorNode): void };
  oneditprepare?(this: EditorNode): void;
  oneditsave?(this: EditorNode): void;
  oneditcancel?(this: EditorNode): void;
  oneditdelete?(this: EditorNode): void;
  oneditresize?(this: EditorNode, size: { width: number; height: number }): void;
}

/** A code editor (Monaco or Ace) in a form. */
export interface CodeEditor {
  getValue(): string;
  setValue(text: string): void;
  getSession(): { on(event: 'change', callback: () => void): void };
  resize(): void;
  destroy(): void;
}

export interface EditorRed {
  _: Translate;
  nodes: {
    registerType(type: string, definition: EditorNodeDefinition): void;
    node(id: string): EditorNode | null | undefined;
    filterNodes(filter: { type?: string; z?: string }): EditorNode[];
    eachConfig(callback: (node: EditorNode) => boolean | undefined): void;
  };
  notify(message: string, options?: { type?: string; timeout?: number } | string): unknown;
  editor: {
    validateNode(node: EditorNode): boolean;
    createEditor(options: {
      id?: string;
      element?: HTMLElement;
      mode: string;
      value: string;
      focus?: boolean;
    }): CodeEditor;
  };
  view: { redraw(): void };
  clipboard?: { copyText(text: string, element?: unknown, message?: string): boolean };
  comms: {
    subscribe(topic: string, callback: (topic: string, payload: unknown) => void): void;
    unsubscribe(topic: string, callback: (topic: string, payload: unknown) => void): void;
  };
  settings: Record<string, unknown>;
}

declare global {
  const RED: EditorRed;
}
