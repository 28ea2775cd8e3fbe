import { language } from '../../page/address.ts';
import { visible } from '../../ui/format.ts';
import type { Candidate } from '../protocol.ts';
import { words } from '../words.ts';
import './distribution.css';

interface Props {
  readonly candidates: readonly Candidate[];
  readonly onChoose?: (candidate: Candidate) => void;
}

/** How likely the next tokens are: by the model alone (outline), and as they are drawn (filled). */
export function Distribution({ candidates, onChoose }: Props) {
  const say = words[language.value];
  if (candidates.length === 0) return null;
  const top = Math.max(...candidates.flatMap(({ probability, raw }) => [probability, raw]));
  const share = (value: number): string => `${((100 * value) / top).toFixed(1)}%`;
  return (
    <figure class="distribution">
      <figcaption>{say.nextToken}</figcaption>
      <ol>
        {candidates.map((candidate) => {
          const { token, text, probability, raw } = candidate;
          const bars = (
            <>
              <code>{visible(text)}</code>
              <span class="bar">
                <span class="raw" style={{ width: share(raw) }} />
                <span class="ruled" style={{ width: share(probability) }} />
              </span>
              <span class="percent">{(100 * probability).toFixed(1)}</span>
            </>
          );
          return (
            <li key={token}>
              {onChoose ? (
                <button type="button" onClick={() => onChoose(candidate)}>
                  {bars}
                </button>
              ) : (
                <span class="row">{bars}</span>
              )}
            </li>
          );
        })}
      </ol>
    </figure>
  );
}
