import { lockFolder } from '../../../../src/storage/directory/lock.js';

/** Locks the folder, says so, and keeps it until it is killed; or says why it could not. */
const [root = ''] = process.argv.slice(2);
try {
  await lockFolder(root);
  process.stdout.write('locked\n');
  setInterval(() => {}, 1000);
} catch (error) {
  process.stdout.write(`${(error as Error).message}\n`);
}
