/**
 * The screens, drawn on the server, and their JSON twins: sign-in, the data protection officer's work, the auditor's
 * journal, the pages of relay users, public documents, the administrator's few. Calls use cases and shows what they
 * answer; decides nothing. Knows no SQL, and plugins only by the pages they offer (`ProjectPages`, `InvoicePages`).
 */
export { type TaskDeps, taskRoutes } from './api-tasks.ts';
export { createConsole } from './console.ts';
export * from './ports.ts';
