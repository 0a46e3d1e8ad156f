import { createHmac, hash, randomBytes } from 'node:crypto';
import { type Engine, newId, Refusal, sectionOf, type Temporal, type Trx } from '../../core/index.ts';
import { keyOf, makeSecret as makeKeySecret, makeTag } from './pusher/keys.ts';
import { keyHours } from './repeats.ts';
import { checkSettings, firstSettings, settingsOf } from './settings.ts';
import { move, withGround, withoutGround } from './state.ts';
import { groundsOf } from './stopped.ts';
import {
  announce,
  countActive,
  countBlocked,
  endTokens,
  insertProject,
  insertToken,
  lockProject,
  lockProjectsOf,
  type ProjectRow,
  projectById,
  projectMadeWith,
  projectOf,
  projectsOf,
  type TokenRow,
  tokenOf,
  tokensOf,
  updateProject,
} from './store.ts';
import { makeSecret } from './tokens.ts';
import type {
  CreateProject,
  Ground,
  IssuedPusherKey,
  IssuedToken,
  Project,
  PusherKeyInfo,
  Right,
  Settings,
  TokenInfo,
} from './types.ts';

const allRights: Right[] = ['publish', 'subscribe', 'read'];
const pusherKeysPerProject = 50;
// The first token is made of it: it must be too long to be tried out.
const shortestKey = 32;
const longestKey = 255;

/** A plan of the operator's pack. @throws Refusal `project.unknown-plan` */
export function planOf(engine: Engine, id: string) {
  const plan = engine.law.operator.plans.find((one) => one.id === id);
  if (plan) return plan;
  throw new Refusal('project.unknown-plan', 'invalid', {
    field: 'plan',
    message: `There is no plan "${id}"; one of ${engine.law.operator.plans.map((one) => one.id).join(', ')}.`,
  });
}

