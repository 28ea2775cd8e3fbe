// Loaded when a cell is first edited, with what makes the cell run: nothing of it is needed to read.

import { defaultKeymap, history, historyKeymap, indentWithTab } from '@codemirror/commands';
import { javascript } from '@codemirror/lang-javascript';
import { bracketMatching, indentOnInput, syntaxHighlighting } from '@codemirror/language';
import { EditorState, Prec } from '@codemirror/state';
import { EditorView, keymap } from '@codemirror/view';
import { classHighlighter } from '@lezer/highlight';

export { compileCell } from '../kernel/cell.ts';

export interface Editor {
  close(): void;
}

interface Options {
  readonly source: string;
  /** For screen readers. */
  readonly label: string;
  readonly onChange: (source: string) => void;
  /** Ctrl or Cmd and Enter. */
  readonly onRun: () => void;
}

export function openEditor(parent: HTMLElement, { source, label, onChange, onRun }: Options): Editor {
  const run = (): boolean => {
    onRun();
    return true;
  };
  const view = new EditorView({
    parent,
    state: EditorState.create({
      doc: source,
      extensions: [
        Prec.highest(keymap.of([{ key: 'Mod-Enter', run }])),
        history(),
        bracketMatching(),
        indentOnInput(),
        javascript({ typescript: true }),
        syntaxHighlighting(classHighlighter),
        keymap.of([...defaultKeymap, ...historyKeymap, indentWithTab]),
        EditorView.contentAttributes.of({ 'aria-label': label }),
        EditorView.updateListener.of((update) => {
          if (update.docChanged) onChange(update.state.doc.toString());
        }),
      ],
    }),
  });
  view.focus();
  return { close: () => view.destroy() };
}
