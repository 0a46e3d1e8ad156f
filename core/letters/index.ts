/**
 * Letters and documents: template and data in, text, HTML and PDF out; the outbox with its bookkeeping of what was
 * sent, received or came back; documents with their numbers. Texts and addresses are sealed and have a schedule. Knows
 * neither how mail travels (a plugin carries it) nor why a letter is written.
 */
export type * from './data.ts';
export { createLetters } from './letters.ts';
export { createStores as letterStores, type LetterStore, letterImpersonal } from './stores.ts';
export type * from './types.ts';
export { printDay } from './words.ts';
