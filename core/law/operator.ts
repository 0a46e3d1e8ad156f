import { PolicyError } from './errors.ts';
import type { PolicyFile } from './files.ts';
import { camel, camelWord, citation, day, keyed, need, type RawCite } from './raw.ts';
import type { Citation, Operator, OperatorDocument, Schedule } from './types.ts';

export function operatorOf(
  ownFile: (name: string) => PolicyFile | undefined,
  schedules: Schedule[],
  known: { categories: Map<string, unknown>; rules: Map<string, unknown>; purposes: Map<string, unknown> },
  folder: string,
): Operator {
  const part = (name: string) => {
    const file = ownFile(name);
    if (!file) throw new PolicyError(`policies/${folder}/${name}.yaml`, 1, 'this file is missing');
    return { file, data: camel(file.data) as never };
  };
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
  const { channels: list, notices } = channels.data as {
    channels: Operator['channels'];
    notices: Operator['noticeChannels'];
  };
  const ids = new Map(list.map((one) => [one.id, one]));
  for (const use of ['documents', 'limits'] as const) {
    for (const id of notices[use]) need(channels.file, ['notices', use], ids, id, 'channel');
  }
  const rest = process.data as Pick<
    Operator,
    'limits' | 'logAccess' | 'recovery' | 'inactivity' | 'security' | 'paidPeriodNotices'
  >;
  for (const step of ['notice', 'block', 'erase', 'terminationNotice'] as const) {
    need(process.file, ['inactivity'], known.rules, rest.inactivity[step], 'rule');
  }
  type RawDocument = Omit<OperatorDocument, 'editions'> & {
    editions: { published: string; effective?: string; note?: string }[];
  };
  return {
    ...(part('operator').data as object),
    ...rest,
    documents: (part('documents').data as RawDocument[]).map((document) => ({
      id: document.id,
      title: document.title,
      kind: document.kind,
      ...(document.url ? { url: document.url } : {}),
      editions: document.editions.map((edition) => ({
        published: day(edition.published),
        ...(edition.effective ? { effective: day(edition.effective) } : {}),
        ...(edition.note ? { note: edition.note } : {}),
      })),
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
      bases: purpose.bases.map((base) => ({ text: base.text, cite: citation(base.cite, base.certainty) })),
    })),
    recipients: recipients.data,
    channels: list,
    noticeChannels: notices,
    schedules,
    plans: part('plans').data,
    connectors: connectorsOf(ownFile('connectors'), known),
  } as unknown as Operator;
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
