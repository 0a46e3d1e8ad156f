import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';

const root = fileURLToPath(new URL('../', import.meta.url));

/** The staircase: a room imports only rooms to its left, through their index.ts. */
const staircase = [
  'base',
  'calendar',
  'law',
  'db',
  'journal',
  'vault',
  'jobs',
  'letters',
  'datamap',
  'connectors',
  'obligations',
  'retention',
  'requests',
  'accounts',
  'consents',
  'http',
  'console',
  'plugin',
  'cli',
];

/** Libraries that stay in the rooms that exist for them. */
const keptIn: Record<string, string[]> = {
  koa: ['core/http', 'core/console'],
  '@koa/router': ['core/http', 'core/console'],
  'pg-boss': ['core/jobs'],
  'node-cron': ['core/jobs'],
  pdfkit: ['core/letters'],
  '@node-rs/argon2': ['core/accounts'],
};

interface Import {
  file: string;
  line: number;
  target: string;
}

function sources(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)))
    .sort();
}

function importsOf(file: string, text: string): Import[] {
  const pattern =
    /(?:^|[\s;}])(?:import|export)\s(?:[^'"`;]*?\sfrom\s*)?['"]([^'"]+)['"]|import\(\s*['"]([^'"]+)['"]\s*\)/g;
  return [...text.matchAll(pattern)].map((match) => {
    const specifier = (match[1] ?? match[2]) as string;
    const target = specifier.startsWith('.') ? relative(root, resolve(root, dirname(file), specifier)) : specifier;
    return { file, line: text.slice(0, match.index).split('\n').length, target };
  });
}

/** What is wrong with one import, or null. */
function problem({ file, line, target }: Import): string | null {
  const at = `${file}:${line} imports ${target}`;
  const [top, room] = file.split('/') as [string, string];
  const [targetTop, targetRoom] = target.split('/') as [string, string];
  for (const [library, rooms] of Object.entries(keptIn)) {
    if (target === library && top !== 'test' && !rooms.some((kept) => file.startsWith(`${kept}/`))) {
      return `${at}: ${library} stays in ${rooms.join(' and ')}`;
    }
  }
  if (top === 'core') {
    if (targetTop === 'plugins' || target === 'main.ts') return `${at}: the core knows no plugin`;
    if (targetTop === 'test') return `${at}: the core knows no test`;
    if (targetTop !== 'core' || file === 'core/index.ts' || targetRoom === room) return null;
    if (targetRoom === 'index.ts') return `${at}: only plugins use the face of the core`;
    if (!staircase.includes(room)) return `${file}: ${room} is no step of the staircase`;
    if (staircase.indexOf(targetRoom) > staircase.indexOf(room))
      return `${at}: ${targetRoom} is to the right of ${room}`;
    if (target !== `core/${targetRoom}/index.ts`) return `${at}: another room is entered through its index.ts`;
  }
  if (top === 'plugins') {
    if (targetTop === 'core' && target !== 'core/index.ts') return `${at}: a plugin sees core/index.ts only`;
    if (targetTop === 'plugins' && targetRoom !== room) return `${at}: plugins do not know each other`;
    if (['main.ts', 'test', 'migrations'].includes(targetTop)) return `${at}: a plugin knows only the core and itself`;
  }
  const isMigration = top === 'migrations' || file.includes('/migrations/');
  if (isMigration && target !== 'knex') return `${at}: a migration imports nothing of ours`;
  return null;
}

function problemsOf(files: string[], read = (file: string) => readFileSync(join(root, file), 'utf8')): string[] {
  return files.flatMap((file) => importsOf(file, read(file)).map(problem)).filter((found) => found !== null);
}

function linesMatching(files: string[], pattern: RegExp): string[] {
  return files.flatMap((file) =>
    readFileSync(join(root, file), 'utf8')
      .split('\n')
      .map((text, index) => ({ text, where: `${file}:${index + 1}` }))
      .filter(({ text }) => pattern.test(text) && !/^\s*(\/\/|\*|\/\*)/.test(text))
      .map(({ text, where }) => `${where} ${text.trim()}`),
  );
}

describe('the house is tidy', () => {
  const code = [...sources('core'), ...sources('plugins'), ...sources('migrations')];

  it('every room imports only rooms to its left, through their index.ts', () => {
    expect(problemsOf(code)).to.deep.equal([]);
  });

  it('an import against the staircase is found', () => {
    const wrong: Record<string, string> = {
      'core/base/x.ts': "import { loadLaw } from '../law/index.ts';",
      'core/requests/x.ts': "import { due } from '../law/due.ts';",
      'core/law/x.ts': "import type { Db } from '../db/index.ts';",
      'core/retention/x.ts': "export * from '../requests/index.ts';",
      'core/journal/x.ts': "const vault = await import('../vault/index.ts');",
      'core/letters/x.ts': "import billing from '../../plugins/billing/index.ts';",
      'plugins/relay/x.ts': "import { createLaw } from '../../core/law/index.ts';",
      'plugins/billing/x.ts': "import relay from '../relay/index.ts';",
      'migrations/x.ts': "import { newId } from '../core/base/index.ts';",
      'core/accounts/x.ts': "import Koa from 'koa';",
    };
    expect(problemsOf(Object.keys(wrong), (file) => wrong[file] as string)).to.have.length(Object.keys(wrong).length);
  });

  it('every room says at its door what it is for', () => {
    const rooms = readdirSync(join(root, 'core'), { withFileTypes: true }).filter((entry) => entry.isDirectory());
    for (const { name } of rooms) {
      expect(staircase, `core/${name} is no step of the staircase`).to.include(name);
      expect(readFileSync(join(root, 'core', name, 'index.ts'), 'utf8'), `core/${name}/index.ts`).to.match(
        /^\/\*\*\n \* .{20,}/,
      );
    }
  });

  it('domain time comes from the clock alone', () => {
    const files = code.filter((file) => file !== 'core/base/clock.ts');
    expect(linesMatching(files, /\bDate\.now\(|new Date\(\)|Temporal\.Now\b/)).to.deep.equal([]);
  });

  it('our SQL does not ask the database for the time', () => {
    const inText = /['"`][^'"`$]*(?<![.\w])(current_(date|timestamp|time)\b|now\(\))/i;
    expect(linesMatching(code, inText)).to.deep.equal([]);
  });

  it('no length of a term stands in code', () => {
    const files = [...sources('core'), ...sources('plugins')].filter((file) => !file.includes('/migrations/'));
    expect(linesMatching(files, /\b(days|months|years|workingDays):\s*[2-9]\d*\b/)).to.deep.equal([]);
  });

  it('no test is switched off or left alone in the field', () => {
    const tests = sources('test').filter((file) => file !== 'test/tidy.test.ts');
    expect(linesMatching(tests, /\b(describe|it)\.(only|skip)\(|\bxit\(|\bxdescribe\(/)).to.deep.equal([]);
  });
});
