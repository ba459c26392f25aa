import type { TensorProto } from '../onnx/onnx_pb.js';

/** The halves of a float16 tensor, which are raw bytes, or one in each int32 (ONNX specification, TensorProto.int32_data). */
export function halvesOf({ int32Data, rawData }: TensorProto): Uint8Array {
  return int32Data.length > 0 ? new Uint8Array(Uint16Array.from(int32Data).buffer) : rawData;
}

/**
 * IEEE 754 binary16 to binary32, exactly: every half, subnormals, infinities and NaN included, has a float of the
 * same value. Little-endian bytes in and out, as ONNX stores raw data.
 */
export function halvesToFloats(halves: Uint8Array): Uint8Array {
  const count = halves.length / 2;
  const input = new DataView(halves.buffer, halves.byteOffset, halves.byteLength);
  const output = new DataView(new ArrayBuffer(count * 4));
  for (let at = 0; at < count; at++)
    output.setUint32(at * 4, FLOAT_BITS[input.getUint16(at * 2, true)] as number, true);
  return new Uint8Array(output.buffer);
}

/** The bits of the float for each of the 65,536 halves. */
const FLOAT_BITS = Uint32Array.from({ length: 1 << 16 }, (_, half) => floatBits(half));

function floatBits(half: number): number {
  const sign = (half & 0x8000) << 16;
  const exponent = (half >> 10) & 0x1f;
  const fraction = half & 0x3ff;
  if (exponent === 0x1f) return (sign | 0x7f800000 | (fraction << 13)) >>> 0;
  if (exponent > 0) return (sign | ((exponent + 112) << 23) | (fraction << 13)) >>> 0;
  if (fraction === 0) return sign >>> 0;
  // A subnormal half is a normal float: shift until the leading one is in the place that floats leave out.
  const shift = Math.clz32(fraction) - 21;
  return (sign | ((113 - shift) << 23) | (((fraction << shift) & 0x3ff) << 13)) >>> 0;
}

/** Binary32 to the nearest binary16, of two as near the one that ends in 0; too large ones become infinite. */
export function floatsToHalves(floats: Float32Array): Uint8Array {
  const bits = new Uint32Array(floats.buffer, floats.byteOffset, floats.length);
  const output = new DataView(new ArrayBuffer(floats.length * 2));
  for (const [at, float] of bits.entries()) output.setUint16(at * 2, halfBits(float), true);
  return new Uint8Array(output.buffer);
}

function halfBits(float: number): number {
  const sign = (float >>> 16) & 0x8000;
  const magnitude = float & 0x7fffffff;
  if (magnitude > 0x7f800000) return sign | 0x7e00;
  // From half a step above the largest half on.
  if (magnitude >= 0x477ff000) return sign | 0x7c00;
  const exponent = magnitude >>> 23;
  if (exponent >= 113) return sign | roundOff(magnitude - (112 << 23), 13);
  // A subnormal half: the leading one, which floats leave out, becomes a bit like any other.
  return exponent < 102 ? sign : sign | roundOff((magnitude & 0x7fffff) | 0x800000, 126 - exponent);
}

/** Drops the lowest bits; what is just half of a step goes to the even neighbour. */
function roundOff(value: number, bits: number): number {
  const half = 1 << (bits - 1);
  return (value + half - 1 + ((value >>> bits) & 1)) >>> bits;
}
