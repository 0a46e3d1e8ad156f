import { type ErrorObject, Ajv2020 as Schemas, type ValidateFunction } from 'ajv/dist/2020.js';
import addFormatsModule from 'ajv-formats';
import { type Document, isMap, isNode, isScalar, LineCounter, parseDocument } from 'yaml';
import { PolicyError } from './errors.ts';
import type { Path, PolicyFile } from './files.ts';
import { nearest } from './raw.ts';
import { isDatedAct } from './shape.ts';

/*
 * The careful reading, with the libraries that know all of YAML and of JSON Schema: it says what is wrong and on which
 * line. It is loaded only when it is needed.
 */

// The package declares a default export and is CommonJS: Node hands over the function itself.
const addFormats = addFormatsModule as unknown as (schemas: Schemas, formats: string[]) => void;

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
  schemas.addFormat('act', isDatedAct);
  return schemas;
}

/** Judges the shape of files by a set of schemas, by their names. @throws PolicyError what is wrong, file and line */
export function createJudge(schemas: ReadonlyMap<string, unknown>): (file: PolicyFile, schema: string) => void {
  const compiled = compiler();
  for (const [name, schema] of schemas) compiled.addSchema(schema as object, name);
  return (file, schema) => {
    const validate = compiled.getSchema(schema) as ValidateFunction | undefined;
    if (!validate) throw unknownPart(file, schema, schemas);
    if (!validate(file.data)) throw shapeError(file, mostTelling(validate.errors ?? []));
  };
}

function unknownPart(file: PolicyFile, schema: string, schemas: ReadonlyMap<string, unknown>): PolicyError {
  const [name = '', part = ''] = schema.split('#/$defs/');
  const known = Object.keys((schemas.get(name) as { $defs?: object } | undefined)?.$defs ?? {});
  const near = nearest(part, known);
  return new PolicyError(file.name, 1, `a pack has no part "${part}"; near: ${near.join(', ')}`);
}

/** The same by one schema that stands alone. @throws PolicyError */
export function judge(file: PolicyFile, schema: object): void {
  const validate = compiler().compile(schema);
  if (!validate(file.data)) throw shapeError(file, mostTelling(validate.errors ?? []));
}

/** Reads a text with the library. @throws PolicyError for the first thing that is wrong */
export function parse(name: string, path: string, text: string): PolicyFile {
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
      return file.fail(path, `${where}${misformed(error)}`);
    case 'minProperties':
      return file.fail(path, `${where}needs at least one of ${known.join(', ')}`);
    default:
      return file.fail(path, `${where}${error.message ?? 'wrong shape'}`);
  }
}

function misformed({ data, message, params }: ErrorObject): string {
  if (params.format === 'date') return `"${data}" is not a date that exists`;
  if (params.format === 'act')
    return `"${data}" has no date that exists; an act is written like «152-ФЗ от 27.07.2006»`;
  return message ?? 'wrong shape';
}
