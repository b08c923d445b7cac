r"""The SQL functions of search: what of a text is indexed, and what a reader's words look for in it.

Text is folded (``tracker.text``) and taken apart into words. A word is found as written and by its stem: English
words by PostgreSQL's own stemmer, Arabic words by ``search_stems``. PostgreSQL's Arabic stemmer does not serve: it
makes «خدما» of «خدمات» but «خدم» of «الخدمات», and «زير» of «وزير».

The names within the functions are qualified: PostgreSQL computes an index, and restores a dump, without a search path.
"""

from __future__ import annotations

# Letters and digits, parted by single spaces. Soft hyphens and joiners part no words; every digit is found as 0 to 9.
# Beyond 20,000 characters nothing is indexed: a tsvector holds a megabyte, and PostgreSQL would refuse the record.
WORDS_SQL = r"""
CREATE FUNCTION public.search_words(text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN left(btrim(regexp_replace(
    translate(
        public.fold($1),
        U&'\0660\0661\0662\0663\0664\0665\0666\0667\0668\0669'
            '\06F0\06F1\06F2\06F3\06F4\06F5\06F6\06F7\06F8\06F9\00AD\200C\200D',
        '01234567890123456789'
    ) COLLATE pg_unicode_fast,
    '[^[:alnum:]]+', ' ', 'g'
)), 20000);
"""

# Arabic words without their article: al-, with wa- or fa-, bi-, ka- or li- before it; three letters stay.
WITHOUT_ARTICLE_SQL = r"""
CREATE FUNCTION public.search_without_article(text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN regexp_replace(
    $1, U&'(^| )[\0648\0641]?(?:[\0628\0643]?\0627\0644|\0644\0644)(?=[\0621-\064A]{3})', '\1', 'g'
);
"""

# The light stemming of Larkey, Ballesteros and Connell, a little lighter: after the article go the endings of number,
# gender and relation (-ha, -at, -an, -un, -in, -i, -a); three letters stay.
STEMS_SQL = r"""
CREATE FUNCTION public.search_stems(text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN regexp_replace(
    public.search_without_article($1),
    U&'([\0621-\064A]{3,}?)(?:\0647\0627|\0627\062A|\0627\0646|\0648\0646|\064A\0646|\064A|\0647)+(?= |$)', '\1', 'g'
);
"""

# Of the Arabic words in a text those that something is written together with, without it: the article, or "and", "so",
# "in", "to", "as" (wa, fa, bi, li, ka). Some only begin with such a letter; what is left of them nobody looks for.
BARE_SQL = r"""
CREATE FUNCTION public.search_bare(text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN (
    SELECT coalesce(string_agg(found[1], ' '), '')
    FROM (
        SELECT regexp_matches(
            $1, U&'(?:^| )[\0648\0641]?(?:[\0628\0643]?\0627\0644|\0644\0644)([\0621-\064A]{3,})(?= |$)', 'g'
        ) AS found
        UNION ALL
        SELECT regexp_matches($1, U&'(?:^| )[\0648\0641\0628\0644\0643]([\0621-\064A]{3,})(?= |$)', 'g')
    ) AS words
);
"""

# It says what it costs: else the planner would rather compute it for every row than read an index.
LEXEMES_SQL = r"""
CREATE FUNCTION public.search_lexemes(text[]) RETURNS tsvector
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE COST 2000
AS $$
DECLARE
    words text := public.search_words(array_to_string($1, ' '));
    found tsvector := to_tsvector('pg_catalog.simple', words);
    bare text;
BEGIN
    IF words ~ '[a-z]' THEN
        found := found || to_tsvector('pg_catalog.english', words);
    END IF;
    IF words ~ U&'[\0621-\064A]' THEN
        bare := public.search_bare(words);
        found := found || to_tsvector('pg_catalog.simple', bare)
            || to_tsvector('pg_catalog.simple', public.search_stems(words || ' ' || bare));
    END IF;
    RETURN found;
END
$$;
"""

VECTOR_SQL = r"""
CREATE FUNCTION public.search_vector(label text[], names text[], notes text[], texts text[]) RETURNS tsvector
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE COST 6000
AS $$
BEGIN
    RETURN setweight(public.search_lexemes(label), 'A') || setweight(public.search_lexemes(names), 'B')
        || setweight(public.search_lexemes(notes), 'C') || setweight(public.search_lexemes(texts), 'D');
END
$$;
"""

# All words must be found, the last one also as the beginning of a word. Words such as "the" and «في» count only where
# there are no others. Nothing that a reader writes is an operator, and no word is longer than a lexeme may be.
QUERY_SQL = r"""
CREATE FUNCTION public.search_query(text) RETURNS tsquery
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
AS $$
DECLARE
    words text[] := string_to_array(public.search_words($1), ' ');
    word text;
    bare text;
    stems text[];
    term tsquery;
    found tsquery := '';
    fillers tsquery := '';
BEGIN
    FOR place IN 1 .. cardinality(words) LOOP
        word := left(words[place], 200);
        term := plainto_tsquery('pg_catalog.simple', word);
        CONTINUE WHEN numnode(term) = 0;
        IF place = cardinality(words) THEN
            term := (term::text || ':*')::tsquery;
            bare := public.search_without_article(word);
            IF bare <> word THEN
                term := term || (plainto_tsquery('pg_catalog.simple', bare)::text || ':*')::tsquery;
            END IF;
        END IF;
        stems := ts_lexize('pg_catalog.english_stem', word);
        IF cardinality(stems) = 0 OR word = ANY ('{في,من,عن,الي,مع,او,ان,هذا,هذه,التي,الذي}') THEN
            fillers := fillers && term;
            CONTINUE;
        END IF;
        IF word ~ U&'[\0621-\064A]' THEN
            stems[1] := public.search_stems(word);
        END IF;
        IF stems[1] <> word THEN
            term := term || plainto_tsquery('pg_catalog.simple', stems[1]);
        END IF;
        found := found && term;
    END LOOP;
    RETURN CASE WHEN numnode(found) > 0 THEN found ELSE fillers END;
END
$$;
"""

CREATE_SQL = [WORDS_SQL, WITHOUT_ARTICLE_SQL, STEMS_SQL, BARE_SQL, LEXEMES_SQL, VECTOR_SQL, QUERY_SQL]
DROP_SQL = [
    "DROP FUNCTION public.search_query(text);",
    "DROP FUNCTION public.search_vector(text[], text[], text[], text[]);",
    "DROP FUNCTION public.search_lexemes(text[]);",
    "DROP FUNCTION public.search_bare(text);",
    "DROP FUNCTION public.search_stems(text);",
    "DROP FUNCTION public.search_without_article(text);",
    "DROP FUNCTION public.search_words(text);",
]
