const grouped = new Intl.NumberFormat('en');
const compacted = new Intl.NumberFormat('en', { notation: 'compact', maximumSignificantDigits: 3 });

/** 1,115,394 */
export function formatCount(count: number): string {
  return grouped.format(count);
}

/** 13.8 k, 1.9 M: three digits and a metric prefix. */
export function formatRate(rate: number): string {
  return compacted
    .format(rate)
    .replace(/(\d)K$/, '$1 k')
    .replace(/(\d)([MBT])$/, '$1 $2');
}

/** 0.42 s, 4.2 s, 48 s, 1 min 12 s, 2 h 5 min, 3 d 4 h */
export function formatDuration(seconds: number): string {
  if (seconds < 0.995) return `${seconds.toFixed(2)} s`;
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 24 * 60) return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
  const hours = Math.round(seconds / 3600);
  return `${formatCount(Math.floor(hours / 24))} d ${hours % 24} h`;
}

/** 0.10 ms, 57 ms, 1.2 s */
export function formatMilliseconds(ms: number): string {
  if (ms >= 999.5) return formatDuration(ms / 1000);
  return `${ms < 9.995 ? ms.toFixed(2) : ms.toFixed(0)} ms`;
}

/** 45 kB, 13 MB, 1.2 GB */
export function formatBytes(bytes: number): string {
  if (bytes < 2 ** 20) return `${Math.ceil(bytes / 1024)} kB`;
  const megabytes = bytes / 2 ** 20;
  return megabytes < 1000 ? `${Math.ceil(megabytes)} MB` : `${(megabytes / 1024).toFixed(1)} GB`;
}

/** Losses have four decimals, as nanoGPT prints them. */
export function formatLoss(loss: number): string {
  return loss.toFixed(4);
}
