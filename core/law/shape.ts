import { isoNumber } from '../calendar/index.ts';

/*
 * A quick yes: does a value surely have the shape that a JSON schema asks for? Only the keywords below are known; for
 * anything else, and for whatever does not fit, the answer is no, and the library that knows all of JSON Schema judges
 * and says what is wrong. It needs a tenth of a second to prepare for that, which a start without faults saves.
 */

type Schema = Readonly<Record<string, unknown>> | boolean;
type Fits = (value: unknown) => boolean;
type Inner = (schema: Schema) => Fits;
type Keyword = (wanted: never, inner: Inner, schema: Readonly<Record<string, unknown>>) => Fits | null;

/** Thrown inside to say: this one is for the library. */
const unsure = new Error('the library judges this');

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const ofText =
  (holds: (text: string) => boolean): Fits =>
  (value) =>
    typeof value !== 'string' || holds(value);
const ofNumber =
  (holds: (number: number) => boolean): Fits =>
  (value) =>
    typeof value !== 'number' || holds(value);
const ofList =
  (holds: (list: unknown[]) => boolean): Fits =>
  (value) =>
    !Array.isArray(value) || holds(value);
const ofObject =
  (holds: (object: Record<string, unknown>) => boolean): Fits =>
  (value) =>
    !isObject(value) || holds(value);

const types: Record<string, Fits> = {
  string: (value) => typeof value === 'string',
  integer: (value) => Number.isInteger(value),
  number: (value) => Number.isFinite(value),
  boolean: (value) => typeof value === 'boolean',
  null: (value) => value === null,
  array: (value) => Array.isArray(value),
  object: isObject,
};

/** Is an act named with its date, «152-ФЗ от 27.07.2006», and is every date in the name a day that exists? */
export function isDatedAct(text: string): boolean {
  const dates = [...text.matchAll(/от (\d\d)\.(\d\d)\.(\d{4})/gu)];
  return dates.length > 0 && dates.every(([, day, month, year]) => isoNumber(`${year}-${month}-${day}`) !== null);
}

const formats: Record<string, (text: string) => boolean> = {
  act: isDatedAct,
  date: (text) => isoNumber(text) !== null,
  email(text) {
    if (/^[a-z0-9]+([._-][a-z0-9]+)*@([a-z0-9]+(-[a-z0-9]+)*\.)+[a-z]+$/.test(text)) return true;
    throw unsure;
  },
};

const nothing = () => null;

