import type { Knex } from 'knex';

/*
 * The inbox takes rows in their caller's transaction; the sealer moves them into the chain. Entries and checkpoints are
 * never changed: the triggers are a fence against mistakes, the proof is the tree. Of a body only its erasure is let
 * through, and only with the entry that records it.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create table core.journal_inbox (
      n bigint generated always as identity primary key,
      id text not null unique,
      at timestamptz not null,
      action text not null,
      about text,
      actor text,
      com bytea,
      body bytea,
      erased_with text
    );

    create table core.journal_entries (
      seq bigint primary key,
      id text not null unique,
      at timestamptz not null,
      action text not null,
      about text,
      actor text,
      com bytea,
      leaf bytea not null
    );
    create index journal_entries_at on core.journal_entries (at);
    create index journal_entries_about on core.journal_entries (about, seq);
    create index journal_entries_actor on core.journal_entries (actor, seq);
    create index journal_entries_action on core.journal_entries (action, seq);

    create table core.journal_bodies (
      seq bigint primary key references core.journal_entries (seq),
      body bytea,
      erased_with text,
      check ((body is null) = (erased_with is not null))
    );

    create table core.journal_checkpoints (
      size bigint primary key,
      at timestamptz not null,
      root bytea not null,
      note text not null
    );

    -- One row: the right edge of the tree, so that sealing never reads the chain again.
    create table core.journal_head (
      single boolean primary key default true check (single),
      size bigint not null,
      edge bytea not null
    );
    insert into core.journal_head (size, edge) values (0, '');

    create function core.journal_fence() returns trigger language plpgsql as $$
    begin
      raise exception 'The journal is only ever added to (% on %).', tg_op, tg_table_name;
    end $$;
    create trigger fence before update or delete on core.journal_entries
      for each row execute function core.journal_fence();
    create trigger fence_all before truncate on core.journal_entries
      for each statement execute function core.journal_fence();
    create trigger fence before update or delete on core.journal_checkpoints
      for each row execute function core.journal_fence();
    create trigger fence_all before truncate on core.journal_checkpoints
      for each statement execute function core.journal_fence();

    create function core.journal_body_fence() returns trigger language plpgsql as $$
    begin
      if tg_op = 'UPDATE' and new.seq = old.seq and new.body is null and old.erased_with is null then
        return new;
      end if;
      raise exception 'The body of a journal entry can only be erased (% on %).', tg_op, tg_table_name;
    end $$;
    create trigger fence before update or delete on core.journal_bodies
      for each row execute function core.journal_body_fence();
    create trigger fence_all before truncate on core.journal_bodies
      for each statement execute function core.journal_fence();
  `);
}

export async function down(): Promise<void> {
  throw new Error('Migrations only go forward.');
}
