import type { Temporal } from '../base/index.ts';
import type { Calendar, Period } from '../calendar/index.ts';
import type { PolicyError } from './errors.ts';
import type { Permission, PermissionInputs } from './may.ts';
import type { PlanChange, PlanChangeQuery } from './plan-change.ts';
import type { Purchase, PurchaseQuery } from './purchase.ts';
import type { LegalReceipt, ReceiptInput } from './receipt.ts';
import type { Threshold, ThresholdInput } from './threshold.ts';

type Day = Temporal.PlainDate;
type Instant = Temporal.Instant;

/** How sure a value is: A two sources or the act quoted, B one source, C well known but not compared, D not sure. */
export type Certainty = 'A' | 'B' | 'C' | 'D';

/** Where a value comes from: an act with number and date, or a clause of the operator's own documents. */
export interface Citation {
  act: string;
  article?: string;
  part?: string;
  point?: string;
  text?: string; // a by-law or edition to name beside it
  clause?: string; // «Оферта 3.5.3, 5.1.4»
  certainty: Certainty;
}

export type RuleKind = 'deadline' | 'retention' | 'notice' | 'right' | 'limit' | 'process';
export type Direction = 'at-least' | 'at-most';

/**
 * How a term is counted, a closed list: `civil` (ГК 191–192), `full-days` and `full-working-days` (that many whole
 * days lie between), `calendar-months` (whole months after the month of the event), `after-year-end` (from the end of
 * the calendar year), `day-of-next-month` (the given day of the next month).
 */
export type Counting =
  | 'civil'
  | 'full-days'
  | 'full-working-days'
  | 'calendar-months'
  | 'after-year-end'
  | 'day-of-next-month';

/** One item of a list that the law prescribes: a point of an answer, a field of an act, a ground, a part with a fine. */
export interface LawItem {
  point: string;
  title: string;
  certainty?: Certainty; // where it is not that of the whole list
  fine?: { legal: FineRange; officials: FineRange };
  leak?: Leak; // what makes an incident fall under this part
  repeats?: readonly string[]; // the parts whose repetition this part punishes
  protection?: ProtectionRow;
}

/** What a fine may be, in kopecks; with `percent` it is that share of a year's revenue, inside these bounds. */
export interface FineRange {
  kopecks: readonly [min: number, max: number];
  percent?: readonly [min: number, max: number];
}

/** A span of whole numbers: `from` and `to` belong to it, `over` does not. */
export interface Span {
  from?: number;
  over?: number;
  to?: number;
}

/** An incident reaches a part by the number of people or of identifiers, or by the kind of data whatever the number. */
export interface Leak {
  subjects?: Span;
  identifiers?: Span;
  data?: 'special' | 'biometric';
}

export type DataKind = 'special' | 'biometric' | 'public' | 'other';

/** A row of the table of protection levels: for such threats and data the level is this one. */
export interface ProtectionRow {
  level: number; // 1 is the strictest
  threats: number; // the type of threats, 1 to 3
  data: readonly DataKind[];
  outsiders?: Span; // subjects who are not the operator's employees
}

/** A value with the day from which it holds; it holds until the next one. Never overwritten. */
export interface DatedValue {
  from: Day;
  until: Day | null; // the last day the act itself sets, inclusive
  period: Period | null; // null: the value is `day` or `items`
  day: number | null; // for `day-of-next-month`
  extension: Period | null;
  items: readonly LawItem[] | null;
  governs: 'new' | 'open'; // `open` also reaches periods that still run on `from`
  cite: Citation;
  transition: Certainty | null; // how sure it is that running periods are reached
  reviewBy: Day | null;
}

