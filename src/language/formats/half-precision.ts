// Numbers of 16 bits, which JavaScript has no arrays for: their bits, in Uint16Arrays.

/** The upper halves of float32s. */
export function bfloat16ToFloat32(halves: Uint16Array): Float32Array {
  const bits = new Uint32Array(halves.length);
  for (let i = 0; i < halves.length; i++) bits[i] = halves[i]! << 16;
  return new Float32Array(bits.buffer);
}

/** IEEE 754 binary16: 1 sign bit, 5 of exponent (bias 15), 10 of mantissa. */
export function float16ToFloat32(halves: Uint16Array): Float32Array<ArrayBuffer> {
  const floats = new Float32Array(halves.length);
  const bits = new Uint32Array(floats.buffer);
  for (let i = 0; i < halves.length; i++) {
    const half = halves[i]!;
    bits[i] = (half & 0x7fff) << 13;
    // Exponent 31 is infinity or NaN. All others, subnormal ones too, are off by the difference in bias.
    if ((half & 0x7c00) === 0x7c00) bits[i]! |= 0x7f800000;
    else floats[i]! *= 2 ** (127 - 15);
    bits[i]! |= (half & 0x8000) << 16;
  }
  return floats;
}

/** The nearest half-precision numbers, ties to even, as bits; beyond 65,504 infinity. */
export function float32ToFloat16(floats: Float32Array): Uint16Array {
  const bits = new Uint32Array(floats.buffer, floats.byteOffset, floats.length);
  const halves = new Uint16Array(floats.length);
  const scratch = new Float32Array(1);
  const scratchBits = new Uint32Array(scratch.buffer);
  for (let i = 0; i < bits.length; i++) {
    const sign = (bits[i]! >>> 16) & 0x8000;
    const magnitude = bits[i]! & 0x7fffffff;
    if (magnitude > 0x7f800000)
      halves[i] = sign | 0x7e00; // NaN
    else if (magnitude >= 0x477ff000)
      halves[i] = sign | 0x7c00; // rounds to 2^16 or more
    else if (magnitude < 0x38800000) {
      // Below 2^-14: a multiple of 2^-24, rounded by adding 0.5, where float32 has that resolution.
      scratch[0] = Math.abs(floats[i]!) + 0.5;
      halves[i] = sign | (scratchBits[0]! - 0x3f000000);
    } else halves[i] = sign | ((magnitude + 0xfff + ((magnitude >>> 13) & 1) - 0x38000000) >>> 13);
  }
  return halves;
}
