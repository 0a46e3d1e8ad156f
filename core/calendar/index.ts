/**
 * Days and terms: the production calendar, working days, and counting by the Civil Code (ст. 190–194 ГК РФ).
 * Pure; the data come from `policies/calendars`. Knows neither which terms there are nor what they are for, and
 * refuses a year it has no calendar for.
 */
export * from './calendar.ts';
export * from './counting.ts';
export * from './days.ts';