/** What each keyword asks of a value. */
const keywords: Record<string, Keyword> = {
  $schema: nothing,
  $id: nothing,
  $defs: nothing,
  title: nothing,
  description: nothing,

  type(wanted: string | string[]) {
    const allowed = [wanted].flat().map((name) => types[name] ?? surely());
    const [first] = allowed;
    return allowed.length === 1 && first ? first : (value) => allowed.some((fits) => fits(value));
  },
  enum(wanted: unknown[]) {
    if (wanted.some((one) => typeof one === 'object')) throw unsure;
    const allowed = new Set(wanted);
    return (value) => allowed.has(value);
  },
  const(wanted: unknown) {
    if (typeof wanted === 'object') throw unsure;
    return (value) => value === wanted;
  },

  pattern(wanted: string) {
    const pattern = new RegExp(wanted, 'u');
    return ofText((text) => pattern.test(text));
  },
  format: (wanted: string) => ofText(formats[wanted] ?? surely()),
  minLength: (wanted: number) => ofText((text) => text.length >= 2 * wanted || [...text].length >= wanted),

  minimum: (wanted: number) => ofNumber((number) => number >= wanted),
  maximum: (wanted: number) => ofNumber((number) => number <= wanted),
  exclusiveMinimum: (wanted: number) => ofNumber((number) => number > wanted),

  items(wanted: Schema, inner) {
    const fits = inner(wanted);
    return ofList((list) => list.every((item) => fits(item)));
  },
  contains(wanted: Schema, inner) {
    const fits = inner(wanted);
    return ofList((list) => list.some((item) => fits(item)));
  },
  minItems: (wanted: number) => ofList((list) => list.length >= wanted),
  maxItems: (wanted: number) => ofList((list) => list.length <= wanted),
  uniqueItems: (wanted: boolean) =>
    ofList((list) => {
      if (list.some((item) => typeof item === 'object')) throw unsure;
      return !wanted || new Set(list).size === list.length;
    }),

  properties(wanted: Record<string, Schema>, inner, schema) {
    const fitsOf = new Map(Object.entries(wanted).map(([name, one]) => [name, inner(one)]));
    const others = inner((schema.additionalProperties ?? true) as Schema);
    return ofObject((object) => {
      for (const name of Object.keys(object)) if (!(fitsOf.get(name) ?? others)(object[name])) return false;
      return true;
    });
  },
  additionalProperties(wanted: Schema, inner, schema) {
    if (schema.properties) return null; // asked together with them
    const fits = inner(wanted);
    return ofObject((object) => Object.values(object).every((one) => fits(one)));
  },
  propertyNames(wanted: Schema, inner) {
    const fits = inner(wanted);
    return ofObject((object) => Object.keys(object).every((name) => fits(name)));
  },
  required: (wanted: string[]) => ofObject((object) => wanted.every((name) => Object.hasOwn(object, name))),
  dependentRequired: (wanted: Record<string, string[]>) =>
    ofObject((object) =>
      Object.entries(wanted).every(
        ([name, others]) => !Object.hasOwn(object, name) || others.every((other) => Object.hasOwn(object, other)),
      ),
    ),
  minProperties: (wanted: number) => ofObject((object) => Object.keys(object).length >= wanted),
  maxProperties: (wanted: number) => ofObject((object) => Object.keys(object).length <= wanted),

  allOf(wanted: Schema[], inner) {
    const all = wanted.map(inner);
    return (value) => all.every((fits) => fits(value));
  },
  anyOf(wanted: Schema[], inner) {
    const any = wanted.map(inner);
    return (value) => any.some((fits) => fits(value));
  },
  if(wanted: Schema, inner, schema) {
    const holds = inner(wanted);
    const fits = inner((schema.then ?? true) as Schema);
    const otherwise = inner((schema.else ?? true) as Schema);
    return (value) => (holds(value) ? fits(value) : otherwise(value));
  },
  // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema, asked together with `if`
  then: nothing,
  else: nothing,
};

function surely(): never {
  throw unsure;
}

/**
 * Makes the quick yes for a set of schemas.
 * @param schemas by their names: `laws.schema.json`
 * @returns asks with a reference (`operator.schema.json#/$defs/plans`) and a value; false means no or not sure
 */
export function createShapes(schemas: ReadonlyMap<string, unknown>): (ref: string, value: unknown) => boolean {
  const ready = new Map<string, Fits>();

  const compile = (schema: Schema, file: string): Fits => {
    if (typeof schema === 'boolean') return () => schema;
    const asked: Fits[] = [];
    const inner = (one: Schema) => compile(one, file);
    for (const [name, wanted] of Object.entries(schema)) {
      if (name === '$ref') asked.push(refer(wanted as string, file));
      else {
        const fits = (keywords[name] ?? surely)(wanted as never, inner, schema);
        if (fits) asked.push(fits);
      }
    }
    const [first, second] = asked;
    if (!first) return () => true;
    if (!second) return first;
    return (value) => {
      for (const fits of asked) if (!fits(value)) return false;
      return true;
    };
  };

  /** What a reference points to, compiled when it is first asked: a schema may refer to itself. */
  const refer = (ref: string, file: string): Fits => {
    const [name, pointer = ''] = ref.split('#') as [string, string?];
    const key = `${name || file}#${pointer}`;
    return (value) => {
      let fits = ready.get(key);
      if (!fits) {
        fits = compile(pointedAt(schemas.get(name || file), pointer), name || file);
        ready.set(key, fits);
      }
      return fits(value);
    };
  };

  return (ref, value) => {
    try {
      return refer(ref, '')(value);
    } catch (error) {
      if (error === unsure) return false;
      throw error;
    }
  };
}

function pointedAt(schema: unknown, pointer: string): Schema {
  let found = schema;
  for (const part of pointer.split('/').slice(1)) {
    if (!isObject(found) || !Object.hasOwn(found, part)) throw unsure;
    found = found[part];
  }
  if (!isObject(found)) throw unsure;
  return found;
}
