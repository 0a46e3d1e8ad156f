import { amountsOf } from './amount.ts';
import { PolicyError } from './errors.ts';
import type { PolicyFile } from './files.ts';
import type { GroundOf } from './grounds.ts';
import { camel, camelWord, citation, day, keyed, need, type RawCite } from './raw.ts';
import { pointsOf, rightsOf } from './rights.ts';
import type { OptionalSection } from './section.ts';
import type { Citation, Operator, OperatorDocument, RightType, Rule, Schedule } from './types.ts';

const noSections: Record<OptionalSection, null> = {
  limits: null,
  logAccess: null,
  recovery: null,
  inactivity: null,
  paidPeriodNotices: null,
};

/** Sections of process.yaml that an operator has only where its documents speak of them. */
const noSpecialRules = {
  age: null,
  specialCategories: null,
  marketing: null,
  userContacts: null,
  orders: null,
  correspondence: null,
  notCollected: [],
};

export function operatorOf(
  ownFile: (name: string) => PolicyFile | undefined,
  schedules: Schedule[],
  known: {
    categories: Map<string, unknown>;
    rules: Map<string, Rule>;
    purposes: Map<string, unknown>;
    plugins: Map<string, unknown>;
    duties: Map<string, unknown>;
    rights: Map<string, RightType>;
    groundOf: GroundOf;
  },
  folder: string,
): Operator {
  const part = (name: string) => {
    const file = ownFile(name);
    if (!file) throw new PolicyError(`policies/${folder}/${name}.yaml`, 1, 'this file is missing');
    return { file, data: camel(file.data) as never };
  };
  for (const name of ['documents', 'findings', 'plans', 'purposes', 'recipients']) {
    const file = ownFile(name);
    if (file) keyed(file, 'id');
  }
  const purposes = part('purposes');
  for (const [index, purpose] of (purposes.data as Operator['purposes'][number][]).entries()) {
    need(purposes.file, [index, 'id'], known.purposes, purpose.id, 'purpose');
    for (const id of purpose.processing) need(purposes.file, [index, 'processing'], known.categories, id, 'category');
  }
  const recipients = part('recipients');
  for (const [index, one] of (recipients.data as Operator['recipients'][number][]).entries()) {
    need(recipients.file, [index, 'purpose'], known.purposes, one.purpose, 'purpose');
  }
  const channels = part('channels');
  const process = part('process');
  const { channels: list, notices: named } = channels.data as {
    channels: Operator['channels'];
    notices: Pick<Operator['noticeChannels'], 'documents' | 'clause'> & Partial<Operator['noticeChannels']>;
  };
  const notices = { limits: [], ...named };
  const ids = new Map(list.map((one) => [one.id, one]));
  for (const [index, { id }] of list.entries()) {
    if (ids.get(id) !== list[index]) throw channels.file.fail(['channels', index], `id: "${id}" is already taken`);
  }
  for (const use of ['documents', 'limits'] as const) {
    for (const id of notices[use]) need(channels.file, ['notices', use], ids, id, 'channel');
  }
  const rest = process.data as Partial<Pick<Operator, OptionalSection | 'security'>>;
  const plans = (ownFile('plans') ? part('plans').data : []) as Operator['plans'];
  if (rest.inactivity) {
    for (const step of ['notice', 'block', 'erase', 'terminationNotice'] as const) {
      need(process.file, ['inactivity'], known.rules, rest.inactivity[step], 'rule');
    }
  }
  const own = part('operator');
  const { id } = own.data as { id: string };
  if (folder !== `operators/${id}`) throw own.file.fail(['id'], `id: must be the name of the folder, not "${id}"`);
  checkPlugins(own.file, process.file, { ...rest, plans }, known.plugins);
  type RawDocument = Omit<OperatorDocument, 'editions'> & { editions: RawEdition[] };
  return {
    ...(own.data as object),
    ...noSections,
    ...noSpecialRules,
    ...rest,
    documents: (part('documents').data as RawDocument[]).map((document, index) => ({
      id: document.id,
      title: document.title,
      kind: document.kind,
      ...(document.url ? { url: document.url } : {}),
      editions: editionsOf(part('documents').file, index, document.editions),
    })),
    purposes: (
      purposes.data as (Omit<Operator['purposes'][number], 'bases'> & {
        bases: { text: string; cite: RawCite; certainty: Citation['certainty'] }[];
      })[]
    ).map((purpose) => ({
      id: purpose.id,
      title: purpose.title,
      clause: purpose.clause,
      processing: purpose.processing,
      consent: purpose.consent ?? false,
      bases: purpose.bases.map((base) => ({
        text: base.text,
        cite: citation(base.cite, base.certainty),
        ground: known.groundOf(base.cite),
      })),
    })),
    recipients: recipients.data,
    channels: list,
    noticeChannels: notices,
    marketing: marketingOf(process.file, ids),
    amounts: amountsOf(ownFile('amounts')),
    schedules,
    plans,
    rights: rightsOf(ownFile('rights'), known),
    instructions: instructionsOf(
      ownFile('instructions'),
      new Map((recipients.data as Operator['recipients']).map((one) => [one.id, one])),
      known.rules,
    ),
    claims: claimsOf(ownFile('claims'), known.categories),
    requestWays: requestWaysOf(channels.file, known.rules),
    connectors: connectorsOf(ownFile('connectors'), known),
  } as unknown as Operator;
}

