/**
 * The front door: one Koa application with strict headers, sessions, CSRF, limits, the guard that denies by default,
 * problem details for programs and whole pages for people, and the OpenAPI document made from the schemas that check.
 * A route is data (`RouteDefinition`); rooms and plugins hand in lists of them. Knows no use case and no screen, and is
 * the only place that turns a refusal's kind into a status code.
 */
export * from './actor.ts';
export { addressOf } from './address.ts';
export * from './app.ts';
export type { IconName } from './assets.ts';
export { languageOf } from './language.ts';
export type { OpenApiPart } from './openapi.ts';
export * from './ports.ts';
export { problemDetails, statusOf, toProblem } from './problems.ts';
export * from './route.ts';
export { httpImpersonal, sweepVisits } from './sessions.ts';
export type { Frame, NavItem, NavSection, Ui } from './ui.ts';
export { type Dictionary, loadWords, type Words } from './words.ts';