export interface Rule {
  id: string;
  title: string;
  layer: 'law' | 'operator';
  role: 'bound' | 'promise' | 'schedule';
  kind: RuleKind;
  direction: Direction;
  duties: readonly string[];
  category: string | null;
  starts: readonly string[];
  after: string | null; // counts from the end of another rule's period
  counting: Counting;
  opensOn: 'next-day' | 'last-day'; // for permissions: is the last day itself already open?
  customer: 'business' | 'consumer' | null;
  oriStatus: readonly string[] | null; // applies only under these statuses of the operator
  values: readonly DatedValue[];
  implements: readonly string[]; // names of the rule inventory
  note: string | null;
  restates: readonly string[]; // a promise that only repeats rules of law: it gives way where they were extended
  successor: string | null; // the finding that asks for the next act once this one has ended
  file: string;
  line: number;
}

/** One rule's part in an answer. */
export interface LawStep {
  rule: string;
  value: string; // in Russian
  cite: Citation;
  on?: Day; // the last day (or first day, for permissions) it leads to
  why?: string; // why it lost
}

export interface Because {
  winner: LawStep;
  losers: LawStep[];
  citations: Citation[];
  digest: string; // of the merged packs
  note?: string;
}

export interface DueQuery {
  from: Instant | Day; // a day means its noon
  /** true: the notice of extension was sent in time; a day or an instant: when it was sent (too late has no effect) */
  extended?: boolean | Instant | Day;
  customer?: 'business' | 'consumer'; // unknown: the earlier date
  asOf?: Day; // only values in force by then
}

export interface Due {
  duty: string;
  dueOn: Day | null; // the last day; null for hours and for pure permissions
  lateFrom: Instant | null; // the first instant that is too late
  outerOn: Day | null; // the ГК 193 reading where it differs; null also where it needs a missing calendar (see note)
  mayFrom: Day | null; // the first day on which the step may be taken
  because: Because;
  skipped: { day: Day; why: string }[];
}

/** A legal hold; both days belong to it. */
export interface HoldDays {
  from: Day;
  until: Day;
}

export interface KeepQuery {
  from: Instant | Day;
  hold?: readonly HoldDays[];
  /** The person's profile goes on this day: terms that the operator chose only until then end with it. */
  erasedOn?: Day;
  asOf?: Day;
}

/**
 * How long a record is kept. `destroyFrom` is the day after `keepUntil`; where nothing asks to keep it beyond the event
 * itself (a term of no length and no floor), the day of the event, or of the erasure that ended the term.
 */
export interface Keep {
  category: string;
  keepUntil: Day; // inclusive, to 24:00
  destroyFrom: Day;
  destroyBy: Day; // inclusive
  outerOn: Day | null; // reported, never applied
  because: Because;
  destroyBecause: Because; // where `destroyBy` comes from
  heldBy: HoldDays[]; // the holds that moved the term
  /** What a person has to decide before the record is destroyed; see `goesFrom`. */
  doubt: Doubt | null;
}

/** `destroyFrom` rests on a value of certainty D. A doubtful last day, `destroyBy`, is no reason to keep a record. */
export interface Doubt {
  finding: string; // under this name `settles.yaml` has the decision
  decidedOn: Day | null; // may lie ahead; null: nobody has decided
}

export interface Effective {
  effectiveOn: Day; // the earliest day of effect
  because: Because;
}

/** What is known about a leak of personal data. */
export interface Incident {
  subjects: number; // people whose data got out
  identifiers: number; // designations that point at a person: an address, a telephone number, an account
  special?: boolean; // special categories are among the data
  biometric?: boolean;
  repeat?: boolean; // the operator was punished for a leak before, and the punishment has not lapsed
}

/** The part of the administrative code that an incident falls under. */
export interface IncidentClass {
  part: string;
  title: string;
  fine: { legal: FineRange; officials: FineRange };
  because: Because;
}

/** A system with personal data, as its protection level sees it. */
export interface ProtectedSystem {
  threats: 1 | 2 | 3; // the type of threats that matter
  data: readonly DataKind[];
  outsiders: number; // subjects who are not the operator's employees
}

export interface ProtectionLevel {
  level: number; // 1 is the strictest
  because: Because;
}

export type Severity = 'error' | 'warning' | 'info';

