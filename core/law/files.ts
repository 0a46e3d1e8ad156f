import { readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type ErrorObject, Ajv2020 as Schemas, type ValidateFunction } from 'ajv/dist/2020.js';
import addFormatsModule from 'ajv-formats';
import { type Document, isMap, isNode, isScalar, LineCounter, parseDocument } from 'yaml';
import { PolicyError } from './errors.ts';

// The package declares a default export and is CommonJS: Node hands over the function itself.
const addFormats = addFormatsModule as unknown as (schemas: Schemas, formats: string[]) => void;

type Path = readonly (string | number)[];

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
  /** Reads one file and checks its shape. @throws PolicyError */
  read(path: string, schema: string): Promise<PolicyFile>;
  /** The YAML files of a folder below the root, sorted; test files apart. */
  list(folder: string, tests?: boolean): Promise<string[]>;
}

const schemaNames = ['common', 'laws', 'operator', 'taxonomy', 'calendar', 'cases', 'inventory'];

function compiler(): Schemas {
  const schemas = new Schemas({
    verbose: true,
    allErrors: true,
    validateSchema: false,
    strict: false,
    meta: false,
    code: { optimize: false },
  });
  addFormats(schemas, ['date', 'email']);
  return schemas;
}

/** Opens a policy root: compiles its schemas. @throws PolicyError when the folder has no schemas */
export async function openPolicies(root: URL | string): Promise<Reader> {
  const folder = root instanceof URL ? fileURLToPath(root) : root;
  const shown = basename(folder.replace(/\/+$/, ''));
  const schemas = compiler();
  await Promise.all(
    schemaNames.map(async (name) => {
      const path = join('schema', `${name}.schema.json`);
      const text = await readFile(join(folder, path), 'utf8').catch(() => {
        throw new PolicyError(`${shown}/${path}`, 1, 'this schema is missing');
      });
      schemas.addSchema(JSON.parse(text), `${name}.schema.json`);
    }),
  );

  return {
    root: folder,
    async read(path, schema) {
      const name = `${shown}/${path}`;
      const text = await readFile(join(folder, path), 'utf8').catch(() => {
        throw new PolicyError(name, 1, 'this file is missing');
      });
      const file = parse(name, path, text);
      const validate = schemas.getSchema(schema) as ValidateFunction | undefined;
      if (!validate) throw new PolicyError(name, 1, `no schema for this file: ${schema}`);
      if (!validate(file.data)) throw shapeError(file, mostTelling(validate.errors ?? []));
      return file;
    },
    async list(below, tests = false) {
      const names = await readdir(join(folder, below)).catch(() => [] as string[]);
      return names
        .filter((name) => name.endsWith('.yaml') && name.endsWith('.test.yaml') === tests)
        .sort()
        .map((name) => `${below}/${name}`);
    },
  };
}

/**
 * Reads a file that stands outside the packs and checks its shape.
 * @param shown how the file is called in what is said about it
 * @throws PolicyError file, line, reason
 */
export async function readShaped(path: string, shown: string, schema: object): Promise<PolicyFile> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new PolicyError(
      shown,
      1,
      error.code === 'ENOENT' ? 'there is no such file' : `cannot be read (${error.code})`,
    );
  });
  const file = parse(shown, shown, text);
  const validate = compiler().compile(schema);
  if (!validate(file.data)) throw shapeError(file, mostTelling(validate.errors ?? []));
  return file;
}

function parse(name: string, path: string, text: string): PolicyFile {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true, prettyErrors: false });
  const wrong = document.errors[0] ?? document.warnings[0];
  if (wrong) {
    const line = lines.linePos(wrong.pos[0]).line;
    const key = /^[\s{,-]*([^\s:{,]+)\s*:/.exec(text.slice(wrong.pos[0]))?.[1];
    throw new PolicyError(name, line, wrong.code === 'DUPLICATE_KEY' ? `duplicate key "${key}"` : wrong.message);
  }
  const lineOf = (at: Path) => {
    const start = startOfNode(document, at);
    return start === null ? 1 : lines.linePos(start).line;
  };
  return {
    name,
    path,
    text,
    data: document.toJS(),
    lineOf,
    fail: (at, reason) => new PolicyError(name, lineOf(at), reason),
  };
}

/** Where the key of a path stands, or the item; the nearest parent when the path goes too far. */
function startOfNode(document: Document, path: Path): number | null {
  if (path.length === 0) return document.contents?.range?.[0] ?? null;
  const parent = document.getIn(path.slice(0, -1), true);
  const last = path.at(-1);
  if (isMap(parent)) {
    for (const pair of parent.items) {
      if (isScalar(pair.key) && String(pair.key.value) === String(last)) return pair.key.range?.[0] ?? null;
    }
  }
  const node = document.getIn(path, true);
  if (isNode(node) && node.range) return node.range[0];
  return startOfNode(document, path.slice(0, -1));
}

/** A key that nobody knows says more than the one that is missing in its place. */
function mostTelling(errors: ErrorObject[]): ErrorObject {
  return errors.find((error) => error.keyword === 'additionalProperties') ?? (errors[0] as ErrorObject);
}

/** The thing that is wrong with the shape, in the words of the person who wrote the file. */
function shapeError(file: PolicyFile, error: ErrorObject): PolicyError {
  const path = error.instancePath
    .split('/')
    .slice(1)
    .map((part) => (/^\d+$/.test(part) ? Number(part) : part.replaceAll('~1', '/').replaceAll('~0', '~')));
  const key = path.filter((part) => typeof part === 'string').at(-1);
  const where = key === undefined ? '' : `${key}: `;
  const known = Object.keys((error.parentSchema?.properties as object | undefined) ?? {});
  switch (error.keyword) {
    case 'additionalProperties': {
      const extra = String(error.params.additionalProperty);
      const thing = error.parentSchema?.title === 'period' ? 'unit' : 'key';
      return file.fail([...path, extra], `${where}unknown ${thing} "${extra}"; one of ${known.join(', ')}`);
    }
    case 'required':
      return file.fail(path, `${where}missing "${error.params.missingProperty}"`);
    case 'enum':
      return file.fail(path, `${where}unknown value "${error.data}"; one of ${error.params.allowedValues.join(', ')}`);
    case 'format':
      return file.fail(
        path,
        error.params.format === 'date'
          ? `${where}"${error.data}" is not a date that exists`
          : `${where}${error.message}`,
      );
    case 'minProperties':
      return file.fail(path, `${where}needs at least one of ${known.join(', ')}`);
    default:
      return file.fail(path, `${where}${error.message ?? 'wrong shape'}`);
  }
}
