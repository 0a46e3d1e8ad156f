import { accountApi, accountPages } from './accounts.ts';
import { adminRoutes } from './admin.ts';
import { apiRoutes } from './api.ts';
import { contestedApi } from './api-contested.ts';
import { eventApi } from './api-events.ts';
import { auditRoutes } from './audit.ts';
import { authRoutes } from './auth.ts';
import { dpoRoutes } from './dpo.ts';
import { eventPages } from './events.ts';
import { logRoutes } from './logs.ts';
import { menuOf } from './menu.ts';
import { myRoutes } from './my.ts';
import type { ConsoleDeps } from './ports.ts';
import { projectBlockPages } from './project-block.ts';
import { publicRoutes } from './public.ts';
import { share } from './shared.ts';
import { taskPages } from './tasks.ts';

/** Hangs every screen and its JSON twin on the front door, and builds the side menu. */
export function createConsole(deps: ConsoleDeps): void {
  const shared = share(deps);
  const routes = [
    ...publicRoutes(shared),
    ...authRoutes(shared),
    ...dpoRoutes(shared),
    ...eventPages(shared),
    ...taskPages(shared),
    ...(deps.projects ? logRoutes(shared, deps.projects.logs) : []),
    ...auditRoutes(shared),
    ...myRoutes(shared),
    ...adminRoutes(shared),
    ...accountPages(shared),
    ...(deps.projects ? projectBlockPages(shared, deps.projects) : []),
    ...apiRoutes(deps),
    ...accountApi(deps),
    ...contestedApi(deps),
    ...eventApi(deps),
  ];
  for (const definition of routes) deps.http.route(definition);
  deps.http.menu(menuOf(shared));
}
