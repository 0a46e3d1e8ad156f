import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import PostalMime, { type Email } from 'postal-mime';
import { type World, zone } from './world.ts';

/** The letters that have left for this address, oldest first, read from the mail itself. */
export async function mailTo(world: World, address: string): Promise<Email[]> {
  const folder = join(world.app.config.mailDir, 'out');
  const names = readdirSync(folder)
    .filter((name) => name.endsWith('.eml'))
    .sort();
  const mails = await Promise.all(names.map((name) => PostalMime.parse(readFileSync(join(folder, name)))));
  return mails.filter(({ to }) => to?.some((one) => one.address === address));
}

/** The line that our own mail server puts on top of what it takes in: this is when the letter was received. */
export function stamped(world: World, bytes: Buffer): Buffer {
  const now = world.clock.now().toZonedDateTimeISO(zone);
  const day = now
    .toLocaleString('en-GB', { weekday: 'short', day: '2-digit', month: 'short', year: 'numeric' })
    .replace(',', ', ')
    .replace('  ', ' ');
  const time = now.toPlainTime().toString({ smallestUnit: 'second' });
  const line = `Received: from mx.example.org by mail.example.org with ESMTPS; ${day} ${time} ${now.offset.replace(':', '')}\r\n`;
  return Buffer.concat([Buffer.from(line), bytes]);
}

/** A letter arrives: written beside and renamed, as a mail server would. */
export function receiveMail(world: World, name: string, bytes: Buffer): void {
  const folder = join(world.app.config.mailDir, 'in');
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, `.${name}.part`), bytes);
  renameSync(join(folder, `.${name}.part`), join(folder, name));
}
