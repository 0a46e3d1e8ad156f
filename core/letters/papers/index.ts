/*
 * What stands in each document, in order. A builder takes checked data (days and moments are text by now) and answers
 * a paper; it decides nothing: every legal value came in with the data.
 */
import type { DocumentData, DocumentKind } from '../data.ts';
import type { Paper } from '../pdf.ts';
import { accessAnswer, erasureAnswer, noDataAnswer, requestReceipt } from './answers.ts';
import type { PaperContext } from './context.ts';
import { destructionAct } from './destruction-act.ts';
import { invoice } from './invoice.ts';
import { logAccessReport } from './log-access-report.ts';

export const papers: { [K in DocumentKind]: (data: DocumentData[K], context: PaperContext) => Paper } = {
  'request-receipt': requestReceipt,
  'access-answer': accessAnswer,
  'no-data-answer': noDataAnswer,
  'erasure-answer': erasureAnswer,
  'destruction-act': destructionAct,
  'log-access-report': logAccessReport,
  invoice,
};
