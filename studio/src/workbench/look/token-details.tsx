import { language } from '../../page/address.ts';
import { visible } from '../../ui/format.ts';
import type { Look } from '../protocol.ts';
import { words } from '../words.ts';
import { Distribution } from '../write/distribution.tsx';

interface Props {
  readonly look: Look;
  readonly place: number;
}

/** What the model expects after a token, in each layer, and what its tables say of it. */
export function TokenDetails({ look, place }: Props) {
  const say = words[language.value];
  const { tokens, next, lens, lookups } = look;
  const layers = lens.length / tokens.length;
  return (
    <section class="panel" aria-labelledby="next-title">
      <h2 id="next-title">{say.expects(visible(tokens[place] ?? ''))}</h2>
      <Distribution candidates={next[place] ?? []} />
      {layers > 1 && (
        <>
          <h3>{say.lens}</h3>
          <p class="quiet">{say.lensNote}</p>
          <table class="lens">
            <tbody>
              {Array.from({ length: layers }, (_, layer) => (
                <tr key={layer}>
                  <th scope="row">{layer === 0 ? say.embedding : `${say.layer} ${layer}`}</th>
                  {(lens[layer * tokens.length + place] ?? []).map(({ token, text, raw }) => (
                    <td key={token} style={{ '--sure': raw.toFixed(3) }}>
                      <code>{visible(text)}</code> {(100 * raw).toFixed(0)} %
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </>
      )}
      {lookups.length > 1 && <Lookups lookups={lookups.map((all) => all[place] ?? 0)} />}
    </section>
  );
}

function Lookups({ lookups }: { readonly lookups: readonly number[] }) {
  const say = words[language.value];
  const largest = Math.max(...lookups);
  return (
    <>
      <h3>{say.lookups}</h3>
      <p class="quiet">{say.lookupsNote}</p>
      <ul class="lookups">
        {lookups.map((length, i) => (
          <li key={i}>
            <span>{i === 0 ? say.tokenTable : say.ngram(i + 1)}</span>
            <span class="bar">
              <span style={{ width: `${(100 * length) / largest}%` }} />
            </span>
            <span class="number">{length.toFixed(1)}</span>
          </li>
        ))}
      </ul>
    </>
  );
}
