/** A value as a line of output: text as it is, tensors as PyTorch prints them, arrays in brackets. */
export function show(value: unknown): string {
  if (typeof value === 'string') return value;
  if (Array.isArray(value) || (ArrayBuffer.isView(value) && 'length' in value)) {
    const items = Array.from(value as ArrayLike<unknown>);
    const more = items.length > 100 ? [`… ${items.length - 100} more`] : [];
    return `[${[...items.slice(0, 100).map((item) => (typeof item === 'string' ? JSON.stringify(item) : show(item))), ...more].join(', ')}]`;
  }
  if (value instanceof Map) return show([...value].map(([key, item]) => `${show(key)}: ${show(item)}`));
  if (value instanceof Error) return `${value.name}: ${value.message}`;
  if (typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype) {
    return `{ ${Object.entries(value)
      .map(([key, item]) => `${key}: ${show(item)}`)
      .join(', ')} }`;
  }
  return String(value);
}
