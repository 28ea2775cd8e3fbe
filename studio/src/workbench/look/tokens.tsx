import { language } from '../../page/address.ts';
import { TokenGroup } from '../../ui/token-group.tsx';
import type { Look } from '../protocol.ts';
import { words } from '../words.ts';

interface Props {
  readonly look: Look;
  readonly place: number;
  readonly onPlace: (place: number) => void;
}

/** The loss at which a token is coloured in full, in nats. */
const DARKEST = 6;

/** A text whose tokens have the colour of their loss. */
export function Tokens({ look, place, onPlace }: Props) {
  const say = words[language.value];
  const { tokens, losses } = look;
  const known = losses.filter((loss) => loss !== null);
  const mean = known.reduce((sum, loss) => sum + loss, 0) / Math.max(1, known.length);
  const loss = losses[place];
  return (
    <section class="panel" aria-labelledby="tokens-title">
      <h2 id="tokens-title">{say.tokens}</h2>
      <TokenGroup
        class="looked"
        label={say.tokens}
        count={tokens.length}
        chosen={place}
        onChoose={onPlace}
        byHover
      >
        {tokens.map((token, i) => (
          <span
            key={i}
            data-index={i}
            class={`token ${i === place ? 'chosen' : ''}`}
            style={{ '--loss': Math.min(1, (losses[i] ?? 0) / DARKEST).toFixed(3) }}
          >
            {token === '\n' ? '⏎\n' : token}
          </span>
        ))}
      </TokenGroup>
      <p class="quiet" role="status">
        {loss != null && `${say.surprise(loss.toFixed(2), (100 * Math.exp(-loss)).toFixed(1))}. `}
        {say.meanLoss(mean.toFixed(3), look.milliseconds.toFixed(0))} {look.cut && say.cutNote}
      </p>
    </section>
  );
}
