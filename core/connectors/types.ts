import type { Words } from '../datamap/index.ts';

interface ConnectorBase {
  id: string;
  title: Words;
  system: Words;
  subject: string;
  purposes: string[];
  schedule: string;
}

/** One table of another PostgreSQL database. The address comes from the environment, never from the pack. */
export interface PostgresConnector extends ConnectorBase {
  kind: 'postgres';
  urlFrom: string; // name of the environment variable that holds the connection string
  table: string; // 'schema.table'
  subjectColumn: string; // holds our subject id or an id mapped to it
  anchorColumn?: string; // a date or timestamptz
  columns: Record<string, string>; // column → category
}

/** A system that answers POST collect, erase, rectify, restrict in JSON: docs/operating.md has the contract. */
export interface HttpConnector extends ConnectorBase {
  kind: 'http';
  url: string; // base address, ends with a slash
  tokenFrom?: string; // name of the environment variable that holds the bearer token
  timeoutMs?: number;
  fields: Record<string, string>; // field → category
  rights: ('collect' | 'erase' | 'rectify' | 'restrict')[];
}

/** A cupboard, a mailbox, a partner: a person does it and says so. */
export interface ManualConnector extends ConnectorBase {
  kind: 'manual';
  fields: Record<string, string>;
  instructions: Words;
}

export type Connector = PostgresConnector | HttpConnector | ManualConnector;
