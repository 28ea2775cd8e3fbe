/** A text that nanobard knows by name. */
export interface Corpus {
  readonly description: string;
  readonly characters: number;
  /** Where the text is downloaded from; absent for a text made here. */
  readonly source?: CorpusSource;
}

export interface CorpusSource {
  readonly url: string;
  /** SHA-256 of the bytes, in hexadecimal. */
  readonly sha256: string;
}

export const corpora = {
  tinyshakespeare: {
    description: "The tutorial's text: 40,000 lines from Shakespeare's plays",
    characters: 1_115_394,
    source: {
      url: 'https://raw.githubusercontent.com/karpathy/char-rnn/master/data/tinyshakespeare/input.txt',
      sha256: '86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed',
    },
  },
  plays: {
    description: 'Plays in blank verse, made up by nanobard itself: needs no network',
    characters: 1_115_394,
  },
} as const satisfies Record<string, Corpus>;

export type CorpusName = keyof typeof corpora;

export const corpusNames = Object.keys(corpora) as CorpusName[];
