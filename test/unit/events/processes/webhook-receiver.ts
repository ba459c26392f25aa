// Takes the notifications it is sent, says which it has accepted, and hands none out: to be killed.
import { createInterface } from 'node:readline';
import { pino } from 'pino';
import { createWebhookSource } from '../../../../src/events/webhook-source.js';

const [journalFolder = ''] = process.argv.slice(2);
const logger = pino({ level: 'silent' });
const source = createWebhookSource({ journalFolder, capacity: 100_000, logger });

for await (const line of createInterface({ input: process.stdin })) {
  void source.receive(line).then(() => process.stdout.write(`${line}\n`));
}
