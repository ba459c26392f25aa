/** What the API answers, as far as the page reads it (docs/api.md, /openapi.json). Only types: the browser never asks for this file. */

export type FileState = 'waiting' | 'pending' | 'processing' | 'done' | 'failed';

export interface Box {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

export interface PictureLink {
  readonly url: string;
  readonly expiresAt: string;
  readonly contentType?: string;
  readonly size?: number;
  readonly width?: number;
  readonly height?: number;
  readonly kind?: 'cutout' | 'mask';
  /** Where the subject is in the picture, in pixels. */
  readonly box?: Box;
}

export interface Fault {
  readonly code?: string;
  readonly message: string;
  readonly remedy?: string;
}

export interface ApiFile {
  readonly key: string;
  readonly name: string;
  readonly state: FileState;
  readonly size?: number;
  readonly result?: PictureLink & { readonly verdict?: { readonly subject: boolean } };
  readonly mask?: PictureLink;
  readonly source?: PictureLink;
  readonly error?: Fault;
}

export interface ApiBatch {
  readonly id: string;
  readonly createdAt: string;
  readonly state: 'waiting' | 'working' | 'finished';
  readonly version?: string;
  readonly files: readonly ApiFile[];
}

export interface UploadLink {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly expiresAt: string;
}

export interface IssuedUploads {
  readonly batch: string;
  readonly files: ReadonlyArray<{ readonly name: string; readonly key: string; readonly upload: UploadLink }>;
}
