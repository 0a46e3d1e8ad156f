import { readdirSync, readFileSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PolicyError } from './errors.ts';
import { type PlainText, readPlain } from './plain.ts';
import { createShapes } from './shape.ts';

export type Path = readonly (string | number)[];

/** One policy file, parsed and of the right shape; it still knows its lines. */
export interface PolicyFile {
  name: string; // `policies/laws/152-fz.yaml`
  path: string; // below the root: `laws/152-fz.yaml`
  text: string;
  data: unknown;
  lineOf(path: Path): number;
  fail(path: Path, reason: string): PolicyError;
}

export interface Reader {
  root: string;
  /** Reads one file and checks its shape. A file is read once: later calls get the same. @throws PolicyError */
  read(path: string, schema: string): Promise<PolicyFile>;
  /**
   * The YAML files of a folder below the root, sorted; test files apart.
   * @throws PolicyError for what looks like one and would not be read
   */
  list(folder: string, tests?: boolean): Promise<string[]>;
  /** The operators that have a pack, sorted. */
  operators(): Promise<string[]>;
}

export interface OpenOptions {
  /** Reads everything with the libraries, and refuses a file that the quick reading would read differently. */
  carefully?: boolean;
}

const schemaNames = ['common', 'laws', 'operator', 'taxonomy', 'calendar', 'cases', 'inventory'];

// The careful reading and its libraries take longer to load than all packs: they wait for a file that needs them.
const load = createRequire(import.meta.url);
const careful = () => load('./careful.ts') as typeof import('./careful.ts');

/** Opens a policy root with its schemas. @throws PolicyError when the folder has no schemas */
export async function openPolicies(root: URL | string, { carefully = false }: OpenOptions = {}): Promise<Reader> {
  const folder = root instanceof URL ? fileURLToPath(root) : root;
  const shown = basename(folder.replace(/\/+$/, ''));
  const schemas = new Map<string, unknown>();
  for (const name of schemaNames) {
    const path = `schema/${name}.schema.json`;
    schemas.set(`${name}.schema.json`, JSON.parse(textOf(join(folder, path), `${shown}/${path}`, 'schema')));
  }
  const fits = createShapes(schemas);
  let judge: ReturnType<ReturnType<typeof careful>['createJudge']> | undefined;
  const files = new Map<string, PolicyFile>();

  const read = (path: string, schema: string): PolicyFile => {
    const name = `${shown}/${path}`;
    const text = textOf(join(folder, path), name, 'file');
    const plain = readPlain(text);
    if (plain && !carefully && fits(schema, plain.data)) return plainFile(name, path, text, plain);
    const file = careful().parse(name, path, text);
    judge ??= careful().createJudge(schemas);
    judge(file, schema);
    if (plain && JSON.stringify(plain.data) !== JSON.stringify(file.data)) {
      throw new PolicyError(name, 1, 'this file is read differently by the quick reading: write it more plainly');
    }
    return file;
  };

  return {
    root: folder,
    async read(path, schema) {
      const key = `${path} ${schema}`;
      const file = files.get(key) ?? read(path, schema);
      files.set(key, file);
      return file;
    },
    async list(below, tests = false) {
      return filesIn(join(folder, below), `${shown}/${below}`)
        .filter((name) => name.endsWith('.yaml') && name.endsWith('.test.yaml') === tests)
        .sort()
        .map((name) => `${below}/${name}`);
    },
    operators: async () => namesIn(join(folder, 'operators')).sort(),
  };
}

/**
 * Reads a file that stands outside the packs and checks its shape.
 * @param shown how the file is called in what is said about it
 * @throws PolicyError file, line, reason
 */
export async function readShaped(path: string, shown: string, schema: object): Promise<PolicyFile> {
  const { judge, parse } = careful();
  const file = parse(shown, shown, textOf(path, shown));
  judge(file, schema);
  return file;
}

// A hundred small files are read faster one after another than by asking for them all at once.
function textOf(path: string, shown: string, what?: 'file' | 'schema'): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (what) throw new PolicyError(shown, 1, `this ${what} is missing`);
    throw new PolicyError(shown, 1, code === 'ENOENT' ? 'there is no such file' : `cannot be read (${code})`);
  }
}

/** The names in a folder of policy files. A pack is not loaded in part: nothing that looks like a file of it is passed over. */
function filesIn(folder: string, shown: string): string[] {
  const names = namesIn(folder);
  for (const name of names) {
    if (/\.ya?ml$/i.test(name) && !name.endsWith('.yaml') && !name.startsWith('.')) {
      throw new PolicyError(`${shown}/${name}`, 1, 'the name of a policy file ends in ".yaml"');
    }
    if (!name.includes('.') && statSync(join(folder, name)).isDirectory()) {
      throw new PolicyError(
        `${shown}/${name}`,
        1,
        'a folder in this place is not read: put its files beside the others',
      );
    }
  }
  return names;
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** A file of the quick reading: it knows the lines of its items, and asks the careful one for all others. */
function plainFile(name: string, path: string, text: string, { data, lines }: PlainText): PolicyFile {
  let read: PolicyFile | undefined;
  const lineOf = (at: Path) => {
    const [index] = at;
    const known = at.length === 1 && typeof index === 'number' ? lines[index] : undefined;
    if (known !== undefined) return known;
    read ??= careful().parse(name, path, text);
    return read.lineOf(at);
  };
  return { name, path, text, data, lineOf, fail: (at, reason) => new PolicyError(name, lineOf(at), reason) };
}
