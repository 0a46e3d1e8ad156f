import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import { Eta } from 'eta';
import { Refusal } from '../../base/index.ts';
import { type Law, loadLaw, mustFill, PolicyError } from '../../law/index.ts';
import type { CliContext } from '../app.ts';
import { todayOf } from '../moments.ts';
import { print, UsageError } from '../output.ts';
import { policiesOf } from '../packs.ts';

interface InitOptions {
  name?: string;
  shortName?: string;
  inn?: string;
  ogrn?: string;
  address?: string;
  postal?: string;
  email?: string;
  phone?: string;
  site?: string;
  json?: boolean;
}

/** A name of a folder, of a pack and of the rules in it: lowercase Latin letters and digits, parts joined by a hyphen. */
const wellNamed = /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/;
const longestName = 40;

/** `srok init NAME`: a new operator's pack that loads, passes its check and can be served at once. */
export function addInit(program: Command, context: CliContext): void {
  program
    .command('init <name>')
    .description('завести пакет нового оператора: он загружается, проверяется и запускается сразу')
    .option('--name <text>', 'полное наименование')
    .option('--short-name <text>', 'краткое наименование')
    .option('--inn <digits>', 'ИНН')
    .option('--ogrn <digits>', 'ОГРН')
    .option('--address <text>', 'адрес из ЕГРЮЛ')
    .option('--postal <text>', 'почтовый адрес, если он другой')
    .option('--email <address>', 'почта для обращений о данных')
    .option('--phone <number>', 'телефон')
    .option('--site <url>', 'сайт')
    .option('--json', 'ответ в JSON')
    .action(async (id: string, options: InitOptions) => {
      const made = await makePack(context, id, options);
      print(options.json, made, () => inWords(made));
    });
}

interface Made {
  operator: string;
  folder: string;
  files: string[];
  /** Findings of the linter that only the owner can end. */
  fill: { id: string; why: string }[];
  next: string[];
}

async function makePack(context: CliContext, id: string, options: InitOptions): Promise<Made> {
  const root = fileURLToPath(policiesOf(context));
  const folder = join(root, 'operators', id);
  checkName(id, join(root, 'operators'));
  if (options.site !== undefined && !/^https?:\/\/[^\s/]+/.test(options.site)) {
    throw new UsageError(`«${options.site}» — не адрес сайта: он начинается с https:// или http://.`);
  }
  const near = mayWrite(root);
  try {
    const files = writePack(context, join(near, 'operators', id), id, options);
    const law = await tryOut(near, root, id);
    mkdirSync(join(root, 'operators'), { recursive: true });
    // All of it or nothing: whoever looks meanwhile sees no half of a pack.
    renameSync(join(near, 'operators', id), folder);
    return { operator: id, folder, files, fill: toFill(law), next: nextSteps(id, folder) };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOTEMPTY') throw taken(id);
    throw error;
  } finally {
    rmSync(near, { recursive: true, force: true });
  }
}

function checkName(id: string, operators: string): void {
  if (!wellNamed.test(id) || id.length > longestName) {
    throw new UsageError(
      `«${id}» не годится для имени: нужны строчные латинские буквы и цифры, части через дефис, не длиннее ${longestName} знаков.`,
    );
  }
  if (existsSync(join(operators, id))) throw taken(id);
}

const taken = (id: string): Refusal =>
  new Refusal('operator.exists', 'conflict', { operator: id, message: `Пакет оператора ${id} уже есть.` });

/** A folder beside the packs, on the same disk, so that the pack can be moved into its place at once. */
function mayWrite(root: string): string {
  try {
    accessSync(root, constants.W_OK);
    return mkdtempSync(join(root, '.init-'));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new Refusal('policies.unwritable', 'unavailable', {
      message: `В папку ${root} нельзя писать (${code}). Скопируйте её и назовите копию в SROK_POLICIES.`,
    });
  }
}

function writePack({ root }: CliContext, folder: string, id: string, options: InitOptions): string[] {
  const source = new URL('templates/operator/', root);
  const eta = new Eta({ autoTrim: false, autoEscape: false });
  // JSON is YAML: a quoted text is read back as it was, whatever is in it.
  const it = { ...options, id, q: (text: string) => JSON.stringify(text), fill: mustFill.word, noSite: mustFill.site };
  mkdirSync(folder, { recursive: true });
  const names = readdirSync(source).filter((name) => name.endsWith('.eta'));
  return names.sort().map((name) => {
    const file = name.slice(0, -'.eta'.length);
    writeFileSync(join(folder, file), eta.renderString(readFileSync(new URL(name, source), 'utf8'), it));
    return file;
  });
}

/** Loads the new pack beside the real laws before anybody else sees it. */
async function tryOut(near: string, root: string, id: string): Promise<Law> {
  for (const part of ['laws', 'taxonomy', 'calendars', 'schema', 'inventory']) {
    if (existsSync(join(root, part))) symlinkSync(join(root, part), join(near, part), 'dir');
  }
  try {
    return await loadLaw({ root: near, operator: id });
  } catch (error) {
    if (!(error instanceof PolicyError)) throw error;
    throw new UsageError(`Пакет с такими сведениями не загрузится: ${error.reason} (${error.file.split('/').at(-1)}).`);
  }
}

/** What of the pack waits for its owner. */
function toFill(law: Law): Made['fill'] {
  return law
    .lint(todayOf(law.zone))
    .filter(({ id }) => id.startsWith(mustFill.finding) || id === 'requisites-missing')
    .map(({ id, why }) => ({ id, why }));
}

function nextSteps(id: string, folder: string): string[] {
  return [
    `заполните ${folder}/operator.yaml и сверьте остальные файлы с документами оператора`,
    'srok policies check',
    `srok lint --operator ${id}`,
    `srok serve --operator ${id} --home var/${id}`,
    `srok edition add политика.pdf --document policy --published ГГГГ-ММ-ДД --effective ГГГГ-ММ-ДД --operator ${id} --home var/${id}`,
  ];
}

function inWords({ folder, files, fill, next }: Made): string {
  return [
    `Создан пакет: ${folder}`,
    `Файлы: ${files.join(', ')}`,
    ...(fill.length > 0 ? ['', 'Ждёт владельца:', ...fill.map(({ why }) => `  ${why}`)] : []),
    '',
    'Дальше:',
    ...next.map((step, index) => `  ${index + 1}. ${step}`),
  ].join('\n');
}
