import { useId } from 'preact/hooks';

interface Props {
  readonly label: string;
  readonly value: number;
  readonly min: number;
  readonly max: number;
  readonly step?: number;
  readonly disabled?: boolean;
  /** Whether the value is refused. */
  readonly wrong?: boolean;
  readonly onInput: (value: number) => void;
}

/** A number that can be dragged, or typed beyond the slider's ends. */
export function NumberField({ label, value, min, max, step = 1, disabled, wrong, onInput }: Props) {
  const id = useId();
  const change = ({ currentTarget }: { readonly currentTarget: HTMLInputElement }): void => {
    const number = currentTarget.valueAsNumber;
    if (Number.isFinite(number)) onInput(number);
  };
  return (
    <div class={`field ${wrong ? 'wrong' : ''}`}>
      <label for={id}>{label}</label>
      <input type="range" aria-label={label} {...{ min, max, step, value, disabled }} onInput={change} />
      <input
        id={id}
        type="number"
        step="any"
        aria-invalid={wrong}
        {...{ value, disabled }}
        onInput={change}
      />
    </div>
  );
}
