import type { ComponentChildren } from 'preact';

interface Props {
  readonly class: string;
  readonly label: string;
  /** How many tokens there are: elements with a `data-index` from 0. */
  readonly count: number;
  /** The token that is chosen, if any. */
  readonly chosen: number | undefined;
  readonly onChoose: (index: number) => void;
  /** Whether pointing at a token chooses it, or only pressing. */
  readonly byHover?: boolean;
  readonly children: ComponentChildren;
}

/** Tokens of a text that can be chosen, by pointer or by arrow keys: one stop for the keyboard, not one for each token. */
export function TokenGroup({ label, count, chosen, onChoose, byHover = false, children, ...rest }: Props) {
  const byPointer = ({ target }: Event): void => {
    const index = (target as HTMLElement).dataset.index;
    if (index !== undefined) onChoose(Number(index));
  };
  return (
    // biome-ignore lint/a11y: a group whose tokens are chosen by pointer or by arrow keys
    <div
      class={rest.class}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: see above
      tabIndex={0}
      role="group"
      aria-label={label}
      onKeyDown={(event) => {
        const move = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0;
        if (move === 0) return;
        event.preventDefault();
        const from = chosen ?? (move > 0 ? -1 : count);
        onChoose(Math.min(count - 1, Math.max(0, from + move)));
      }}
      {...(byHover ? { onPointerOver: byPointer } : { onClick: byPointer })}
    >
      {children}
    </div>
  );
}
