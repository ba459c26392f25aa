// Drawings that stand for photographs in the documentation: freely licensed, because they are made here.

const DEFINITIONS = `<defs>
  <linearGradient id="wall" x1="0" y1="0" x2="1" y2="1">
    <stop offset="0" stop-color="#c9d6df"/><stop offset="1" stop-color="#8fa3b0"/>
  </linearGradient>
  <linearGradient id="table" x1="0" y1="0" x2="0" y2="1">
    <stop offset="0" stop-color="#9c6b43"/><stop offset="1" stop-color="#6f4827"/>
  </linearGradient>
  <radialGradient id="body" cx="0.35" cy="0.3" r="0.9">
    <stop offset="0" stop-color="#ffb199"/><stop offset="0.5" stop-color="#e2583e"/><stop offset="1" stop-color="#7d1f12"/>
  </radialGradient>
  <radialGradient id="leaf" cx="0.4" cy="0.2" r="1">
    <stop offset="0" stop-color="#9fd356"/><stop offset="1" stop-color="#2f6b2f"/>
  </radialGradient>
  <radialGradient id="ball" cx="0.35" cy="0.3" r="0.8">
    <stop offset="0" stop-color="#fff3c4"/><stop offset="0.5" stop-color="#f0a500"/><stop offset="1" stop-color="#8a5300"/>
  </radialGradient>
  <linearGradient id="sky" x1="0" y1="0" x2="0" y2="1">
    <stop offset="0" stop-color="#3a8fd0"/><stop offset="1" stop-color="#cfeaf7"/>
  </linearGradient>
  <linearGradient id="sand" x1="0" y1="0" x2="0" y2="1">
    <stop offset="0" stop-color="#e8d3a0"/><stop offset="1" stop-color="#c9a96a"/>
  </linearGradient>
  <filter id="soft"><feGaussianBlur stdDeviation="9"/></filter>
</defs>`;

const ROOM = `<rect width="640" height="640" fill="url(#wall)"/>
  <g stroke="#7f93a1" stroke-width="3" opacity="0.5">
    ${Array.from({ length: 8 }, (_, at) => `<line x1="${at * 90}" y1="0" x2="${at * 90 - 40}" y2="470"/>`).join('')}
  </g>
  <rect y="470" width="640" height="170" fill="url(#table)"/>`;

const VASE = `<ellipse cx="345" cy="560" rx="150" ry="20" fill="#2b1a0e" opacity="0.55" filter="url(#soft)"/>
  <g fill="url(#leaf)" stroke="#2c5a2c" stroke-width="2">
    <path d="M318 300 C230 250 190 160 215 70 C285 120 325 205 322 300 Z"/>
    <path d="M322 300 C330 190 355 90 425 50 C455 140 410 240 326 300 Z"/>
    <path d="M316 300 C250 290 150 270 120 190 C210 170 290 220 320 300 Z"/>
    <path d="M326 300 C390 280 490 250 525 175 C440 160 360 210 324 300 Z"/>
  </g>
  <path d="M250 290 C255 330 190 370 190 450 C190 530 250 565 320 565 C390 565 450 530 450 450 C450 370 385 330 390 290 Z"
    fill="url(#body)"/>
  <ellipse cx="320" cy="290" rx="70" ry="16" fill="#8f2b1c"/>
  <path d="M225 430 C225 390 250 370 262 350" stroke="#fff" stroke-width="12" stroke-linecap="round" fill="none" opacity="0.55"/>`;

/** A vase with leaves on a table. */
export const vase = () => drawing(ROOM + VASE);

/** Two vases, one beside the other. */
export const pair = () =>
  drawing(`${ROOM}<g transform="translate(-35 260) scale(0.55)">${VASE}</g>
    <g transform="translate(320 260) scale(0.55)">${VASE}</g>`);

/** A table and a wall, and nothing on it. */
export const room = () => drawing(ROOM);

export const beach = () =>
  drawing(`<rect width="640" height="400" fill="url(#sky)"/><circle cx="520" cy="110" r="48" fill="#fff6d8"/>
    <rect y="340" width="640" height="110" fill="#2f87a8"/><rect y="430" width="640" height="210" fill="url(#sand)"/>
    <path d="M0 440 C120 415 220 460 340 437 C460 415 540 455 640 435 L640 452 C540 470 460 432 340 455 C220 478 120 432 0 458 Z" fill="#fff" opacity="0.8"/>`);

/** A ball above a table; `height` from 0 (on it) to 1. */
export const ball = (height) =>
  drawing(`${ROOM}<ellipse cx="320" cy="560" rx="${120 - 50 * height}" ry="18" fill="#2b1a0e" opacity="${0.6 - 0.35 * height}" filter="url(#soft)"/>
    <circle cx="320" cy="${445 - 260 * height}" r="115" fill="url(#ball)"/>`);

function drawing(content) {
  return Buffer.from(
    `<svg xmlns="http://www.w3.org/2000/svg" width="640" height="640" viewBox="0 0 640 640">${DEFINITIONS}${content}</svg>`,
  );
}
