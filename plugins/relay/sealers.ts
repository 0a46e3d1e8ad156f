import { Refusal, type Sealer, type Vault } from '../../core/index.ts';
import type { Incoming, Waiting } from './waiting.ts';

const boxesKept = 50_000;

/** What a project's rows of one day are sealed with. */
export interface Sealers {
  payload: Sealer;
  metadata: Sealer;
}

/** The last that was sealed for a connection, and what it was about. */
interface Personal extends Pick<Incoming, 'project' | 'ip' | 'userAgent'> {
  on: string;
  box: Buffer;
}

/** The keys of the present day at hand, so that sealing a message asks nobody. */
export function createSealers(vault: Vault) {
  let day = '';
  const asked = new Map<string, Promise<Sealers>>();
  const ready = new Map<string, Sealers>();
  const personal = new Map<string, Buffer>();
  const latest = new Map<string, Personal>(); // of each connection

  function forget(): void {
    asked.clear();
    ready.clear();
    personal.clear();
    latest.clear();
  }

  async function ask(project: string, on: string): Promise<Sealers> {
    const [payload, metadata] = await Promise.all([
      vault.sealer(`payload/${on}/${project}`),
      vault.sealer(`metadata/${on}/${project}`),
    ]);
    const sealers = { payload, metadata };
    if (on === day && asked.has(project)) ready.set(project, sealers);
    return sealers;
  }

  return {
    /** The sealers of a project, of a day that from now on is the present one. */
    of(project: string, on: string): Promise<Sealers> {
      if (on !== day) {
        forget();
        day = on;
      }
      let known = asked.get(project);
      if (!known) {
        known = ask(project, on);
        asked.set(project, known);
        known.catch(() => asked.delete(project));
      }
      return known;
    },
    /** Seals a message while it waits, where nothing has to be asked for. */
    ahead({ project, payload }: Incoming, id: string): Waiting['sealed'] {
      const sealers = ready.get(project);
      if (!sealers) return null;
      try {
        return { day, box: sealers.payload(payload, payloadAad(day, project, id)) };
      } catch {
        forget();
        return null;
      }
    },
    /** IP and user agent are sealed once for a connection and day: the same box in each of its rows. */
    personal(sealer: Sealer, on: string, { project, connection, ip, userAgent }: Incoming): Buffer {
      const known = latest.get(connection);
      if (known?.on === on && known.project === project && known.ip === ip && known.userAgent === userAgent) {
        return known.box;
      }
      // A proxy sends those of many callers on one connection, in turns.
      const id = `${on}|${project}|${connection}|${ip}|${userAgent}`;
      const box =
        personal.get(id) ??
        sealer(Buffer.from(JSON.stringify({ ip, userAgent })), metadataAad(on, project, connection));
      if (personal.size > boxesKept) personal.clear();
      if (latest.size > boxesKept) latest.clear();
      personal.set(id, box);
      latest.set(connection, { on, project, ip, userAgent, box });
      return box;
    },
    /** A sealer whose key has been destroyed refuses for ever: new ones are asked for. */
    forget,
  };
}

export function payloadAad(day: string, project: string, id: string): string {
  return `relay.payloads|${day}|${project}|${id}`;
}

export function metadataAad(day: string, project: string, connection: string): string {
  return `relay.messages|${day}|${project}|${connection}`;
}

/** Opens what was sealed; null when its key has been destroyed since: there is nothing to show, and that is no fault. */
export async function opened(vault: Vault, box: Buffer, aad: string): Promise<Buffer | null> {
  try {
    return await vault.open(box, aad);
  } catch (error) {
    if (error instanceof Refusal && error.code === 'vault.key-destroyed') return null;
    throw error;
  }
}