export interface Finding {
  id: string;
  inventory: string[];
  severity: Severity;
  rule: string;
  clauses: string[];
  apply: string; // what the engine does meanwhile
  why: string;
  settled: boolean;
  settle: string; // how to settle it, or who did, when and why
}

/** What the linter cannot read from a pack alone; what is left out is not looked at. */
export interface LintKnown {
  /** The places with data about people: the category by whose term each destroys, and those of its columns. */
  stores?: readonly { schedule: string; columns: Readonly<Record<string, string>> }[];
  /** Clauses that a document has, by the word it is cited with: «Оферта» → 3.5.3, 8.2.1(б) … */
  clauses?: ReadonlyMap<string, ReadonlySet<string>>;
}

export interface FactField {
  type: 'text' | 'id' | 'number' | 'day' | 'instant' | 'flag';
  required: boolean;
  values?: readonly string[];
  title?: string; // staff are asked for it under this name; without one they are not
  titles?: Readonly<Record<string, string>>; // of the values
}

/** How a person of the staff reports a fact that the service cannot know. */
export interface Reported {
  by: readonly string[]; // whose role it is
  begins: string | null; // a new event begins with it: the first letters of its id
  after: readonly string[]; // facts one of which the event must have had; empty: it only begins one
  person: 'optional' | 'required' | null; // may, or must, it be said whose event it is?
}

export interface FactType {
  fact: string;
  title: string;
  about: string; // what kind of thing it is about: account, request, message …
  fields: Readonly<Record<string, FactField>>;
  reported: Reported | null; // null: a room or a plugin knows it and tells it
}

export interface Category {
  id: string;
  title: string;
  personal: boolean; // is about people
  special?: boolean;
}

/** A duty or a permission; the rules that bound it name it. */
export interface DutyType {
  id: string;
  title: string;
  kind: 'act' | 'permission';
  opens: readonly { fact: string; when?: Readonly<Record<string, string | readonly string[]>> }[];
  discharged: readonly string[];
  asked?: string; // no fact opens it: who asks for its term, and when
  list?: string; // the rule whose list says what is to be told or done
}

/** A purpose of the closed vocabulary; `consent`: the rule of law that allows it only by prior consent. */
export interface PurposeType {
  id: string;
  title: string;
  consent?: string;
}

export interface SummarySection {
  heading: string;
  items: { text: string; clause: string }[];
}

export interface OperatorDocument {
  id: string;
  title: string;
  kind: 'contract' | 'policy' | 'consent' | 'price' | 'annex';
  url?: string;
  editions: readonly { published: Day; effective?: Day; note?: string }[];
}

/** A ground of processing that decides what becomes of a request: see `policies/taxonomy/grounds.yaml`. */
export type Ground = 'consent' | 'contract' | 'law' | 'interest';

export interface Purpose {
  id: string;
  title: string;
  clause: string;
  bases: readonly Basis[];
  processing: readonly string[]; // categories
  consent: boolean;
}

/** What a purpose rests on, as the documents say. */
export interface Basis {
  text: string;
  cite: Citation;
  ground: Ground | null;
}

/** The bases of a purpose as the law of a day sees them: `by` is what took one away, `how` the same in a few words. */
export interface PurposeGrounds {
  standing: Basis[];
  repealed: { basis: Basis; by: Citation; how: string }[];
}

export interface Recipient {
  id: string;
  name: string;
  address?: string;
  country: string;
  role: 'processor' | 'recipient' | 'authority';
  purpose: string;
  what: string;
  clause: string;
  disclosed: boolean; // named in the operator's published policy
  term?: 'external'; // kept as long as the recipient's own rules say
  termClause?: string; // where the documents say so
}

/** What the documents say about a category that is not so. */
export interface Claim {
  id: string;
  category: string;
  claim: 'depersonalised';
  clause: string;
  against: string | null; // the clause of the documents that says otherwise
  apply: string; // what the engine does with the category
}

/** An instruction to process data (поручение), and what its terms have of the law's list. */
export interface Instruction {
  id: string;
  title: string;
  recipient: string | null; // the recipient that processes; null: the operator itself, for somebody else
  clause: string;
  elements: readonly string[]; // points of the law's list that the terms name
}