/** Projects and their tokens: made, activated, suspended, ended. */
export function createProjects(engine: Engine, { changed }: { changed(project: string): void }) {
  const { clock, db, law, vault } = engine;
  const { freeProjectsClause } = sectionOf(law.operator, 'limits');
  const url = engine.config.publicUrl;

  async function issue(
    trx: Trx,
    project: string,
    { id: given, name, rights }: { id?: string; name?: string; rights?: Right[] } = {},
    secret?: string,
  ): Promise<IssuedToken> {
    const at = clock.now();
    const id = given === undefined ? newId('tok', at) : checkTokenId(given);
    const { token, ...made } = makeSecret(id, secret);
    const row: TokenRow = {
      ...{ id, project_id: project, kind: 'token', name: name ?? 'Токен', secret: null, tag: null, ...made },
      ...{ rights: rights ?? allRights, created_at: at, expires_at: null, revoked_at: null, last_used_on: null },
    };
    await keep(trx, row);
    return { ...tokenOf(row), token };
  }

  /** What was made is kept once, however often its form is sent. @throws Refusal `token.shown-already` */
  async function keep(trx: Trx, row: TokenRow): Promise<void> {
    await insertToken(trx, row).catch((error) => {
      throw (error as { code?: string }).code === '23505' ? shownAlready() : error;
    });
    const body = { token: row.id, ...(row.kind === 'pusher' ? { kind: row.kind } : {}) };
    await engine.journal.append(trx, { action: 'token.issued', about: row.project_id, body });
  }

  /** Told to every node at the commit, and to this one without a detour. */
  async function tell(trx: Trx, project: string): Promise<void> {
    await announce(trx, project);
    trx.executionPromise.then(
      () => changed(project),
      () => {},
    );
  }

  async function report(
    trx: Trx,
    name: string,
    row: ProjectRow,
    at: Temporal.Instant,
    fields?: Record<string, unknown>,
  ) {
    await engine.report(trx, { name, about: row.id, at, subject: row.subject_id, ...(fields ? { fields } : {}) });
  }

  /** Writes the state and grounds a project has from now on; reports what that means. */
  async function settle(trx: Trx, row: ProjectRow, grounds: Ground[], ground?: Ground): Promise<Project> {
    const at = clock.now();
    const ready = row.activated_at !== null;
    const state = move(row.state, grounds.length > 0 ? 'suspended' : ready ? 'active' : 'waiting');
    if (state === row.state && grounds.length === row.grounds.length) return projectOf(row, url);
    const blockGround = grounds.includes('violation') ? row.block_ground : null;
    await updateProject(trx, row.id, { state, grounds, block_ground: blockGround });
    const next = { ...row, grounds, state, block_ground: blockGround };
    if (state === 'suspended' && ground) await report(trx, 'project.suspended', next, at, factGround(ground));
    if (state === 'active') await report(trx, 'project.activated', next, at, { plan: row.plan });
    await engine.journal.append(trx, { action: `project.${state}`, about: row.id, body: { grounds } });
    await tell(trx, row.id);
    return projectOf(next, url);
  }

  /** What was answered to the form or call that made this project: the same again, for a day. */
  async function madeBefore(
    trx: Trx,
    row: ProjectRow,
    order: CreateProject & { key: string },
  ): Promise<{ project: Project; token: IssuedToken | null }> {
    if (row.name !== order.name.trim() || row.plan !== order.plan) {
      throw new Refusal('idempotency.other-body', 'key-reused', {
        message: 'С этим ключом уже создан другой проект: для нового нужен новый ключ.',
      });
    }
    const at = clock.now();
    const fresh = row.created_at.until(at).total('hours') < keyHours;
    const living = fresh ? await tokensOf(trx, row.id, at) : [];
    for (const one of living) {
      const { token, hash: known } = makeSecret(one.id, firstSecret(row, order.key));
      if (one.hash?.equals(known)) return { project: projectOf(row, url), token: { ...tokenOf(one), token } };
    }
    return { project: projectOf(row, url), token: null };
  }

  return {
    async createProject(trx: Trx, order: CreateProject): Promise<{ project: Project; token: IssuedToken | null }> {
      const plan = planOf(engine, order.plan);
      const name = order.name.trim();
      if (name === '' || name.length > 100) {
        throw new Refusal('project.bad-name', 'invalid', { field: 'name', message: 'A name has 1 to 100 characters.' });
      }
      // An erased person does not come back by a late call.
      await engine.datamap.subjects.alive(trx, order.subject);
      await lockProjectsOf(trx, order.subject);
      const { key } = order;
      const madeWith = key === undefined ? null : digestOf(order.subject, key);
      const before = madeWith && (await projectMadeWith(trx, order.subject, madeWith));
      if (before && key !== undefined) return madeBefore(trx, before, { ...order, key });
      const free = plan.priceKopecks === 0;
      const active = plan.activeProjects === null ? 0 : await countActive(trx, order.subject, plan.id);
      if (!law.may('project', { plan: plan.id, active }).allowed) {
        throw new Refusal('project.free-limit', 'conflict', {
          clause: freeProjectsClause,
          limit: plan.activeProjects,
          message: `На тарифе «${plan.title}» может быть активен только один проект (${freeProjectsClause}).`,
        });
      }
      if (free && (await countBlocked(trx, order.subject, plan.id)) > 0) throw freeBlocked(freeProjectsClause);
      const at = clock.now();
      const row: ProjectRow = {
        id: newId('prj', at),
        subject_id: order.subject,
        account_id: order.account ?? null,
        name,
        plan: plan.id,
        state: free ? 'active' : 'waiting',
        grounds: [],
        block_ground: null,
        salt: randomBytes(32),
        made_with: madeWith,
        ...firstSettings,
        created_at: at,
        activated_at: free ? at : null,
        deleted_at: null,
      };
      await insertProject(trx, row);
      await report(trx, 'project.created', row, at, { plan: plan.id });
      if (free) await report(trx, 'project.activated', row, at, { plan: plan.id });
      await engine.journal.append(trx, { action: 'project.created', about: row.id, body: { plan: plan.id } });
      if (row.account_id) await engine.accounts.activity(trx, row.account_id, 'project');
      const secret = key === undefined ? undefined : firstSecret(row, key);
      return { project: projectOf(row, url), token: free ? await issue(trx, row.id, {}, secret) : null };
    },

    async issueToken(
      trx: Trx,
      project: string,
      order: { id?: string; name?: string; rights?: Right[] } = {},
    ): Promise<IssuedToken> {
      mustBeActive(await lockProject(trx, project));
      return issue(trx, project, order);
    },

    async issuePusherKey(
      trx: Trx,
      project: string,
      { id: given, name = 'Ключ Pusher', rights = allRights }: { id?: string; name?: string; rights?: Right[] } = {},
    ): Promise<IssuedPusherKey> {
      mustBeActive(await lockProject(trx, project));
      const at = clock.now();
      const living = (await tokensOf(trx, project, at)).filter(({ kind }) => kind === 'pusher');
      if (living.length >= pusherKeysPerProject) {
        throw new Refusal('limit.pusher-keys', 'limit', {
          limit: { name: 'pusher-keys', value: pusherKeysPerProject },
          message: `У проекта не больше ${pusherKeysPerProject} ключей Pusher: отзовите лишние.`,
        });
      }
      const id = given === undefined ? newId('tok', at) : checkTokenId(given);
      const { secret, box } = await makeKeySecret(vault, { id, project });
      const row: TokenRow = {
        ...{
          id,
          project_id: project,
          kind: 'pusher',
          name,
          hash: null,
          secret: box,
          tag: makeTag(),
          last4: secret.slice(-4),
          rights,
        },
        ...{ created_at: at, expires_at: null, revoked_at: null, last_used_on: null },
      };
      await keep(trx, row);
      return { ...pusherKeyOf(row), secret };
    },

    async rotateToken(
      trx: Trx,
      project: string,
      { id, replaces, overlapMs = 0 }: { id?: string; replaces?: string; overlapMs?: number } = {},
    ): Promise<IssuedToken> {
      mustBeActive(await lockProject(trx, project));
      const at = clock.now();
      const living = replaces ? await tokensOf(trx, project, at) : [];
      const old = living.find((token) => token.id === replaces && token.kind === 'token');
      if (replaces && !old) throw new Refusal('token.not-found', 'not-found', { token: replaces });
      const fresh = await issue(trx, project, {
        ...(id ? { id } : {}),
        ...(old ? { name: old.name, rights: old.rights } : {}),
      });
      await endTokens(trx, project, {
        at,
        kind: 'token',
        ...(old ? { only: old.id } : { except: fresh.id }),
        ...(overlapMs > 0 ? { expiresAt: at.add({ milliseconds: overlapMs }) } : {}),
      });
      await tell(trx, project);
      return fresh;
    },

    async revokeToken(trx: Trx, project: string, token: string): Promise<void> {
      await lockProject(trx, project);
      if ((await endTokens(trx, project, { at: clock.now(), only: token })) === 0) {
        throw new Refusal('token.not-found', 'not-found', { token });
      }
      await engine.journal.append(trx, { action: 'token.revoked', about: project, body: { token } });
      await tell(trx, project);
    },

    /** The first activation, and the fall of a ground: of `ground`, or of an ended period. */
    async activate(trx: Trx, project: string, ground: Ground = 'period-ended'): Promise<Project> {
      const row = await lockProject(trx, project);
      if (row.state === 'deleted') throw new Refusal('project.not-active', 'conflict', { state: row.state });
      const at = clock.now();
      if (row.activated_at === null) await updateProject(trx, row.id, { activated_at: at });
      return settle(trx, { ...row, activated_at: row.activated_at ?? at }, withoutGround(row.grounds, ground));
    },

    async suspend(trx: Trx, project: string, ground: Ground): Promise<Project> {
      const row = await lockProject(trx, project);
      if (row.state === 'deleted') return projectOf(row, url);
      return settle(trx, row, withGround(row.grounds, ground), ground);
    },

    /** A ground falls away without the project ever becoming active by it. */
    async lift(trx: Trx, project: string, ground: Ground): Promise<Project> {
      const row = await lockProject(trx, project);
      if (row.state === 'deleted') return projectOf(row, url);
      return settle(trx, row, withoutGround(row.grounds, ground));
    },

    /** From here on the plan is another one. Where the settings ask for more than it gives, the plan holds. */
    async putOn(trx: Trx, project: string, plan: string): Promise<Project> {
      const row = await lockProject(trx, project);
      if (row.state === 'deleted') throw new Refusal('project.not-active', 'conflict', { state: row.state });
      const { id } = planOf(engine, plan);
      if (id === row.plan) return projectOf(row, url);
      await updateProject(trx, row.id, { plan: id });
      const body = { plan: id, from: row.plan };
      await engine.journal.append(trx, { action: 'project.plan-changed', about: row.id, body });
      await tell(trx, row.id);
      return projectOf({ ...row, plan: id }, url);
    },

    async deleteProject(trx: Trx, project: string): Promise<Project> {
      const row = await lockProject(trx, project);
      if (row.state === 'deleted') return projectOf(row, url);
      const at = clock.now();
      const next: ProjectRow = { ...row, state: move(row.state, 'deleted'), deleted_at: at };
      await updateProject(trx, row.id, { state: next.state, deleted_at: at });
      await endTokens(trx, project, { at });
      await report(trx, 'project.deleted', next, at);
      await engine.journal.append(trx, { action: 'project.deleted', about: row.id });
      await tell(trx, project);
      return projectOf(next, url);
    },

    async settings(project: string): Promise<Settings> {
      const row = await projectById(db, project);
      if (!row) throw new Refusal('project.not-found', 'not-found', { project });
      return settingsOf(row);
    },

    async changeSettings(trx: Trx, project: string, settings: Settings): Promise<Settings> {
      const row = await lockProject(trx, project);
      if (row.state === 'deleted') throw new Refusal('project.not-active', 'conflict', { state: row.state });
      const next = checkSettings(settings, planOf(engine, row.plan).limits.payloadBytes);
      await updateProject(trx, project, next);
      await engine.journal.append(trx, { action: 'project.settings', about: project, body: { ...settingsOf(next) } });
      await tell(trx, project);
      return settingsOf(next);
    },

    async project(id: string, owner?: string): Promise<Project> {
      const row = await projectById(db, id);
      if (!row || (owner !== undefined && row.subject_id !== owner)) {
        throw new Refusal('project.not-found', 'not-found', { project: id });
      }
      return projectOf(row, url);
    },

    async projects(subject: string): Promise<Project[]> {
      return (await projectsOf(db, subject)).map((row) => projectOf(row, url));
    },

    async tokens(project: string): Promise<TokenInfo[]> {
      const all = await tokensOf(db, project, clock.now());
      return all.filter(({ kind }) => kind === 'token').map(tokenOf);
    },

    async pusherKeys(project: string): Promise<PusherKeyInfo[]> {
      const all = await tokensOf(db, project, clock.now());
      return all.filter(({ kind }) => kind === 'pusher').map(pusherKeyOf);
    },
  };
}

