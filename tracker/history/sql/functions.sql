-- Writes one change for each row that a statement wrote. The first change of a transaction also makes its revision,
-- which gets its number at commit. Arguments: the table and the column that tell which row this one is a part of; for
-- a generic reference '@' and its content type column in the table's place.
CREATE OR REPLACE FUNCTION public.history_write() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    revision bigint := nullif(current_setting('history.revision', true), '')::bigint;
    written jsonb;
    owner_table text := '';
    owner_id bigint;
BEGIN
    IF TG_OP = 'UPDATE' AND OLD IS NOT DISTINCT FROM NEW THEN
        RETURN NULL;
    END IF;
    IF revision IS NULL THEN
        INSERT INTO public.history_revision (actor_id, actor, reason, request_id)
        VALUES (
            nullif(current_setting('history.actor_id', true), '')::bigint,
            coalesce(nullif(current_setting('history.actor', true), ''), session_user::text),
            coalesce(current_setting('history.reason', true), ''),
            coalesce(current_setting('history.request_id', true), '')
        )
        RETURNING id INTO revision;
        PERFORM set_config('history.revision', revision::text, true);
    END IF;
    written := to_jsonb(CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END);
    IF TG_NARGS > 0 THEN
        owner_table := TG_ARGV[0];
        owner_id := (written ->> TG_ARGV[1])::bigint;
        IF starts_with(owner_table, '@') THEN
            SELECT app_label || '_' || model INTO owner_table
            FROM public.django_content_type WHERE id = (written ->> substr(owner_table, 2))::integer;
        END IF;
    END IF;
    INSERT INTO public.history_change (revision_id, table_name, object_id, owner_table, owner_id, action, after)
    VALUES (
        revision,
        TG_TABLE_NAME,
        (written ->> 'id')::bigint,
        owner_table,
        owner_id,
        CASE TG_OP WHEN 'INSERT' THEN 'create' WHEN 'UPDATE' THEN 'update' ELSE 'delete' END,
        CASE WHEN TG_OP = 'DELETE' THEN NULL ELSE written END
    );
    RETURN NULL;
END
$$;

-- Runs among the checks that wait for the commit, and asks for the number only after all of them: a check may wait for
-- another writer's row, and must not hold meanwhile the lock for which that writer waits.
CREATE OR REPLACE FUNCTION public.history_close() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- Also where the checks run early, by SET CONSTRAINTS ALL IMMEDIATE.
    SET CONSTRAINTS public.history_number_last DEFERRED;
    UPDATE public.history_revision SET request_id = request_id WHERE id = NEW.id;
    RETURN NULL;
END
$$;

-- Numbers a revision as the last thing before its transaction commits. Whoever holds the lock commits before the next
-- one sees the last number, so that numbers have no gaps and follow the commits, and time never runs backwards along
-- them.
CREATE OR REPLACE FUNCTION public.history_number() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    last record;
BEGIN
    PERFORM pg_advisory_xact_lock(7310867, 1);
    SELECT number, at INTO last
    FROM public.history_revision WHERE number IS NOT NULL ORDER BY number DESC LIMIT 1;
    UPDATE public.history_revision
    SET number = coalesce(last.number, 0) + 1, at = greatest(clock_timestamp(), last.at)
    WHERE id = NEW.id AND number IS NULL;
    IF FOUND THEN
        PERFORM pg_notify('history_revision', (coalesce(last.number, 0) + 1)::text);
    END IF;
    RETURN NULL;
END
$$;

CREATE OR REPLACE FUNCTION public.history_refuse_truncate() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION USING
        ERRCODE = 'restrict_violation',
        MESSAGE = format('%s is under version control: TRUNCATE would leave no trace. Use DELETE.', TG_TABLE_NAME);
END
$$;

CREATE OR REPLACE TRIGGER history_number_at_commit_guard
    BEFORE TRUNCATE ON public.history_revision EXECUTE FUNCTION public.history_refuse_truncate();
CREATE OR REPLACE TRIGGER history_change_guard
    BEFORE TRUNCATE ON public.history_change EXECUTE FUNCTION public.history_refuse_truncate();

DROP TRIGGER IF EXISTS history_number_at_commit ON public.history_revision;
CREATE CONSTRAINT TRIGGER history_number_at_commit
    AFTER INSERT ON public.history_revision DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION public.history_close();
DROP TRIGGER IF EXISTS history_number_last ON public.history_revision;
CREATE CONSTRAINT TRIGGER history_number_last
    AFTER UPDATE ON public.history_revision DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (OLD.number IS NULL AND NEW.number IS NULL) EXECUTE FUNCTION public.history_number();

CREATE SCHEMA IF NOT EXISTS asof;
