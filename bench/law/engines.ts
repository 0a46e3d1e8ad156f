import cedar from '@cedar-policy/cedar-wasm/nodejs';
import { Engine } from 'json-rules-engine';
import type { Law } from '../../core/law/index.ts';
import type { Clause, Question, Subject } from './questions.ts';

/** Something that decides which rules apply to a record today. */
export interface Decider {
  name: string;
  /** Makes ready all that can be made ready before the question is timed. */
  prepare(question: Question): () => unknown;
  /** The rules that apply, sorted, read from an answer. */
  rulesOf(answer: unknown): string[];
}

/** The law itself: besides the rules it says who wins, the days, why the others lose, and every citation. */
export function srok(laws: ReadonlyMap<string, Law>): Decider {
  return {
    name: 'srok',
    prepare({ subject: { operator, kind, about }, day, customer }) {
      const law = laws.get(operator) as Law;
      if (kind === 'keep') return () => law.keep(about, { from: day });
      const query = customer === 'unknown' ? { from: day } : { from: day, customer };
      return () => law.due(about, query);
    },
    rulesOf(answer) {
      const { because } = answer as ReturnType<Law['due']>;
      return sorted([because.winner, ...because.losers].map(({ rule }) => rule));
    },
  };
}

/** json-rules-engine, with an engine of its own for each subject, so that it looks at no rule in vain. */
export function jsonRules(subjects: readonly Subject[]): Decider {
  const engines = new Map(subjects.map((subject) => [subject.id, engineOf(subject.clauses)]));
  return {
    name: 'json-rules-engine',
    prepare({ subject, number, customer }) {
      const engine = engines.get(subject.id) as Engine;
      return () => engine.run({ day: number, customer });
    },
    rulesOf: (answer) => sorted((answer as { events: { type: string }[] }).events.map(({ type }) => type)),
  };
}

function engineOf(clauses: readonly Clause[]): Engine {
  const engine = new Engine();
  for (const { rule, from, before, customer, says } of clauses) {
    engine.addRule({
      conditions: {
        all: [
          { fact: 'day', operator: 'greaterThanInclusive', value: from },
          { fact: 'day', operator: 'lessThan', value: before },
          ...(customer === 'unknown' ? [] : [{ fact: 'customer', operator: 'in', value: [customer, 'unknown'] }]),
        ],
      },
      event: { type: rule, params: { says } },
    });
  }
  return engine;
}

/** Cedar, with the policies of each subject parsed beforehand and kept inside it. */
export function cedarPolicies(subjects: readonly Subject[]): Decider {
  for (const subject of subjects) {
    const answer = cedar.preparsePolicySet(subject.id, { staticPolicies: policiesOf(subject) });
    if (answer.type === 'failure') throw new Error(JSON.stringify(answer.errors));
  }
  return {
    name: 'cedar-wasm',
    prepare({ subject, number, customer }) {
      const call = {
        principal: { type: 'Operator', id: 'this' },
        action: { type: 'Action', id: 'apply' },
        resource: { type: 'Record', id: 'this' },
        context: { day: number, customer },
        preparsedPolicySetId: subject.id,
        validateRequest: false,
        entities: [],
      };
      return () => cedar.statefulIsAuthorized(call);
    },
    rulesOf(answer) {
      const found = answer as ReturnType<typeof cedar.statefulIsAuthorized>;
      if (found.type === 'failure') throw new Error(JSON.stringify(found.errors));
      return sorted(found.response.diagnostics.reason.map((id) => id.split('@')[0] as string));
    },
  };
}

function policiesOf({ clauses }: Subject): Record<string, string> {
  return Object.fromEntries(
    clauses.map(({ rule, from, before, customer, says }) => {
      const who = customer === 'unknown' ? '' : ` && ["${customer}", "unknown"].contains(context.customer)`;
      const when = `context.day >= ${from} && context.day < ${before}${who}`;
      const text = `@says(${JSON.stringify(says)})\npermit (principal, action, resource) when { ${when} };`;
      return [`${rule}@${from}`, text];
    }),
  );
}

const sorted = (rules: string[]) => [...new Set(rules)].sort();