export interface NoticeChannel {
  id: string;
  title: string;
  to: readonly ('user' | 'operator')[];
  /**
   * When a message counts as received: `delivered` on the carrier's or the device's report, `spoken` once the person has
   * taken the call, `handed` into the hands, `arrived` when it reached the addressee by whatever way; `none`: no legal
   * message goes this way.
   */
  receipt:
    | 'sent-unless-bounced'
    | 'placed'
    | 'published'
    | 'post'
    | 'delivered'
    | 'spoken'
    | 'handed'
    | 'arrived'
    | 'none';
  uncollectedDays?: number; // post: the day of arrival plus this many
  clause: string;
  own?: boolean; // the documents name the channel and no rule of receipt: a default of the pack
}

export interface Schedule {
  id: string;
  title: string;
  category: string;
  system: string; // title of the ИСПДн
  starts: readonly string[];
  keep: Period;
  onErasure: 'goes' | 'stays'; // when the person's profile is erased before the term has ended
  clause: string;
  own: boolean; // the operator's documents are silent: the value is a default of the pack for the owner to decide
}

export interface TariffPlan {
  id: string;
  title: string;
  priceKopecks: number; // per month
  activeProjects: number | null;
  limits: { messagesPerDay: number; connections: number; payloadBytes: number; messagesPerSecond?: number };
  periods: readonly number[]; // months
  source: 'demonstration' | 'document';
  clause?: string;
}

/** A right of the data subject: with `cite` where the law gives it, with `list` where the law says what belongs to it. */
export interface RightType {
  id: string;
  title: string;
  cite: Citation | null; // null: only an operator's promise can give it
  list: string | null; // the rule whose items the law names, e.g. the points of an answer
}

/** A right as the operator's documents name it. */
export interface Right {
  id: string; // of a RightType
  title: string;
  clause: string;
  duty: string | null; // the duty that a request for it opens
  points: readonly string[] | null; // the points of the law's list that the document names; null: no list is given
  source: 'law' | 'promise';
  own: boolean; // the documents are silent, the right is honoured because the law gives it
}

/** How a sum of money is found, a closed list; see core/law/amount.ts. */
export type AmountFormula =
  | 'per-day-percent'
  | 'lesser-of-share-and-sum'
  | 'unused-days'
  | 'all-if-whole-period'
  | 'paid-minus-expenses'
  | 'difference-for-unused-days'
  | 'nothing';

/** A money rule of the operator's documents. */
export interface AmountRule {
  id: string;
  title: string;
  formula: AmountFormula;
  percent: number | null;
  kopecks: number | null;
  months: number | null;
  customer: 'business' | 'consumer' | null;
  onlyIf: 'deferred' | null; // only where payment was deferred
  specialTo: readonly string[]; // general money rules that it takes the place of
  /** What the law says instead; an unknown customer may be a consumer. */
  exceptions: readonly {
    when: 'consumer' | 'intent' | 'moral-harm';
    answer: 'human' | 'no-limit';
    why: string;
    cite: Citation;
  }[];
  clause: string;
  own: boolean; // the documents name no sum: the rule is a choice of the owner
  note: string | null;
  implements: readonly string[];
}

/** What a sum is found from. Sums are whole kopecks; which fields are needed, the formula says. */
export interface AmountInput {
  customer?: 'business' | 'consumer'; // unknown: what protects a consumer
  breach?: 'intent' | 'moral-harm'; // what the liability is for
  paid?: number;
  price?: number; // of another plan for the whole period
  owed?: number;
  expenses?: number;
  payments?: readonly { on: Day; kopecks: number }[];
  on?: Day; // the day for which `payments` are summed up
  from?: Day; // the day a paid period is counted from: its first day is the next one
  until?: Day; // the last day of the period
  endedOn?: Day; // the last day that was used
  changedOn?: Day; // the last day that was used under the plan before
  dueOn?: Day; // the last day to pay
  paidOn?: Day;
  downDays?: number; // days of the period without access
  proven?: boolean; // by the operator's monitoring
  deferred?: boolean; // payment was deferred
}

