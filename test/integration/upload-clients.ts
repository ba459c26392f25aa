import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { Client as MinioClient } from 'minio';
import { pathOf } from './servers/available.js';

/** A program that people upload with; each writes keys into URLs and signatures in its own way. */
export interface UploadClient {
  put(bucket: string, key: string, bytes: Buffer): Promise<void>;
  close(): void;
}

export interface UploadServer {
  readonly endpoint: string;
  readonly region: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/** The AWS SDK, MinIO's client, and boto3 where moto, which brings it, can be had. */
export async function openUploadClients(server: UploadServer): Promise<readonly UploadClient[]> {
  const moto = await pathOf('moto').catch(() => undefined);
  const clients = [openAwsSdk(server), openMinioClient(server)];
  return moto === undefined ? clients : [...clients, openBoto3(server, join(dirname(moto), 'python3'))];
}

function openAwsSdk({ endpoint, region, ...credentials }: UploadServer): UploadClient {
  const { accessKeyId, secretAccessKey } = credentials;
  const s3 = new S3Client({
    endpoint,
    region,
    credentials: { accessKeyId, secretAccessKey },
    forcePathStyle: true,
  });
  return {
    async put(Bucket, Key, Body) {
      await s3.send(new PutObjectCommand({ Bucket, Key, Body }));
    },
    close: () => s3.destroy(),
  };
}

function openMinioClient({ endpoint, region, accessKeyId, secretAccessKey }: UploadServer): UploadClient {
  const { hostname, port, protocol } = new URL(endpoint);
  const client = new MinioClient({
    endPoint: hostname,
    port: Number(port),
    useSSL: protocol === 'https:',
    region,
    accessKey: accessKeyId,
    secretKey: secretAccessKey,
  });
  return {
    async put(bucket, key, bytes) {
      await client.putObject(bucket, key, bytes, bytes.length);
    },
    close: () => {},
  };
}

/** Takes one upload a line and answers each with a line: empty, or what went wrong. */
const BOTO3_UPLOADER = `
import base64, json, sys
import boto3
from botocore.config import Config
s3 = boto3.client('s3', **json.loads(sys.argv[1]), config=Config(s3={'addressing_style': 'path'}))
for line in sys.stdin:
    bucket, key, body = json.loads(line)
    try:
        s3.put_object(Bucket=bucket, Key=key, Body=base64.b64decode(body))
        print('', flush=True)
    except Exception as error:
        print(repr(error), flush=True)
`;

function openBoto3(server: UploadServer, python: string): UploadClient {
  const { endpoint, region, accessKeyId, secretAccessKey } = server;
  const options = {
    endpoint_url: endpoint,
    region_name: region,
    aws_access_key_id: accessKeyId,
    aws_secret_access_key: secretAccessKey,
  };
  const child = spawn(python, ['-c', BOTO3_UPLOADER, JSON.stringify(options)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const answers = createInterface({ input: child.stdout });
  return {
    async put(bucket, key, bytes) {
      const answer = once(answers, 'line');
      child.stdin.write(`${JSON.stringify([bucket, key, bytes.toString('base64')])}\n`);
      const [complaint] = (await answer) as [string];
      if (complaint !== '') throw new Error(complaint);
    },
    close: () => void child.kill(),
  };
}
