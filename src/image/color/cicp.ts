import { buildProfile, type Chromaticities, type Curve } from './icc.js';

/**
 * Colours by number, as AVIF and HEIC (`nclx`) and PNG (`cICP`) name them instead of an ICC profile: ITU-T H.273,
 * "Coding-independent code points", tables 2 and 3.
 */
export interface Cicp {
  readonly primaries: number;
  readonly transfer: number;
}

const D65 = [0.3127, 0.329] as const;
const C = [0.31, 0.316] as const;

const PRIMARIES: Readonly<Record<number, Chromaticities>> = {
  1: { red: [0.64, 0.33], green: [0.3, 0.6], blue: [0.15, 0.06], white: D65 },
  4: { red: [0.67, 0.33], green: [0.21, 0.71], blue: [0.14, 0.08], white: C },
  5: { red: [0.64, 0.33], green: [0.29, 0.6], blue: [0.15, 0.06], white: D65 },
  6: { red: [0.63, 0.34], green: [0.31, 0.595], blue: [0.155, 0.07], white: D65 },
  7: { red: [0.63, 0.34], green: [0.31, 0.595], blue: [0.155, 0.07], white: D65 },
  9: { red: [0.708, 0.292], green: [0.17, 0.797], blue: [0.131, 0.046], white: D65 },
  11: { red: [0.68, 0.32], green: [0.265, 0.69], blue: [0.15, 0.06], white: [0.314, 0.351] },
  12: { red: [0.68, 0.32], green: [0.265, 0.69], blue: [0.15, 0.06], white: D65 },
};

/** Of HDR pictures: what paper white is shown at, in cd/m2 (ITU-R BT.2408). */
const REFERENCE_WHITE = 203;
/** Linear light up to here stays as it is; what is brighter, up to many times white, is rolled off below 1. */
const KNEE = 0.75;

/**
 * An ICC profile of the colours; undefined where they are those of sRGB, or said to be unknown. The curves of video
 * (BT.709 and its kin) count as that of sRGB, as stills that name them are made. HDR (PQ, HLG) is brought to the range
 * of SDR with a soft shoulder.
 */
export function profileOfCicp({ primaries, transfer }: Cicp): Uint8Array<ArrayBuffer> | undefined {
  const colours = PRIMARIES[primaries] ?? PRIMARIES[1];
  const curve = curveOf(transfer);
  if (colours === undefined || (colours === PRIMARIES[1] && curve === undefined)) return undefined;
  return buildProfile(colours, curve ?? toLinearSrgb);
}

function curveOf(transfer: number): Curve | undefined {
  switch (transfer) {
    case 4:
      return (value) => value ** 2.2;
    case 5:
      return (value) => value ** 2.8;
    case 8:
      return (value) => value;
    case 16:
      return (value) => shoulder((10_000 * fromPq(value)) / REFERENCE_WHITE);
    case 18:
      // The system gamma of a display of 1,000 cd/m2, channel by channel.
      return (value) => shoulder((1000 * fromHlg(value) ** 1.2) / REFERENCE_WHITE);
    default:
      return undefined;
  }
}

function toLinearSrgb(value: number): number {
  return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
}

/** SMPTE ST 2084: 0..1 to 0..1, where 1 is 10,000 cd/m2. */
function fromPq(value: number): number {
  const root = value ** (1 / 78.84375);
  return (Math.max(0, root - 0.8359375) / (18.8515625 - 18.6875 * root)) ** (1 / 0.1593017578125);
}

/** Inverse OETF of ITU-R BT.2100 HLG: 0..1 to the light of the scene, 0..1. */
function fromHlg(value: number): number {
  return value <= 0.5 ? value ** 2 / 3 : (Math.exp((value - 0.55991073) / 0.17883277) + 0.28466892) / 12;
}

/** Smooth at the knee (slope 1), towards 1 beyond it. */
function shoulder(light: number): number {
  return light <= KNEE ? light : 1 - (1 - KNEE) ** 2 / (light + 1 - 2 * KNEE);
}
