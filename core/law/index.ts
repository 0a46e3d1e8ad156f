/**
 * The law and the operator's promises as data: loads and checks the packs of `policies/`, merges them, and answers
 * "which value on this day, and because of what". Every number of days and every article number comes from there.
 * Knows no database, no clock and no person: time is an argument, and the same question gets the same answer.
 */
export { inRoubles } from './amount.ts';
export { checkPolicies, type PlacedCase, type PolicyCase, readCases } from './check.ts';
export * from './cite.ts';
export {
  type Coverage,
  type CoverageRow,
  type CoverageStatus,
  coverageStatuses,
  readCoverage,
} from './coverage.ts';
export { goesFrom } from './doubt.ts';
export * from './errors.ts';
export { type PolicyFile, readShaped } from './files.ts';
export { readClauses } from './findings/clauses.ts';
export { lintRules } from './findings/index.ts';
export { mustFill } from './findings/placeholders.ts';
export { loadLaw, loadLaws } from './load.ts';
export { type Permission, type PermissionInputs, permissions } from './may.ts';
export { afterPaidTime } from './may-service.ts';
export { hasGreater, type PaidFor, type PlanChange, type PlanChangeQuery } from './plan-change.ts';
export {
  daysLeft,
  endingNotices,
  type NextPeriod,
  nextPeriod,
  type PaidPeriod,
  type Purchase,
  type PurchaseQuery,
} from './purchase.ts';
export { nearest } from './raw.ts';
export type { LegalReceipt, ReceiptInput } from './receipt.ts';
export { type Named, type Requisites, requisites } from './requisites.ts';
export { always } from './rules.ts';
export { type OptionalSection, sectionOf } from './section.ts';
export { describeValue } from './term.ts';
export {
  countedAnew,
  type Limited,
  noticeKey,
  noticesDue,
  type Threshold,
  type ThresholdInput,
} from './threshold.ts';
export * from './types.ts';
