import { useState } from 'preact/hooks';
import { language } from '../../page/address.ts';
import { visible } from '../../ui/format.ts';
import type { Candidate, WrittenToken } from '../protocol.ts';
import { words } from '../words.ts';

interface Props {
  readonly prompt: string;
  readonly tokens: readonly WrittenToken[];
  readonly onReplace: (index: number, candidate: Candidate) => void;
}

/** A text token by token: one that is chosen shows what else might have come there. */
export function WrittenText({ prompt, tokens, onReplace }: Props) {
  const say = words[language.value];
  const [chosen, setChosen] = useState<number>();
  if (tokens.length === 0) return null;
  const token = chosen === undefined ? undefined : tokens[chosen];
  return (
    <>
      {/* biome-ignore lint/a11y: a group whose tokens are chosen by pointer or by arrow keys */}
      <div
        class="written"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: one stop for the keyboard, not one for each token
        tabIndex={0}
        role="group"
        aria-label={say.writtenText}
        onKeyDown={(event) => {
          const move = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0;
          if (move === 0) return;
          event.preventDefault();
          setChosen(
            Math.min(tokens.length - 1, Math.max(0, (chosen ?? (move > 0 ? -1 : tokens.length)) + move)),
          );
        }}
        onClick={({ target }) => {
          const index = (target as HTMLElement).dataset.index;
          if (index !== undefined) setChosen(Number(index));
        }}
      >
        <span class="prompt">{prompt}</span>
        {tokens.map(({ text, raw }, i) => (
          <span
            key={i}
            data-index={i}
            class={`token ${i === chosen ? 'chosen' : ''}`}
            style={{ '--sure': raw.toFixed(2) }}
          >
            {text}
          </span>
        ))}
      </div>
      {token && chosen !== undefined && (
        <fieldset class="alternatives" aria-label={say.alternatives}>
          <span class="quiet">{say.instead(visible(token.text))}</span>
          {token.candidates.map((candidate) => (
            <button
              type="button"
              key={candidate.token}
              class={candidate.token === token.token ? 'same' : ''}
              onClick={() => {
                onReplace(chosen, candidate);
                setChosen(undefined);
              }}
            >
              <code>{visible(candidate.text)}</code> {(100 * candidate.raw).toFixed(1)} %
            </button>
          ))}
        </fieldset>
      )}
    </>
  );
}
