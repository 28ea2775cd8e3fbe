import { language } from '../page/address.ts';

const units = ['B', 'kB', 'MB', 'GB'] as const;

/** `12.3 MB` */
export function bytes(count: number): string {
  const power = Math.min(units.length - 1, Math.floor(Math.log10(Math.max(1, count)) / 3));
  return `${(count / 1000 ** power).toPrecision(3)} ${units[power]}`;
}

/** A whole number with its thousands apart. */
export const whole = (count: number): string => Math.round(count).toLocaleString(language.value);

/** `48 s`, `3 min`, `2.5 h` */
export function duration(seconds: number): string {
  if (seconds < 1) return `${seconds.toFixed(1)} s`;
  if (seconds < 120) return `${Math.round(seconds)} s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`;
  return seconds < 172_800 ? `${(seconds / 3600).toFixed(1)} h` : `${Math.round(seconds / 86_400)} d`;
}

/** A count of operations: `1.2 TFLOP` */
export function flops(count: number): string {
  const names = ['', 'k', 'M', 'G', 'T', 'P', 'E'];
  const power = Math.min(names.length - 1, Math.floor(Math.log10(Math.max(1, count)) / 3));
  return `${(count / 1000 ** power).toPrecision(3)} ${names[power]}FLOP`;
}

/** A token so that it can be seen: spaces and line breaks have signs. */
export const visible = (text: string): string =>
  text.replaceAll('\n', '⏎').replaceAll('\t', '⇥').replaceAll(' ', '␣');
