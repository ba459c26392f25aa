import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Ajv } from 'ajv';
import { describe, expect, it } from 'vitest';
import { parse, parseAllDocuments, stringify } from 'yaml';
import { temporaryFolder } from '../support/temporary-folder.js';
import { describeWith, pathOf } from './servers/available.js';

/** The deployment files, held against the tools and schemas of those who read them. */

const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const OVERLAYS = ['nats', 'sqs'];

interface Resource {
  readonly apiVersion: string;
  readonly kind: string;
  readonly [field: string]: unknown;
}

const describeDockerfile = await describeWith('hadolint');
describeDockerfile('the Dockerfile', () => {
  it('has nothing that hadolint minds', async () => {
    expect(await run(await pathOf('hadolint'), '--no-color', 'Dockerfile')).toBe('');
  });
});

const describeManifests = await describeWith('kustomize', 'kubernetes-validate', 'keda');
describeManifests('the Kubernetes manifests', () => {
  it.each(OVERLAYS)('of the overlay "%s" are what Kubernetes knows', async (overlay) => {
    const resources = (await build(overlay)).filter((resource) => !isOfKeda(resource));
    expect(resources.map(({ kind }) => kind)).toContain('Deployment');
    const file = join(await temporaryFolder(), 'manifests.yaml');
    await writeFile(file, resources.map((resource) => stringify(resource)).join('---\n'));
    const said = await run(await pathOf('kubernetes-validate'), '--strict', file);
    expect(said.match(/ passed for resource /g)).toHaveLength(resources.length);
  });

  it.each(OVERLAYS)('of the overlay "%s" are what KEDA knows', async (overlay) => {
    const resources = (await build(overlay)).filter(isOfKeda);
    expect(resources.map(({ kind }) => kind)).toContain('ScaledObject');
    for (const resource of resources) expect(await problemsByKeda(resource)).toEqual([]);
  });

  it('are told from what KEDA does not know', async () => {
    const [scaled] = (await build('nats')).filter(({ kind }) => kind === 'ScaledObject');
    const misspelt = { ...scaled, spec: { ...(scaled?.['spec'] as object), minReplicas: 0 } } as Resource;
    expect(await problemsByKeda(misspelt)).toEqual(['/spec must NOT have additional properties']);
  });

  it('give a pod with the component "gpu" the GPU and its image', async () => {
    const folder = join(await temporaryFolder(), 'with-gpu');
    const infra = join(ROOT, 'infra', 'kubernetes');
    await run('cp', '-r', infra, folder);
    const file = join(folder, 'overlays', 'nats', 'kustomization.yaml');
    const text = await readFile(file, 'utf8');
    // As the comment in the file says.
    await writeFile(file, text.replace('# components:\n#   - ', 'components:\n  - '));
    const resources = await buildFolder(dirname(file));
    const [deployment] = resources.filter(({ kind }) => kind === 'Deployment');
    expect(deployment).toHaveProperty('spec.template.spec.containers.0', {
      ...containerOf(deployment),
      image: 'clearcut:cuda',
      env: [{ name: 'CLEARCUT_DEVICE', value: 'cuda' }],
      resources: {
        requests: { cpu: '2', memory: '3Gi' },
        limits: { memory: '3Gi', 'nvidia.com/gpu': '1' },
      },
    });
  });
});

const describeCompose = await describeProgram('docker', 'compose', 'version');
describeCompose('the compose file', () => {
  it.each(['', 'minio', 'gpu', 'observability'])('is right with the profile "%s"', async (profile) => {
    await run('docker', 'compose', '--profile', profile, 'config', '--quiet');
  });
});

const describeTerraform = await describeProgram('terraform', 'version');
describeTerraform('the Terraform module', () => {
  it('is formatted as Terraform does it', async () => {
    await run('terraform', 'fmt', '-check', '-diff', 'infra/terraform/aws');
  });
});

const describeUnit = await describeProgram('systemd-analyze', '--version');
describeUnit('the systemd unit', () => {
  it('is what systemd knows', async () => {
    await run('systemd-analyze', 'verify', 'infra/systemd/clearcut.service');
  });
});

async function run(program: string, ...args: string[]): Promise<string> {
  const { stdout, stderr } = await promisify(execFile)(program, args, { cwd: ROOT });
  return stdout + stderr;
}

/** `describe` where this machine has the program; else one that skips, loudly. */
async function describeProgram(program: string, ...args: string[]) {
  try {
    await run(program, ...args);
    return describe;
  } catch {
    const reason = `NOT TESTED: this machine has no "${program} ${args[0]}"`;
    process.stderr.write(`\n${reason}\n\n`);
    return (title: string, body: () => void) => describe.skip(`${title} (${reason})`, body);
  }
}

function build(overlay: string): Promise<Resource[]> {
  return buildFolder(join('infra', 'kubernetes', 'overlays', overlay));
}

async function buildFolder(folder: string): Promise<Resource[]> {
  const text = await run(await pathOf('kustomize'), 'build', folder);
  return parseAllDocuments(text).map((document) => document.toJS() as Resource);
}

function containerOf(deployment: Resource | undefined): object {
  const spec = deployment?.['spec'] as { template: { spec: { containers: [object] } } };
  return spec.template.spec.containers[0];
}

function isOfKeda({ apiVersion }: Resource): boolean {
  return apiVersion.startsWith('keda.sh/');
}

/** What is wrong by the schema of the custom resource, which knows no properties but those it names. */
async function problemsByKeda(resource: Resource): Promise<string[]> {
  const folder = dirname(await pathOf('keda'));
  const file = join(folder, `keda.sh_${resource.kind.toLowerCase()}s.yaml`);
  const { spec } = parse(await readFile(file, 'utf8'));
  const [version] = spec.versions.filter(({ name }: { name: string }) => resource.apiVersion.endsWith(name));
  const validate = new Ajv({ strict: false, allErrors: true, validateFormats: false }).compile(
    closed(version.schema.openAPIV3Schema),
  );
  validate(resource);
  return (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`);
}

/** Kubernetes drops in silence what a schema does not name; here that is a mistake. */
function closed(schema: object, name = ''): object {
  const parts = Object.entries(schema).map(([key, part]) => {
    const isSchema = typeof part === 'object' && part !== null && !Array.isArray(part);
    return [key, isSchema ? closed(part, key) : part];
  });
  const isOpen = name === 'metadata' || !('properties' in schema) || 'additionalProperties' in schema;
  return {
    ...Object.fromEntries(parts),
    ...(!isOpen && name !== 'properties' && { additionalProperties: false }),
  };
}
