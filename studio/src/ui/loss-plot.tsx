import { language } from '../page/address.ts';
import { words } from '../workbench/words.ts';
import { type Line, Plot } from './plot.tsx';

interface Props {
  readonly lines: readonly Line[];
  /** What a screen reader says of them. */
  readonly told: readonly string[];
  /** In pixels. */
  readonly height: number;
  readonly log: boolean;
  readonly onLog: (log: boolean) => void;
  /** From 0 to below 1: how much of what was before counts at each step. */
  readonly smoothing: number;
  readonly onSmoothing: (smoothing: number) => void;
}

/** Losses over the steps, with what can be changed about how they are drawn. */
export function LossPlot({ lines, told, height, log, onLog, smoothing, onSmoothing }: Props) {
  const say = words[language.value];
  return (
    <>
      <div class="tools plain">
        <label>
          <input type="checkbox" checked={log} onChange={() => onLog(!log)} /> {say.log}
        </label>
        <label class="slider">
          {say.smoothing}{' '}
          <input
            type="range"
            min={0}
            max={0.99}
            step={0.01}
            value={smoothing}
            onInput={({ currentTarget }) => onSmoothing(currentTarget.valueAsNumber)}
          />
        </label>
      </div>
      <Plot
        label={`${say.loss}. ${told.join('. ')}`}
        xLabel={say.step}
        lines={lines}
        log={log}
        height={height}
      />
    </>
  );
}
