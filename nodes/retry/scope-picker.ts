import type { EditorNode } from '../shared/editor/red';

/** The part of the editor that lets people pick nodes in the workspace; the published types lack it. */
interface Picker {
  view: {
    selectNodes(options: {
      selected: string[];
      onselect(nodes: EditorNode[]): void;
      oncancel(): void;
      filter(node: EditorNode): boolean;
    }): void;
  };
  tray: { hide(): void; show(): void };
  nodes: { node(id: string): EditorNode | null };
  utils: { getNodeLabel(node: EditorNode): string };
}

/**
 * Fills the form's row that shows which nodes decide, and lets people choose them in the workspace as core Catch does.
 * @returns reads the choice: null = every node behind output 1
 */
export function scopePicker(node: EditorNode): () => string[] | null {
  const editor = RED as unknown as Picker;
  let scope: string[] = Array.isArray(node.scope) ? node.scope.map(String) : [];
  const show = (): void => {
    const names = scope.map((id) => {
      const picked = editor.nodes.node(id);
      return picked ? editor.utils.getNodeLabel(picked) : id;
    });
    const text =
      scope.length === 0
        ? node._('retry.text.scopeAll')
        : node._('retry.text.scopeSome', { count: scope.length, nodes: names.join(', ') });
    $('#surewire-retry-scope').text(text);
    $('#surewire-retry-scope-clear').toggle(scope.length > 0);
  };
  $('#surewire-retry-scope-select').on('click', () => {
    editor.tray.hide();
    editor.view.selectNodes({
      selected: scope,
      onselect: (nodes) => {
        editor.tray.show();
        scope = nodes.map(({ id }) => id);
        show();
      },
      oncancel: () => editor.tray.show(),
      filter: ({ id }) => id !== node.id,
    });
  });
  $('#surewire-retry-scope-clear').on('click', () => {
    scope = [];
    show();
  });
  show();
  return () => (scope.length > 0 ? scope : null);
}
