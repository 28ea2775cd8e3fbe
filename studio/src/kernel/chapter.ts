// A chapter's source: a TypeScript module whose cells begin with a line `// %% id`.

/** A cell as the reader sees it. */
export interface SourceCell {
  readonly id: string;
  readonly source: string;
  /** Of an exercise: the line with an answer in it. */
  readonly answer: string | undefined;
  /** The cell with that answer in place, as tests run it. */
  readonly solved: string;
}

const MARK = /^\/\/ %% (\S+)$/m;
const EXERCISE = /^(?<head>[^/\n]*=> )[^/\n]*; \/\/ your turn: (?<answer>.*)$/m;

/** The cells of a chapter in order. What follows `// your turn:` is the answer, which a reader is not shown at once. */
export function cellsOf(module: string): SourceCell[] {
  const [, ...parts] = module.split(MARK);
  return parts.flatMap((id, i) => (i % 2 === 0 ? cellOf(id, parts[i + 1]!.trim()) : []));
}

function cellOf(id: string, source: string): SourceCell {
  const exercise = EXERCISE.exec(source)?.groups;
  if (!exercise) return { id, source, answer: undefined, solved: source };
  const answer = `${exercise.head!}${exercise.answer!};`;
  return {
    id,
    source: source.replace(/( \/\/ your turn): .*$/m, '$1'),
    answer,
    solved: source.replace(EXERCISE, () => answer),
  };
}
