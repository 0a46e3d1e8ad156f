import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import { loadSchemas, schemaPath } from '../../plugins/relay/schemas.ts';

const ajv = new Ajv2020({ allErrors: true, allowUnionTypes: true });
(formats as unknown as (ajv: Ajv2020) => void)(ajv);
const served = loadSchemas();
for (const bytes of served.values()) ajv.addSchema(JSON.parse(bytes.toString('utf8')));

export const schemaNames = [...served.keys()];

/** What of a value does not fit one of the relay's published schemas, or null. */
export function wrongBy(schema: string, value: unknown): string | null {
  const validate = ajv.getSchema(`${schemaPath}${schema}`) as ValidateFunction | undefined;
  if (!validate) throw new Error(`There is no schema ${schema}.`);
  if (validate(value)) return null;
  return `${JSON.stringify(value)?.slice(0, 300)} is not ${schema}: ${ajv.errorsText(validate.errors)}`;
}

/** A check by a schema that refers to the published ones. */
export function checkOf(schema: object): ValidateFunction {
  return ajv.compile(schema);
}

/** @throws Error naming what does not fit */
export function mustFit(schema: string, value: unknown): void {
  const wrong = wrongBy(schema, value);
  if (wrong) throw new Error(wrong);
}
