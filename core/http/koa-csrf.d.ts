/** The package brings no types. */
declare module 'koa-csrf' {
  import type { Context, Middleware } from 'koa';

  interface Options {
    errorHandler?(context: Context): void;
    excludedMethods?: string[];
    disableQuery?: boolean;
    ignoredPathGlobs?: string[];
  }
  export default function CSRF(options?: Options): Middleware;
}