/** What a money rule comes to. */
export interface Amount {
  rule: string;
  kopecks: number | null; // null unless `decision` is `sum`
  decision: 'sum' | 'human' | 'no-limit';
  because: Because;
}

/**
 * The operator's pack: who it is, what it promised, what it chose, each with its clause. Numbers and addresses that the
 * documents leave out are absent, never invented: see `requisites`.
 */
export interface Operator {
  id: string;
  name: string;
  shortName: string;
  inn?: string;
  ogrn?: string;
  address?: string;
  email?: string;
  phone?: string;
  postal?: string;
  site: string;
  dpo: { name?: string; post: string; email?: string };
  rknNumber?: string;
  oriStatus: 'registered' | 'notified' | 'declared' | 'disputed' | 'no';
  region: string;
  destructionTool: 'certified' | 'not-certified';
  documents: readonly OperatorDocument[];
  purposes: readonly Purpose[];
  recipients: readonly Recipient[];
  channels: readonly NoticeChannel[];
  instructions: readonly Instruction[];
  claims: readonly Claim[];
  /** The ways in which people may turn to the operator as its documents name them, by the points of the law's list. */
  requestWays: { ways: readonly string[]; clause: string } | null;
  noticeChannels: { documents: readonly string[]; limits: readonly string[]; clause: string };
  schedules: readonly Schedule[];
  plans: readonly TariffPlan[];
  /** The plugins that run for this operator; the sections below which they need are there. */
  plugins: readonly string[];
  limits: {
    warnAt: readonly number[]; // percent
    clause: string;
    overClause: string;
    connectionsClause: string;
    freeProjectsClause: string;
    dayZone: string;
  } | null;
  logAccess: {
    purposes: readonly { id: string; title: string; clause: string }[];
    forbidden: readonly { id: string; title: string; clause: string }[];
    needClause: string;
    grantHours: number;
  } | null;
  recovery: { minutes: number } | null;
  /** null: accounts of this operator live until somebody ends them. */
  inactivity: { notice: string; block: string; erase: string; terminationNotice: string; clause: string } | null;
  security: {
    sessionHours: number;
    lockout: { attempts: number; minutes: number };
    inviteHours: number;
    passwordLength: number;
  };
  measures: readonly string[];
  rights: readonly Right[];
  rightsHowTo: readonly string[];
  complaint: string;
  crossBorder: { planned: boolean; text: string; clause: string };
  amounts: readonly AmountRule[];
  age: { minimum: number; clause: string } | null;
  specialCategories: { allowedBy: readonly ('law' | 'contract')[]; clause: string } | null;
  marketing: {
    audience: 'anyone' | 'clients';
    ownAddressOnly: boolean;
    letterHas: readonly ('reason' | 'opt-out')[];
    optOut: readonly ('link' | 'email' | 'settings' | 'support')[];
    channels: readonly string[]; // ids of notice channels
    clause: string;
  } | null;
  /** Contacts of other people that a user has entered: each is confirmed, each can be stopped. */
  userContacts: { confirmation: boolean; stop: boolean; clause: string } | null;
  orders: { manualCheck: true; clause: string } | null;
  correspondence: { disclosure: 'written-consent'; clause: string } | null;
  notCollected: readonly { what: string; why: string; clause: string }[];
  paidPeriodNotices: readonly number[] | null; // days before the end
  /** Places outside this system that hold data about people; the room `connectors` makes stores of them. */
  connectors: readonly Readonly<Record<string, unknown>>[];
}

