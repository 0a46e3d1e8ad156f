/**
 * The queue behind `enqueue(trx, job, data)`, and the waking of sweeps: pg-boss runs, node-cron wakes, sources say when
 * their next work falls due. Carries triggers only: a job holds ids, never a date of the domain and never personal
 * data, and finds its work by predicate. Knows no job by name.
 */
export * from './jobs.ts';
