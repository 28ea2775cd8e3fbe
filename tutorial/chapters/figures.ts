// Pictures that a cell draws, live, below itself. In a terminal there are none: whatever shows a chapter says how.

import type { Constant, TypedArray } from 'nanobard';

/** A picture as it now stands: plain data. A later one of the same name, from the same cell, takes its place. */
export type Figure =
  | { readonly kind: 'bars'; readonly name: string; readonly bars: readonly (readonly [string, number])[] }
  | {
      readonly kind: 'heatmap';
      readonly name: string;
      readonly values: Float32Array;
      readonly columns: number;
      /** What columns and rows stand for, where it can be said. */
      readonly labels: readonly string[];
    }
  | {
      readonly kind: 'curve';
      readonly name: string;
      readonly steps: readonly number[];
      readonly series: Readonly<Record<string, readonly number[]>>;
      /** Horizontal lines to compare with. */
      readonly limits: Readonly<Record<string, number>>;
    }
  | {
      readonly kind: 'samples';
      readonly name: string;
      readonly samples: readonly (readonly [number, string])[];
    };

/** Who draws; nobody unless told. */
export const canvas: { draw: (figure: Figure) => void } = { draw: () => {} };

/** A bar for each label, in this order. */
export function bars(name: string, bars: readonly (readonly [label: string, value: number])[]): void {
  canvas.draw({ kind: 'bars', name, bars });
}

/** Matrices as fields of colours: values in rows of `columns`, which `labels` name as they do the rows. */
export async function heatmap(
  name: string,
  values: Constant | TypedArray | Promise<Constant | TypedArray>,
  columns: number,
  labels: readonly string[] = [],
): Promise<void> {
  const known = await values;
  const data = Float32Array.from('data' in known ? known.data : known);
  canvas.draw({ kind: 'heatmap', name, values: data, columns, labels });
}

/** A curve that grows with each `add`, beside limits that stay. */
export function curve(name: string, limits: Readonly<Record<string, number>> = {}) {
  const steps: number[] = [];
  const series: Record<string, number[]> = {};
  return {
    add(step: number, values: Readonly<Record<string, number>>): void {
      steps.push(step);
      for (const [key, value] of Object.entries(values)) series[key] = [...(series[key] ?? []), value];
      canvas.draw({ kind: 'curve', name, steps, series, limits });
    },
  };
}

/** Texts of a model as it learns, one below the other. */
export function samples(name: string) {
  const written: (readonly [number, string])[] = [];
  return {
    add(step: number, text: string): void {
      written.push([step, text]);
      canvas.draw({ kind: 'samples', name, samples: written });
    },
  };
}
