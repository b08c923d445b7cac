DROP SCHEMA IF EXISTS asof CASCADE;
DROP FUNCTION IF EXISTS public.history_write() CASCADE;
DROP FUNCTION IF EXISTS public.history_close() CASCADE;
DROP FUNCTION IF EXISTS public.history_number() CASCADE;
DROP FUNCTION IF EXISTS public.history_refuse_truncate() CASCADE;
