"""Integrity that only the database can promise: no cycles in hierarchies, no reference to a record that is gone.

The checks run as deferred constraint triggers, at commit: rows of one transaction may arrive in any order, and the
lock that keeps two transactions from closing a cycle between them is held only while they commit.
"""

from __future__ import annotations

import pgtrigger
from django.utils.translation import gettext_noop

# PostgreSQL says it; whoever answers the request finds the reader's language by it.
CYCLE = gettext_noop("This would make a cycle: a record cannot come before, contain or replace itself.")
LOCKED = gettext_noop("The period is locked: ask a curator to unlock the indicator before you change its observations.")


def refuse_cycle(column: str, *, node: str = "id") -> pgtrigger.Trigger:
    """A trigger that refuses a row with which following ``column`` from ``node`` would come back to where it began."""
    return pgtrigger.Trigger(
        name=f"{column}_cycle",
        when=pgtrigger.After,
        timing=pgtrigger.Deferred,
        operation=pgtrigger.Insert | pgtrigger.Update,
        condition=pgtrigger.Q(**{f"new__{column}__isnull": False}),
        declare=[("start_node", "bigint"), ("next_node", "bigint")],
        func=pgtrigger.Func(
            f"""
            start_node := NEW.{{columns.{node}}};
            next_node := NEW.{{columns.{column}}};
            -- What was written may have been changed again in the same transaction.
            IF NOT EXISTS (
                SELECT 1 FROM {{meta.db_table}}
                WHERE {{columns.{node}}} = start_node AND {{columns.{column}}} = next_node
            ) THEN
                RETURN NULL;
            END IF;
            PERFORM pg_advisory_xact_lock(hashtextextended('{{meta.db_table}}.{column}', 0));
            IF EXISTS (
                WITH RECURSIVE chain(node) AS (
                    SELECT next_node
                    UNION
                    SELECT edge.{{columns.{column}}}
                    FROM {{meta.db_table}} edge JOIN chain ON edge.{{columns.{node}}} = chain.node
                    WHERE edge.{{columns.{column}}} IS NOT NULL
                )
                SELECT 1 FROM chain WHERE chain.node = start_node
            ) THEN
                RAISE EXCEPTION USING
                    ERRCODE = 'check_violation',
                    MESSAGE = '{CYCLE}',
                    TABLE = '{{meta.db_table}}', COLUMN = '{column}', CONSTRAINT = '{{meta.db_table}}_{column}_cycle';
            END IF;
            RETURN NULL;
            """
        ),
    )


def require_record(*, content_type: str, object_id: str, field: str) -> pgtrigger.Trigger:
    """A trigger that refuses a generic reference to a row that does not exist, and keeps it until the commit.

    The lock is that of a foreign key: who deletes the row meanwhile waits, and then finds that it is referred to.
    """
    return pgtrigger.Trigger(
        name=f"{field}_exists",
        when=pgtrigger.After,
        timing=pgtrigger.Deferred,
        operation=pgtrigger.Insert | pgtrigger.Update,
        condition=pgtrigger.Q(**{f"new__{object_id}__isnull": False}),
        declare=[("referred_table", "text"), ("found", "bigint")],
        func=pgtrigger.Func(
            f"""
            -- What was written may be gone again, or refer to another row by now; that was checked in its turn.
            IF NOT EXISTS (
                SELECT 1 FROM {{meta.db_table}}
                WHERE id = NEW.id AND {{columns.{object_id}}} = NEW.{{columns.{object_id}}}
                AND {{columns.{content_type}}} = NEW.{{columns.{content_type}}}
            ) THEN
                RETURN NULL;
            END IF;
            SELECT app_label || '_' || model INTO referred_table
            FROM django_content_type WHERE id = NEW.{{columns.{content_type}}};
            EXECUTE format('SELECT id FROM %I WHERE id = $1 FOR KEY SHARE', referred_table)
            INTO found USING NEW.{{columns.{object_id}}};
            IF found IS NULL THEN
                RAISE EXCEPTION USING
                    ERRCODE = 'foreign_key_violation',
                    MESSAGE = format('There is no %s with the id %s.', referred_table, NEW.{{columns.{object_id}}}),
                    TABLE = '{{meta.db_table}}', COLUMN = '{field}', CONSTRAINT = '{{meta.db_table}}_{field}_exists';
            END IF;
            RETURN NULL;
            """
        ),
    )


def refuse_dangling_references() -> pgtrigger.Trigger:
    """A trigger that refuses to delete a row while a citation, a statement or an agenda item still points at it."""
    return pgtrigger.Trigger(
        name="still_referred_to",
        when=pgtrigger.After,
        timing=pgtrigger.Deferred,
        operation=pgtrigger.Delete,
        declare=[("type_id", "integer"), ("referrers", "text")],
        func=pgtrigger.Func(
            """
            SELECT id INTO type_id FROM django_content_type
            WHERE app_label = '{meta.app_label}' AND model = '{meta.model_name}';
            SELECT string_agg(referrer, ', ' ORDER BY referrer) INTO referrers FROM (
                SELECT 'citation ' || slug FROM initiatives_citation
                WHERE content_type_id = type_id AND object_id = OLD.id
                UNION ALL
                SELECT 'statement ' || slug FROM initiatives_statement
                WHERE about_type_id = type_id AND about_id = OLD.id
                UNION ALL
                SELECT 'agenda item of engagement ' || engagement.slug
                FROM initiatives_agendaitem item
                JOIN initiatives_engagement engagement ON engagement.id = item.engagement_id
                WHERE item.refers_to_type_id = type_id AND item.refers_to_id = OLD.id
            ) AS found(referrer);
            IF referrers IS NOT NULL THEN
                RAISE EXCEPTION USING
                    ERRCODE = 'foreign_key_violation',
                    MESSAGE = format('Still referred to by %s.', referrers),
                    TABLE = '{meta.db_table}', CONSTRAINT = '{meta.db_table}_still_referred_to';
            END IF;
            RETURN NULL;
            """
        ),
    )


def refuse_locked_period() -> pgtrigger.Trigger:
    """A trigger that keeps observations as they are, of days until which their indicator is locked."""
    return pgtrigger.Trigger(
        name="locked_period",
        when=pgtrigger.Before,
        operation=pgtrigger.Insert | pgtrigger.Update | pgtrigger.Delete,
        func=pgtrigger.Func(
            f"""
            IF EXISTS (
                SELECT 1 FROM initiatives_indicator indicator
                WHERE (TG_OP <> 'INSERT' AND indicator.id = OLD.indicator_id AND OLD."on" <= indicator.locked_until)
                OR (TG_OP <> 'DELETE' AND indicator.id = NEW.indicator_id AND NEW."on" <= indicator.locked_until)
            ) THEN
                RAISE EXCEPTION USING
                    ERRCODE = 'check_violation',
                    MESSAGE = '{LOCKED}',
                    TABLE = '{{meta.db_table}}', COLUMN = 'on', CONSTRAINT = '{{meta.db_table}}_locked_period';
            END IF;
            IF TG_OP = 'DELETE' THEN
                RETURN OLD;
            END IF;
            RETURN NEW;
            """
        ),
    )
