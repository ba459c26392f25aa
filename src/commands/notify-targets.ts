import { outputPrefixesOf } from '../config/cross-checks.js';
import type { Config } from '../config/schema.js';
import type { Target } from '../notify/target.js';
import type { Logger } from '../telemetry/logger.js';
import { natsServersOf, staticCredentialsOf } from './event-settings.js';

/** Whether anybody is told of outcomes: only then is anything kept for it. */
export function hasTargets({ notify }: Config): boolean {
  const { webhooks, natsSubject, sqsUrl, snsArn, file } = notify;
  return webhooks.length > 0 || [natsSubject, sqsUrl, snsArn, file].some((target) => target !== '');
}

/** Folders of the output bucket that the service writes to. */
export function writtenPrefixes(config: Config): string[] {
  const prefixes = [...outputPrefixesOf(config.output), config.api.prefix];
  return hasTargets(config) ? [...prefixes, config.notify.prefix] : prefixes;
}

/** The targets that the configuration names. What each needs takes a while to load, so it is loaded only where used. */
export async function openTargets(config: Config, logger: Logger): Promise<Target[]> {
  const { notify, events, s3 } = config;
  const timeoutMs = notify.timeout;
  const credentials = staticCredentialsOf(config);
  const targets: Target[] = [];
  if (notify.webhooks.length > 0) {
    const { createWebhookTarget } = await import('../notify/webhook-target.js');
    const { allowPrivate } = notify;
    for (const webhook of notify.webhooks)
      targets.push(createWebhookTarget({ ...webhook, allowPrivate, timeoutMs }));
  }
  if (notify.natsSubject !== '') {
    const { createNatsTarget } = await import('../notify/nats-target.js');
    targets.push(
      createNatsTarget({
        servers: natsServersOf(config),
        credentials: events.natsCredentials || undefined,
        subject: notify.natsSubject,
        timeoutMs,
        logger,
      }),
    );
  }
  if (notify.sqsUrl !== '') {
    const { createSqsTarget } = await import('../notify/aws-targets.js');
    const { sqsUrl: queueUrl } = notify;
    const endpoint = new URL(queueUrl).origin;
    targets.push(createSqsTarget({ queueUrl, endpoint, region: s3.region, credentials, timeoutMs }));
  }
  if (notify.snsArn !== '') {
    const { createSnsTarget } = await import('../notify/aws-targets.js');
    const { snsArn: topicArn } = notify;
    const region = topicArn.split(':')[3] ?? s3.region;
    targets.push(createSnsTarget({ topicArn, region, credentials, timeoutMs }));
  }
  if (notify.file !== '') {
    const { createFileTarget } = await import('../notify/file-target.js');
    targets.push(createFileTarget(notify.file));
  }
  return targets;
}
