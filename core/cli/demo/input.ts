import { readdirSync, readFileSync, statSync } from 'node:fs';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import PostalMime from 'postal-mime';
import { UsageError } from '../output.ts';
import type { Letter, Payload } from './world.ts';

/** As many messages as one free project may send in a day, with room for the rest of the script. */
const mostPayloads = 5_000;
const bodyLimit = 1024 * 1024;

/** The example bodies of the webhooks package, and a few of our own: Cyrillic, bytes that are no text, one byte, large. */
export function ownPayloads(): Payload[] {
  // Read when asked: three megabytes that no other command needs.
  const file = fileURLToPath(import.meta.resolve('@octokit/webhooks-examples'));
  const webhooks = JSON.parse(readFileSync(file, 'utf8')) as { name: string; examples: unknown[] }[];
  const examples = webhooks.flatMap(({ name, examples: bodies }) =>
    bodies.map((body) => ({ name, bytes: Buffer.from(JSON.stringify(body)), type: 'application/json' })),
  );
  const everyByte = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
  return [
    ...examples,
    {
      name: 'cyrillic',
      bytes: Buffer.from('Съешь же ещё этих мягких французских булок, да выпей чаю. Ёлки — «кавычки».'),
      type: 'text/plain; charset=utf-8',
    },
    {
      name: 'cyrillic-json',
      bytes: Buffer.from('{"заказ":"№ 17","сумма":4900,"адрес":"Москва, пер. Тихий, д. 1"}'),
      type: 'application/json',
    },
    {
      name: 'windows-1251',
      bytes: Buffer.from([0xcf, 0xf0, 0xe8, 0xe2, 0xe5, 0xf2]),
      type: 'text/plain; charset=windows-1251',
    },
    { name: 'every-byte', bytes: everyByte, type: 'application/octet-stream' },
    { name: 'one-byte', bytes: Buffer.from([0]), type: 'application/octet-stream' },
    { name: 'large', bytes: Buffer.alloc(700_000, everyByte), type: 'application/octet-stream' },
  ];
}

/** Every file of a folder is the body of one message. */
export function payloadsOf(folder: string): Payload[] {
  const types: Record<string, string> = { '.json': 'application/json', '.txt': 'text/plain; charset=utf-8' };
  const payloads = filesOf(folder).map((name) => ({
    name,
    bytes: readFileSync(join(folder, name)),
    type: types[extname(name).toLowerCase()] ?? 'application/octet-stream',
  }));
  if (payloads.length === 0) throw new UsageError(`В папке ${folder} нет файлов.`);
  if (payloads.length > mostPayloads)
    throw new UsageError(`В папке ${folder} файлов ${payloads.length}; показ берёт не больше ${mostPayloads}.`);
  const large = payloads.find(({ bytes }) => bytes.length > bodyLimit);
  if (large) throw new UsageError(`Файл ${large.name} больше предела сообщения (${bodyLimit} байт).`);
  return payloads;
}

/** The letters of a folder, with who wrote them. */
export async function lettersOf(folder: string | URL): Promise<Letter[]> {
  const path = folder instanceof URL ? fileURLToPath(folder) : folder;
  const names = filesOf(path).filter((name) => extname(name).toLowerCase() === '.eml');
  if (names.length === 0) throw new UsageError(`В папке ${path} нет писем (.eml).`);
  return Promise.all(
    names.map(async (file) => {
      const bytes = readFileSync(join(path, file));
      const { from } = await PostalMime.parse(bytes);
      if (!from?.address) throw new UsageError(`В письме ${file} нет отправителя.`);
      return { file, bytes, email: from.address.toLowerCase(), name: from.name || from.address };
    }),
  );
}

function filesOf(folder: string): string[] {
  try {
    return readdirSync(folder)
      .filter((name) => !name.startsWith('.') && statSync(join(folder, name)).isFile())
      .sort();
  } catch (error) {
    throw new UsageError(`Папка ${folder} не читается (${(error as NodeJS.ErrnoException).code}).`);
  }
}
