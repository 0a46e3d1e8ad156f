import { readdirSync, readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormatsModule from 'ajv-formats';
import { type CliContext, type CreateApp, runCli } from '../../core/cli/index.ts';

const root = new URL('../../', import.meta.url);

// The package declares a default export and is CommonJS: Node hands over the function itself.
const addFormats = addFormatsModule as unknown as (schemas: Ajv2020) => void;

export interface Said {
  code: number;
  out: string;
  err: string;
  /** What was printed, as a program reads it. */
  json(): never;
}

export interface Surroundings {
  env?: Record<string, string>;
  createApp?: CreateApp;
  stores?: CliContext['stores'];
}

const closed: CreateApp = async () => {
  throw new Error('This question needs no installation.');
};

/** Runs a command as the process would, in this process: what it prints is caught, its exit code is given back. */
export async function srok(
  args: readonly string[],
  { env = {}, createApp = closed, stores }: Surroundings = {},
): Promise<Said> {
  const said = { out: '', err: '' };
  const into = (stream: 'out' | 'err') => (text: string) => {
    said[stream] += text;
    return true;
  };
  const { exitCode } = process;
  const writes = { out: process.stdout.write, err: process.stderr.write };
  const before = Object.keys(env).map((key) => [key, process.env[key]] as const);
  Object.assign(process.env, env);
  process.exitCode = 0;
  process.stdout.write = into('out') as never;
  process.stderr.write = into('err') as never;
  let code: number;
  try {
    await runCli(['node', 'srok', ...args], { createApp, root, version: '0.0.0', stores: stores ?? (async () => []) });
    code = Number(process.exitCode);
  } finally {
    process.stdout.write = writes.out;
    process.stderr.write = writes.err;
    process.exitCode = exitCode;
    for (const [key, value] of before) {
      if (value === undefined) delete process.env[key];
      else process.env[key] = value;
    }
  }
  return { ...said, code, json: () => JSON.parse(said.out) as never };
}

const schemas = new Ajv2020({ allErrors: true, strict: false });
addFormats(schemas);
const folder = new URL('policies/schema/cli/', root);
/** The names of the shapes: `due`, `keep` … */
export const shapes = readdirSync(folder).map((file) => file.replace(/\.schema\.json$/, ''));
for (const name of shapes) {
  schemas.addSchema(JSON.parse(readFileSync(new URL(`${name}.schema.json`, folder), 'utf8')));
}

/** What does not fit the shape, in words; an empty list when everything does. */
export function misfits(shape: string, answer: unknown): string[] {
  const validate = schemas.getSchema(`cli/${shape}.schema.json`);
  if (!validate) throw new Error(`There is no shape ${shape}.`);
  validate(answer);
  return (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`);
}
