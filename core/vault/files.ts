import { randomFillSync } from 'node:crypto';
import { type FileHandle, open, rename, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';

const blockBytes = 64 * 1024;

/** Makes what was done to the folder's entries (create, rename, unlink) survive a power cut. */
export async function syncFolder(folder: string): Promise<void> {
  // Windows neither opens a folder nor needs it.
  if (process.platform === 'win32') return;
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Writes a new file for its owner only, safely on the medium when this returns (its name is not: `syncFolder`). */
export async function writeNew(path: string, bytes: Buffer): Promise<void> {
  const handle = await open(path, 'wx', 0o600);
  try {
    await writeAt(handle, bytes, 0);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Replaces a small file so that a reader sees the old bytes or the new, never a mixture. */
export async function replaceFile(path: string, bytes: Buffer, between?: () => void): Promise<void> {
  const temporary = `${path}.new`;
  await unlink(temporary).catch(ignoreMissing);
  await writeNew(temporary, bytes);
  between?.();
  await rename(temporary, path);
}

/** Writes all bytes at this place; a short write is carried on. */
export async function writeAt(handle: FileHandle, bytes: Buffer, position: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesWritten } = await handle.write(bytes, done, bytes.length - done, position + done);
    done += bytesWritten;
  }
}

/**
 * Overwrites a file with chance, then with zeros, each time down to the medium, and removes it. A file that is gone
 * counts as done, so that a broken run can be taken up again.
 */
export async function destroyFile(path: string, step: (name: string) => void): Promise<void> {
  let handle: FileHandle;
  try {
    handle = await open(path, 'r+');
  } catch (error) {
    return ignoreMissing(error);
  }
  try {
    const { size } = await handle.stat();
    for (const fill of ['random', 'zero'] as const) {
      for (let at = 0; at < size; at += blockBytes) {
        const block = Buffer.alloc(Math.min(blockBytes, size - at));
        if (fill === 'random') randomFillSync(block);
        await writeAt(handle, block, at);
      }
      await handle.sync();
      step(`overwritten-${fill}`);
    }
  } finally {
    await handle.close();
  }
  await unlink(path).catch(ignoreMissing);
  step('unlinked');
  await syncFolder(dirname(path));
}

export function ignoreMissing(error: unknown): void {
  if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
}