interface RawEdition {
  published: string;
  effective?: string;
  note?: string;
}

/** The editions of a document, the earliest first. @throws PolicyError where they stand in another order */
function editionsOf(file: PolicyFile, document: number, editions: readonly RawEdition[]): OperatorDocument['editions'] {
  return editions.map(({ published, effective, note }, index) => {
    const before = editions[index - 1]?.published;
    if (before && before >= published) {
      const path = [document, 'editions', index, 'published'];
      throw file.fail(path, `published: editions must follow one another; ${published} does not come after ${before}`);
    }
    return {
      published: day(published),
      ...(effective ? { effective: day(effective) } : {}),
      ...(note ? { note } : {}),
    };
  });
}

/** Instructions to process; a pack without the file has none. @throws PolicyError for an element the law does not list */
function instructionsOf(
  file: PolicyFile | undefined,
  recipients: Map<string, unknown>,
  rules: Map<string, Rule>,
): Operator['instructions'] {
  if (!file) return [];
  keyed(file, 'id');
  return (file.data as Operator['instructions'][number][]).map((raw, index) => {
    if (raw.recipient) need(file, [index, 'recipient'], recipients, raw.recipient, 'recipient');
    const elements = pointsOf(rules.get('ru.152-fz.instruction'));
    for (const point of raw.elements) need(file, [index, 'elements'], elements, point, 'point');
    const { id, title, clause } = raw;
    return { id, title, recipient: raw.recipient ?? null, clause, elements: raw.elements };
  });
}

/** What the documents say of categories; a pack without the file says nothing. @throws PolicyError for an unknown category */
function claimsOf(file: PolicyFile | undefined, categories: Map<string, unknown>): Operator['claims'] {
  if (!file) return [];
  keyed(file, 'id');
  return (file.data as Operator['claims'][number][]).map((raw, index) => {
    need(file, [index, 'category'], categories, raw.category, 'category');
    const { id, category, claim, clause, apply } = raw;
    return { id, category, claim, clause, against: raw.against ?? null, apply };
  });
}

/** How the documents let people turn to the operator; null where they do not speak of it. */
function requestWaysOf(file: PolicyFile, rules: Map<string, Rule>): Operator['requestWays'] {
  const raw = (file.data as { requests?: NonNullable<Operator['requestWays']> }).requests;
  if (!raw) return null;
  const known = pointsOf(rules.get('ru.152-fz.request.ways'));
  for (const way of raw.ways) need(file, ['requests', 'ways'], known, way, 'way');
  return { ways: raw.ways, clause: raw.clause };
}

/** Every plugin is one we know, and the pack has the sections it cannot work without. */
function checkPlugins(
  file: PolicyFile,
  process: PolicyFile,
  sections: Readonly<Record<string, unknown>> & { plans: Operator['plans'] },
  known: Map<string, unknown>,
): void {
  for (const [index, id] of (file.data as { plugins: string[] }).plugins.entries()) {
    need(file, ['plugins', index], known, id, 'plugin');
    for (const name of (known.get(id) as { needs: string[] }).needs) {
      if (name === 'plans') {
        if (sections.plans.length > 0) continue;
        throw file.fail(['plugins', index], `plugins: "${id}" needs at least one plan in plans.yaml`);
      }
      if (sections[camelWord(name)] !== undefined) continue;
      throw process.fail([], `missing "${name}", which the plugin "${id}" needs (operator.yaml, plugins)`);
    }
  }
}

/** Advertising: what the documents leave out is not promised. @throws PolicyError for a channel that is not there */
function marketingOf(file: PolicyFile, channels: Map<string, unknown>): Operator['marketing'] {
  const raw = (file.data as { marketing?: object }).marketing;
  if (!raw) return null;
  const marketing = camel(raw) as Partial<NonNullable<Operator['marketing']>>;
  for (const [index, id] of (marketing.channels ?? []).entries()) {
    need(file, ['marketing', 'channels', index], channels, id, 'channel');
  }
  return { ownAddressOnly: false, letterHas: [], channels: [], ...marketing } as Operator['marketing'];
}

/** Other systems of the operator; a pack without the file has none. Names of foreign columns stay as they are. */
function connectorsOf(
  file: PolicyFile | undefined,
  known: { categories: Map<string, unknown>; purposes: Map<string, unknown> },
): Record<string, unknown>[] {
  if (!file) return [];
  type RawConnector = { id: string; schedule: string; purposes: string[] } & Record<
    'columns' | 'fields',
    Record<string, string> | undefined
  >;
  keyed(file, 'id');
  return (file.data as RawConnector[]).map((raw, index) => {
    need(file, [index, 'schedule'], known.categories, raw.schedule, 'category');
    for (const purpose of raw.purposes) need(file, [index, 'purposes'], known.purposes, purpose, 'purpose');
    for (const part of ['columns', 'fields'] as const) {
      for (const [field, category] of Object.entries(raw[part] ?? {})) {
        need(file, [index, part, field], known.categories, category, 'category');
      }
    }
    return Object.fromEntries(Object.entries(raw).map(([key, value]) => [camelWord(key), value]));
  });
}
