import { readdir, readFile } from 'node:fs/promises';
import { dirname, isAbsolute, join } from 'node:path';
import type { MissingPart } from './missing.js';
import { exists, hasLibrary, type Places } from './places.js';

const LOADER = 'libvulkan.so.1';
/** Where drivers put their description (the Vulkan loader's "Driver Discovery"). */
const DRIVER_FOLDERS = [
  'etc/vulkan/icd.d',
  'usr/local/etc/vulkan/icd.d',
  'usr/local/share/vulkan/icd.d',
  'usr/share/vulkan/icd.d',
];

const REMEDIES = {
  loader: 'Install the Vulkan loader (Debian and Ubuntu: libvulkan1).',
  driver:
    "Install the GPU's Vulkan driver (Debian and Ubuntu: mesa-vulkan-drivers for AMD and Intel; it comes with NVIDIA's own, and a container also needs NVIDIA_DRIVER_CAPABILITIES=all).",
};

/** Whether the Vulkan loader or every Vulkan driver is missing on this Linux. */
export async function missingForVulkan(places: Places): Promise<MissingPart[]> {
  const missing: MissingPart[] = [];
  if (!(await hasLibrary(places, LOADER)))
    missing.push({ what: `${LOADER} (Vulkan loader)`, remedy: REMEDIES.loader });
  const drivers = await describedDrivers(places);
  const faults = await Promise.all(drivers.map((file) => faultOf(file, places)));
  if (drivers.length === 0) missing.push({ what: 'a Vulkan driver', remedy: REMEDIES.driver });
  else if (!faults.includes(undefined))
    missing.push({ what: `a Vulkan driver (${faults.join(', ')})`, remedy: REMEDIES.driver });
  return missing;
}

/** The files that describe drivers: those that a variable names, else those in the usual folders. */
async function describedDrivers({ environment, root }: Places): Promise<string[]> {
  const named = environment['VK_DRIVER_FILES'] ?? environment['VK_ICD_FILENAMES'];
  if (named !== undefined) return named.split(':').filter((file) => file !== '');
  const folders = await Promise.all(
    DRIVER_FOLDERS.map(async (path) => {
      const folder = join(root, path);
      const names = await readdir(folder).catch(() => []);
      return names.filter((name) => name.endsWith('.json')).map((name) => join(folder, name));
    }),
  );
  return folders.flat();
}

/** What is wrong with the driver that a file describes; undefined where its library is there. */
async function faultOf(file: string, places: Places): Promise<string | undefined> {
  let library: unknown;
  try {
    library = JSON.parse(await readFile(file, 'utf8')).ICD?.library_path;
  } catch {
    return `${file} cannot be read`;
  }
  if (typeof library !== 'string') return `${file} names no library`;
  const isName = !library.includes('/');
  const path = isAbsolute(library) ? library : join(dirname(file), library);
  const isThere = isName ? await hasLibrary(places, library) : await exists(path);
  return isThere ? undefined : `${file} names ${library}, which is not there`;
}