/**
 * Deleting a project that staff have suspended is its owner's right, and no way round the suspension: the one free
 * project (offer 4.4.2) stays taken until they lift it, or what is kept of the deleted one has been destroyed.
 */
function freeBlocked(clause: string | undefined): Refusal {
  return new Refusal('project.free-blocked', 'conflict', {
    clause,
    message: 'Бесплатный проект приостановлен сотрудником и удалён: новый можно создать, когда приостановление снимут.',
  });
}

/** What is kept of a one-time key. @throws Refusal `idempotency.bad-key` */
function digestOf(subject: string, key: string): Buffer {
  if (key.length < shortestKey || key.length > longestKey || !key.isWellFormed()) {
    throw new Refusal('idempotency.bad-key', 'invalid', {
      field: 'Idempotency-Key',
      message: `The key has ${shortestKey} to ${longestKey} characters that nobody can guess, such as a UUID.`,
    });
  }
  return hash('sha256', `${subject} ${key}`, 'buffer');
}

/** The secret of a first token can be made again by who has the one-time key, and by nobody from what is kept. */
function firstSecret({ salt }: Pick<ProjectRow, 'salt'>, key: string): string {
  return createHmac('sha256', salt).update(`first token ${key}`).digest('base64url');
}

function pusherKeyOf(row: TokenRow): PusherKeyInfo {
  const { expiresAt: _never, ...info } = tokenOf(row);
  return { ...info, appId: row.project_id, key: keyOf(row) };
}

