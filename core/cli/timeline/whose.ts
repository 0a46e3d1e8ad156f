import type { FactType } from '../../law/index.ts';
import type { Scenario, ScenarioFact } from './scenario.ts';

/** Facts that an account lives through; what else is about an account does not make one. */
export const lifeFacts = [
  ...['account.registered', 'account.active', 'account.noticed', 'account.blocked', 'account.restored'],
  ...['account.deleted', 'account.erased', 'contract.terminated'],
] as const;

export interface Whose {
  /** The person of an account. */
  ofAccount(account: string): string;
  /** The person a fact is about; null when the scenario does not say. */
  of(fact: ScenarioFact): string | null;
}

/**
 * Whose the facts of a scenario are: of the person they name, else of the person whose account or project they are
 * about. Where a scenario has one account alone, everything in it is its holder's.
 */
export function whoseIs({ facts }: Scenario, types: ReadonlyMap<string, FactType>): Whose {
  const accounts = new Map<string, string>();
  for (const { fact, about, subject } of facts) {
    if (!(lifeFacts as readonly string[]).includes(fact)) continue;
    if (!accounts.has(about) || subject) accounts.set(about, subject ?? about);
  }
  const [only] = accounts.size === 1 ? accounts.values() : [];
  const ofAccount = (account: string): string => accounts.get(account) ?? account;
  // A person may be named by the account.
  const named = ({ subject }: ScenarioFact): string | null => (subject === null ? null : ofAccount(subject));
  const projects = new Map<string, string>();
  for (const fact of facts) {
    const owner = types.get(fact.fact)?.about === 'project' ? named(fact) : null;
    if (owner) projects.set(fact.about, owner);
  }
  return {
    ofAccount,
    of(fact) {
      const { about, fields } = fact;
      const project = typeof fields.project === 'string' ? fields.project : about;
      return named(fact) ?? accounts.get(about) ?? projects.get(project) ?? only ?? null;
    },
  };
}
