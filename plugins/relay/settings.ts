import type { IncomingMessage } from 'node:http';
import { Refusal } from '../../core/index.ts';
import type { Settings } from './types.ts';

const originsKept = 50;
const originLength = 200;

/** Any page may come. */
export const anyOrigin = '*';

/** The columns of a project that hold its settings. */
export interface SettingsRow {
  origins: string[];
  max_payload_bytes: number | null;
  client_publishing: boolean;
}

/** What a project has until its owner chooses: no page of another site, the plan's own size, pages may publish. */
export const firstSettings: SettingsRow = { origins: [], max_payload_bytes: null, client_publishing: true };

export function settingsOf(row: SettingsRow): Settings {
  return { origins: row.origins, maxPayloadBytes: row.max_payload_bytes, clientPublishing: row.client_publishing };
}

/**
 * Settings as they are kept: origins in the form in which browsers send them, each once.
 * @param planBytes the largest payload of the project's plan
 * @throws Refusal `settings.bad-origin` | `settings.too-many-origins` | `settings.payload-over-plan`
 */
export function checkSettings(settings: Settings, planBytes: number): SettingsRow {
  const origins = [...new Set(settings.origins.map(checkOrigin))];
  if (origins.length > originsKept) {
    throw new Refusal('settings.too-many-origins', 'invalid', {
      field: 'origins',
      limit: originsKept,
      message: `A project has at most ${originsKept} origins.`,
    });
  }
  const bytes = settings.maxPayloadBytes;
  if (bytes !== null && (!Number.isSafeInteger(bytes) || bytes < 1 || bytes > planBytes)) {
    throw new Refusal('settings.payload-over-plan', 'invalid', {
      field: 'maxPayloadBytes',
      limit: planBytes,
      message: `The largest payload is a whole number of bytes, from 1 to the ${planBytes} of the plan.`,
    });
  }
  return { origins, max_payload_bytes: bytes, client_publishing: settings.clientPublishing };
}

function checkOrigin(text: string): string {
  const given = text.trim();
  if (given === anyOrigin) return anyOrigin;
  const url = given.length <= originLength && URL.canParse(given) ? new URL(given) : null;
  const bare = url && url.pathname === '/' && !url.search && !url.hash && !url.username && !url.password;
  if (bare && ['http:', 'https:'].includes(url.protocol)) return url.origin;
  throw new Refusal('settings.bad-origin', 'invalid', {
    field: 'origins',
    message: `An origin is a scheme, a host and perhaps a port, such as https://example.org, or ${anyOrigin} for any.`,
  });
}

/**
 * The page of another site that a request comes from: its origin, or null for a page of our own and for programs,
 * which send none.
 */
export function foreignOrigin({ headers }: Pick<IncomingMessage, 'headers'>): string | null {
  const { origin, host } = headers;
  if (origin === undefined) return null;
  return URL.canParse(origin) && new URL(origin).host === host ? null : origin;
}

/** @throws Refusal `origin.refused` */
export function mayCome(origin: string | null, { origins }: { origins: readonly string[] }): void {
  if (isAllowed(origin, origins)) return;
  throw new Refusal('origin.refused', 'forbidden', {
    message: 'Pages of this origin may not use the project: its owner adds them in the settings.',
  });
}

export function isAllowed(origin: string | null, origins: readonly string[]): boolean {
  return origin === null || origins.includes(anyOrigin) || origins.includes(origin);
}
