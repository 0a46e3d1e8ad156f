/**
 * What will follow from given facts: the sums of obligations, accounts, retention and consents, played in memory. Knows
 * no database and no clock; a scenario says what happens and until when.
 */
export type { Entry, Kind } from './entries.ts';
export { openScenario, readScenario, type Scenario, type ScenarioFile, wrongFact } from './scenario.ts';
export { timelineOf } from './timeline.ts';