/** The law and the operator's pack as one: asks of days, answers with days and why. Pure once it is loaded. */
export interface Law {
  readonly digest: string;
  readonly calendar: Calendar;
  readonly zone: string;
  readonly operator: Operator;
  /** @throws Refusal `law.unknown-rule` */
  rule(id: string): Rule;
  rules(): readonly Rule[];
  /** The value in force on a day. @throws Refusal `law.unknown-rule`, `law.no-value` */
  value(id: string, on: Day): DatedValue;
  /** @throws Refusal `law.unknown-duty` (with `near`), `law.no-value`, `calendar.missing` */
  due(duty: string, query: DueQuery): Due;
  /** @throws Refusal `law.unknown-category` (with `near`), `law.no-schedule`, `law.no-value` */
  keep(category: string, query: KeepQuery): Keep;
  effective(kind: 'document' | 'price', published: Day): Effective;
  /** A money rule of the operator's documents. @throws Refusal `law.unknown-amount`, `law.amount-input`, `law.amount-not-for` */
  amount(rule: string, input: AmountInput): Amount;
  /** What a payment buys. @throws Refusal `law.unknown-plan`, `law.no-such-period` */
  purchase(query: PurchaseQuery): Purchase;
  /**
   * What another plan costs within time that is paid for.
   * @throws Refusal `law.unknown-plan`, `law.no-plan-change`, `law.free-plan`, `law.no-paid-period`, `law.plan-not-more`,
   *   `law.nothing-to-pay`
   */
  planChange(query: PlanChangeQuery): PlanChange;
  /** What a use of a plan's limit leads to. @throws Refusal `law.no-section`, `law.threshold-input` */
  threshold(input: ThresholdInput): Threshold;
  /** When a legal message counts as received. */
  receipt(channel: string, input: ReceiptInput): LegalReceipt;
  /** May this be done? @throws Refusal `law.unknown-permission`, `law.permission-input`, `law.no-section` */
  may<What extends keyof PermissionInputs>(what: What, input: PermissionInputs[What]): Permission;
  /**
   * The duties a fact opens, of those that some rule bounds; with its fields only those whose conditions they meet, and
   * that are bounded for the customer they name.
   */
  duties(fact: string, fields?: Readonly<Record<string, unknown>>): string[];
  dutyTypes(): readonly DutyType[];
  /** @throws Refusal `law.unknown-duty` */
  dutyType(id: string): DutyType;
  /** The facts that discharge a duty. */
  dischargedBy(duty: string): string[];
  /** Contradictions, gaps and doubtful values as of a day; `known` lets more of them be seen. */
  lint(today: Day, known?: LintKnown): Finding[];
  facts(): readonly FactType[];
  categories(): readonly Category[];
  /** @throws Refusal `law.unknown-category` */
  category(id: string): Category;
  /** What the bases of a purpose are worth on a day. */
  grounds(purpose: Purpose, on: Day): PurposeGrounds;
  /** Points of the answer to a request for access (152-ФЗ ст. 14 ч. 7) on a day. */
  answerPoints(on: Day): readonly LawItem[];
  /** Fields of the destruction act and of the journal extract on a day, and what they rest on. */
  actFields(on: Day): { fields: readonly LawItem[]; cite: Citation; note?: string };
  extractFields(on: Day): { fields: readonly LawItem[]; cite: Citation; note?: string };
  /** Grounds on which access may be limited (152-ФЗ ст. 14 ч. 8). */
  refusalGrounds(on: Day): readonly (LawItem & { cite: Citation })[];
  /**
   * The part of КоАП that a leak of data falls under on a day; null under every threshold and before such parts were.
   * Of several parts the one with the heaviest fine.
   */
  incidentClass(incident: Incident, on: Day): IncidentClass | null;
  /** The protection level that a system needs. @throws Refusal `law.no-value` */
  protectionLevel(system: ProtectedSystem, on: Day): ProtectionLevel;
  /** The rules the engine really applies, in Russian, made from the data. */
  summary(document: string, on: Day): SummarySection[];
  /** The ends of the values known to the packs: every day on which an answer may change, sorted. */
  boundaries(): Day[];
}

export interface LoadOptions {
  root: URL | string; // the folder `policies/`
  operator: string;
}

/** What a check of the packs found. `cases` counts the YAML cases that ran; no problems means green. */
export interface CheckReport {
  files: number;
  cases: number;
  problems: PolicyError[];
}
