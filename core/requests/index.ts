/**
 * A person's request from receipt to answer: the clock that runs from the first minute, identity, collection from
 * every store, the package, refusal, extension, erasure, closing. Does not know what a store holds nor how a letter
 * travels; the law says by when and with which points.
 */
export { actionWords } from './actions.ts';
export { fieldWords, valueWords } from './labels.ts';
export { createRequests, type RequestsDeps } from './requests.ts';
export { openStates, type RequestState, requestStates } from './state.ts';
export { requestStores } from './stores.ts';
export type * from './types.ts';
export { channelWords, kindWords, stateWords } from './words.ts';
