import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

export interface Certificates {
  /** `public.crt` and `private.key`, for 127.0.0.1: what startMinio takes as `certificates`. */
  readonly folder: string;
  /** Certificate of the authority that signed it. */
  readonly caFile: string;
  remove(): Promise<void>;
}

const EC_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];

/** A private authority, and a server's certificate signed by it. Needs openssl 3. */
export async function createCertificates(): Promise<Certificates> {
  const root = await mkdtemp(join(tmpdir(), 'clearcut-certificates-'));
  const openssl = (...args: string[]) => promisify(execFile)('openssl', args, { cwd: root });
  const authority = ['-keyout', 'ca.key', '-out', 'ca.crt', '-subj', '/CN=Clearcut test authority'];
  await openssl('req', '-x509', ...EC_KEY, ...authority);
  const server = ['-keyout', 'private.key', '-out', 'public.crt', '-subj', '/CN=127.0.0.1'];
  const names = ['-addext', 'subjectAltName=IP:127.0.0.1', '-addext', 'basicConstraints=critical,CA:FALSE'];
  await openssl('req', '-x509', '-CA', 'ca.crt', '-CAkey', 'ca.key', ...EC_KEY, ...server, ...names);
  return {
    folder: root,
    caFile: join(root, 'ca.crt'),
    remove: () => rm(root, { recursive: true, force: true }),
  };
}
