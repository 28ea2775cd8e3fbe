import { decodeText, NanobardError, normalizeText, plays } from 'nanobard';
import type { TextInfo, TextSource } from '../protocol.ts';

/** Characters of the beginning that the page shows. */
const BEGINNING = 600;

const SEED = 1337;

const NOT_HERE =
  'To have tinyshakespeare, run "npx nanobard train bigram --data tinyshakespeare" once, or put tinyshakespeare.txt ' +
  'beside index.html.';

export interface LoadedText {
  readonly text: string;
  readonly info: TextInfo;
}

/** Several texts as one, with a line break between them. */
export async function loadTexts(sources: readonly TextSource[]): Promise<LoadedText> {
  const loaded = await Promise.all(sources.map(load));
  const text = loaded
    .map((part) => part.text)
    .reduce((all, part) => (all === '' || all.endsWith('\n') ? all + part : `${all}\n${part}`), '');
  return {
    text,
    info: {
      name: sources.map(({ name }) => name).join(', '),
      characters: text.length,
      vocabSize: new Set(text).size,
      beginning: text.slice(0, BEGINNING),
      notices: loaded.flatMap(({ notices }) => notices),
    },
  };
}

async function load(source: TextSource): Promise<{ text: string; notices: string[] }> {
  switch (source.kind) {
    case 'text':
      return { text: source.text.replaceAll(/\r\n?/g, '\n'), notices: [] };
    case 'plays':
      return { text: plays({ characters: source.characters, seed: SEED }), notices: [] };
    case 'file':
      return decode(new Uint8Array(await source.file.arrayBuffer()), source.name);
    case 'url': {
      const response = await fetch(source.url);
      const isText = response.headers.get('content-type')?.startsWith('text/plain') === true;
      if (!response.ok || !isText)
        throw new NanobardError('network', `${source.name} is not here`, { hint: NOT_HERE });
      return decode(new Uint8Array(await response.arrayBuffer()), source.name);
    }
  }
}

function decode(bytes: Uint8Array, name: string): { text: string; notices: string[] } {
  const { bytes: normal, notices } = normalizeText(bytes, name);
  return { text: decodeText(normal, name), notices };
}