/** An id that a form was given: the same form sent again means the same token. @throws Refusal `token.bad-id` */
function checkTokenId(id: string): string {
  if (/^tok_[0-9a-hjkmnp-tv-z]{26}$/.test(id)) return id;
  throw new Refusal('token.bad-id', 'invalid', { field: 'id', message: 'The id of a token begins with tok_.' });
}

function shownAlready(): Refusal {
  return new Refusal('token.shown-already', 'conflict', {
    message: 'Этот токен уже выпущен и показан. Если он не сохранён, отзовите его и выпустите другой.',
  });
}

/** @throws Refusal `project.not-active` */
function mustBeActive(row: Pick<ProjectRow, 'state' | 'grounds' | 'block_ground'>): void {
  if (row.state === 'active') return;
  throw new Refusal('project.not-active', 'conflict', {
    state: row.state,
    grounds: groundsOf(row),
    message:
      row.state === 'waiting'
        ? 'Проект ждёт оплаты: токен выдаётся после неё.'
        : 'Проект приостановлен или удалён: новый токен не выдаётся.',
  });
}

/** The vocabulary of facts has four grounds; a restriction of processing is told by its own fact. */
function factGround(ground: Ground): Record<string, unknown> | undefined {
  return ground === 'restricted' ? undefined : { ground };
}

export type Projects = ReturnType<typeof createProjects>;
