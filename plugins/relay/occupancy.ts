import type { Engine } from '../../core/index.ts';
import type { Hub } from './hub.ts';
import type { Listener } from './listener.ts';
import type { Nodes } from './nodes.ts';
import { type Notice, notify } from './store.ts';

/** How long an answer is waited for: a node that has said nothing by then is left out. */
const answerMs = 250;
const noticeBytes = 7000; // a notice of PostgreSQL has at most 8000
const noticesAtOnce = 100;

/** Which channels of a project are meant. */
export interface Wanted {
  names?: Iterable<string>;
  /** All whose names begin so. */
  beginning?: string;
}

/** Channels that somebody reads, and how many subscriptions they have. */
type Counts = Map<string, number>;

/** What is asked of one project at a time, for all who wait. */
interface Round {
  names: Set<string>;
  beginnings: Set<string>;
  counts: Promise<Counts>;
}

/** A notice with a question, until all nodes have answered it. */
interface Question {
  counts: Counts;
  silent: Set<string>; // nodes that have not yet answered
  finish(): void;
}

type Asked = [node: string, id: number, project: string, names: string[], beginnings: string[]];
type Answered = [node: string, id: number, last: boolean, counts: [channel: string, count: number][]];

/**
 * How many read a channel, on all nodes together. Each knows its own readers; what the others have is asked by notices of
 * PostgreSQL, which reach every node, NATS or not, and never leave the database.
 */
export function createOccupancy(
  engine: Engine,
  { hub, nodes, listener }: { hub: Pick<Hub, 'occupied' | 'readers'>; nodes: Nodes; listener: Listener },
) {
  const { db, log } = engine;
  const rounds = new Map<string, Round>(); // not yet asked, by project
  const going = new Map<string, Promise<Counts>>();
  const open = new Map<number, Question>();
  let outgoing: Notice[] = [];
  let sending = false;
  let asked = 0;

  function here(project: string, names: Iterable<string>, beginnings: Iterable<string>): Counts {
    const found = new Set(names);
    const begin = [...beginnings];
    if (begin.length > 0) {
      for (const name of hub.occupied(project)) if (begin.some((one) => name.startsWith(one))) found.add(name);
    }
    const counts: Counts = new Map();
    for (const name of found) add(counts, name, hub.readers(project, name));
    return counts;
  }

  /** The round that begins when the one before it is over: nobody gets an answer that is older than the question. */
  function nextRound(project: string): Round {
    const known = rounds.get(project);
    if (known) return known;
    const before = going.get(project) ?? Promise.resolve();
    const round = { names: new Set<string>(), beginnings: new Set<string>() };
    const counts = before.then(() => {
      rounds.delete(project);
      return gather(project, round);
    });
    going.set(project, counts);
    void counts.then(() => {
      if (going.get(project) === counts) going.delete(project);
    });
    const made = { ...round, counts };
    rounds.set(project, made);
    return made;
  }

  async function gather(project: string, { names, beginnings }: Pick<Round, 'names' | 'beginnings'>): Promise<Counts> {
    const counts: Counts = new Map();
    const questions = [
      ...pieces([...names], bytesOf).map((some) => put(counts, project, some, [])),
      ...pieces([...beginnings], bytesOf).map((some) => put(counts, project, [], some)),
    ];
    await Promise.all(questions);
    for (const [name, count] of here(project, names, beginnings)) add(counts, name, count);
    return counts;
  }

  function put(counts: Counts, project: string, names: string[], beginnings: string[]): Promise<void> {
    const id = ++asked;
    return new Promise((done) => {
      const finish = (): void => {
        clearTimeout(timer);
        open.delete(id);
        done();
      };
      const timer = setTimeout(finish, answerMs);
      open.set(id, { counts, silent: new Set(nodes.living()), finish });
      say([{ channel: 'relay_asked', payload: JSON.stringify([nodes.id, id, project, names, beginnings]) }]);
    });
  }

  function answer([node, id, project, names, beginnings]: Asked): void {
    if (node === nodes.id) return;
    const all = pieces([...here(project, names, beginnings)], ([name]) => bytesOf(name) + 16);
    if (all.length === 0) all.push([]);
    say(
      all.map((counts, index) => ({
        channel: earOf(node),
        payload: JSON.stringify([nodes.id, id, index === all.length - 1, counts] satisfies Answered),
      })),
    );
  }

  function take([node, id, last, counts]: Answered): void {
    const question = open.get(id);
    if (!question) return;
    for (const [name, count] of counts) add(question.counts, name, count);
    if (last) question.silent.delete(node);
    if (question.silent.size === 0) question.finish();
  }

  /** One statement at a time; what is said meanwhile goes with the next. */
  function say(notices: readonly Notice[]): void {
    for (const notice of notices) outgoing.push(notice);
    if (!sending) void sayAll();
  }

  async function sayAll(): Promise<void> {
    sending = true;
    try {
      while (outgoing.length > 0) await notify(db, outgoing.splice(0, noticesAtOnce));
    } catch (error) {
      // Whoever waits is answered with what this node knows.
      outgoing = [];
      log.warn({ error: String(error) }, 'The other nodes could not be asked who reads there.');
    } finally {
      sending = false;
    }
  }

  listener.on({ channel: 'relay_asked', heard: (payload) => answer(JSON.parse(payload) as Asked) });
  listener.on({ channel: earOf(nodes.id), heard: (payload) => take(JSON.parse(payload) as Answered) });

  return {
    /** Which of these channels somebody reads, and how many; of a node that does not answer in time, none. */
    async count(project: string, { names = [], beginning }: Wanted): Promise<ReadonlyMap<string, number>> {
      const beginnings = beginning === undefined ? [] : [beginning];
      if (nodes.others() === 0) return here(project, names, beginnings);
      const wanted = new Set(names);
      const round = nextRound(project);
      for (const name of wanted) round.names.add(name);
      for (const one of beginnings) round.beginnings.add(one);
      const counts = await round.counts;
      const meant = (name: string): boolean =>
        wanted.has(name) || (beginning !== undefined && name.startsWith(beginning));
      return new Map([...counts].filter(([name]) => meant(name)));
    },
    stop(): void {
      for (const { finish } of [...open.values()]) finish();
    },
  };
}

export type Occupancy = ReturnType<typeof createOccupancy>;

/** Where a node hears its answers. */
function earOf(node: string): string {
  return `relay_answers_${node}`;
}

function add(counts: Counts, name: string, count: number): void {
  if (count > 0) counts.set(name, (counts.get(name) ?? 0) + count);
}

function bytesOf(text: string): number {
  return Buffer.byteLength(JSON.stringify(text)) + 1;
}

/** Cuts a list into pieces that fit into a notice each. */
function pieces<T>(all: readonly T[], size: (one: T) => number): T[][] {
  const made: T[][] = [];
  let bytes = 0;
  for (const one of all) {
    const more = size(one);
    if (made.length === 0 || bytes + more > noticeBytes) {
      made.push([]);
      bytes = 0;
    }
    made.at(-1)?.push(one);
    bytes += more;
  }
  return made;
}
