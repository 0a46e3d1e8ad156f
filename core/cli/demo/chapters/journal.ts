import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Scene } from '../world.ts';

/** Chapter 11: the journal over everything that happened, and a copy in which one byte was changed. */
export const journal: Scene[] = [
  {
    at: '2029-06-05T12:00',
    chapter: 11,
    title: 'проверка журнала',
    async play(world) {
      const { journal: book } = world.app.engine;
      await book.sealUp();
      const verified = await book.verify();
      world.report.check(
        11,
        'the journal verifies over everything that happened',
        verified.ok && verified.size > 0,
        verified,
      );
      const file = join(world.home, 'journal.ndjson');
      const exported = await book.exportTo(file);
      const whole = await book.verifyFile(file);
      world.report.check(
        11,
        'an export verifies without the database',
        whole.ok && whole.root === verified.root,
        whole,
      );

      const copy = join(world.home, 'journal-changed.ndjson');
      copyFileSync(file, copy);
      const bytes = readFileSync(copy);
      const lines = bytes.toString('utf8').split('\n');
      const middle = Math.floor(lines.length / 2);
      const at =
        Buffer.byteLength(lines.slice(0, middle).join('\n')) +
        1 +
        Math.floor(Buffer.byteLength(lines[middle] as string) / 2);
      bytes[at] = (bytes[at] as number) ^ 1;
      writeFileSync(copy, bytes);
      const changed = await book.verifyFile(copy);
      world.report.check(
        11,
        'a copy with one changed byte fails, naming the entry',
        !changed.ok && changed.problem?.line === middle + 1,
        changed.problem,
      );
      world.report.figures(11, {
        entries: exported.entries,
        root: exported.root,
        erasedBodies: verified.erased,
        changedCopy: changed.problem,
      });
    },
  },
];
