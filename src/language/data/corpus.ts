/** Where a text is downloaded from, and the SHA-256 of its bytes in hexadecimal. */
export type CorpusSource = { readonly url: string; readonly sha256: string };

/** The texts that nanobard knows by name; one without a source is made here. */
export const corpora = {
  /** The tutorial's text: 40,000 lines from Shakespeare's plays. */
  tinyshakespeare: {
    characters: 1_115_394,
    source: {
      url: 'https://raw.githubusercontent.com/karpathy/char-rnn/master/data/tinyshakespeare/input.txt',
      sha256: '86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed',
    },
  },
  /** Made up by nanobard itself, as long: needs no network. */
  plays: { characters: 1_115_394 },
} as const;

export const corpusNames = Object.keys(corpora);
