/**
 * Real servers for the integration tests. A test file says which it needs, and is skipped with the reason, loudly,
 * where this machine cannot have them:
 *
 *   const describeServers = await describeWith('minio', 'nats');   // top level of the file; installs what is missing
 *
 *   describeServers('MinIO events over NATS', () => {
 *     let nats: NatsServer;
 *     let minio: MinioServer;
 *     beforeAll(async () => {
 *       nats = await startNats();
 *       minio = await startMinio({ notify: natsTarget({ id: 'TEST', nats, subject: 'uploads' }) });
 *     });
 *     afterAll(async () => {
 *       await minio?.stop();
 *       await nats?.stop();
 *     });
 *   });
 *
 * minio.ts, nats.ts and moto.ts start them, each on a free port of 127.0.0.1 with a folder of its own under the
 * system's temporary folder. All share RunningServer (server-process.ts):
 *
 *   stop()     ends it and removes its data            restart()  same port, same data
 *   halt()     ends it and keeps port and data         resume()   starts it again after halt
 *
 *   startMinio({ notify?, certificates? })  -> { endpoint, accessKeyId, secretAccessKey, region, ...RunningServer }
 *   startNats()                    -> { url, ...RunningServer }             JetStream is on, on disk
 *   startMoto()                    -> { endpoint, accessKeyId, secretAccessKey, region, ...RunningServer }    S3 and SQS
 *
 * `swiftshader` is no server but a software GPU; its path is that of the file that describes its Vulkan driver.
 * `chromium` is a browser (browser/browser.ts drives it).
 * `hadolint`, `kubernetes-validate` and `kustomize` are programs that check the deployment files, `keda` is the schema of
 * its ScaledObject, beside which lies that of its TriggerAuthentication.
 *
 * Nothing outlives the test process, not even one that is killed (reaper.ts).
 */
import { execFile } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe } from 'vitest';

export type ServerName =
  | 'minio'
  | 'nats'
  | 'moto'
  | 'swiftshader'
  | 'hadolint'
  | 'kubernetes-validate'
  | 'kustomize'
  | 'keda'
  | 'chromium';

const ROOT = dirname(dirname(dirname(dirname(fileURLToPath(import.meta.url)))));

/** Vitest's `describe` where all the servers can be had; otherwise one that skips and says why in its title. */
export async function describeWith(
  ...names: ServerName[]
): Promise<(title: string, body: () => void, timeout?: number) => void> {
  for (const name of names) {
    const { reason } = await install(name);
    if (reason !== undefined) {
      process.stderr.write(`\n${reason}\n\n`);
      return (title, body, timeout) => describe.skip(`${title} (${reason})`, body, timeout);
    }
  }
  return (title, body, timeout) => describe(title, body, timeout);
}

/** The path of the server's program. Throws where it cannot be had. */
export async function pathOf(name: ServerName): Promise<string> {
  const { path, reason } = await install(name);
  if (path === undefined) throw new Error(reason);
  return path;
}

type Installed = { path: string; reason?: never } | { path?: never; reason: string };

const installed = new Map<ServerName, Promise<Installed>>();

function install(name: ServerName): Promise<Installed> {
  const known = installed.get(name);
  if (known !== undefined) return known;
  const pending = new Promise<Installed>((resolve) => {
    const script = join(ROOT, 'infra', 'servers', 'install.mjs');
    execFile(process.execPath, [script, name], (error, stdout, stderr) => {
      if (error === null) resolve({ path: stdout.trim() });
      else resolve({ reason: /NOT TESTED: .*/.exec(stderr)?.[0] ?? `NOT TESTED: ${error.message}` });
    });
  });
  installed.set(name, pending);
  return pending;
}
