import { useState } from 'preact/hooks';
import { language } from '../../page/address.ts';
import { visible } from '../../ui/format.ts';
import { TokenGroup } from '../../ui/token-group.tsx';
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
      <TokenGroup
        class="written"
        label={say.writtenText}
        count={tokens.length}
        chosen={chosen}
        onChoose={setChosen}
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
      </TokenGroup>
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
