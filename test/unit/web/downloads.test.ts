import { expect, it } from 'vitest';
import { isExpired } from '../../../web/ui/downloads.js';

it('renews links a little before they end', () => {
  const link = { expiresAt: '2026-01-01T00:01:00.000Z' };
  expect(isExpired(link, Date.parse('2026-01-01T00:00:49.999Z'))).toBe(false);
  expect(isExpired(link, Date.parse('2026-01-01T00:00:50.000Z'))).toBe(true);
});
