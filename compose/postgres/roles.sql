-- The database's roles, in both runtimes. Run as superuser in their database; passwords come as settings, password.lab
-- and so on. A second run changes nothing but the passwords, and what an earlier version has made becomes as it is here.
--
--   lab         the services that trainees change: makes schemas and owns what is in them
--   processor   the independent book, in a schema of its own, of which lab sees nothing
--   reader      may select from all of it and change nothing
--   warden      the war room: may do what lab and processor may, to put everything back as it was

DO $$
DECLARE role text;
BEGIN
    FOREACH role IN ARRAY ARRAY['lab', 'processor', 'reader', 'warden'] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = role) THEN
            EXECUTE format('CREATE ROLE %I LOGIN', role);
        END IF;
        EXECUTE format('ALTER ROLE %I PASSWORD %L', role, current_setting('password.' || role));
    END LOOP;
    -- Not lab's: a database's owner decides on the settings, search_path among them, with which others begin.
    EXECUTE format('ALTER DATABASE %I OWNER TO CURRENT_USER', current_database());
    EXECUTE format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database());
    EXECUTE format('GRANT CONNECT, CREATE, TEMPORARY ON DATABASE %I TO lab, processor', current_database());
    EXECUTE format('GRANT CONNECT ON DATABASE %I TO reader', current_database()); -- no temporary tables either
END $$;

GRANT lab, processor TO warden;

ALTER DEFAULT PRIVILEGES FOR ROLE lab, processor GRANT USAGE ON SCHEMAS TO reader;
ALTER DEFAULT PRIVILEGES FOR ROLE lab, processor GRANT SELECT ON TABLES TO reader;
ALTER ROLE reader SET default_transaction_read_only = on;
ALTER ROLE reader SET statement_timeout = '10s';
ALTER ROLE reader SET idle_in_transaction_session_timeout = '60s';
ALTER ROLE reader CONNECTION LIMIT 10;
REVOKE EXECUTE ON FUNCTION lo_create(oid), lo_creat(integer), lo_from_bytea(oid, bytea) FROM PUBLIC;

-- Before anybody else could make it. Its tables were lab's once; sequences go with the tables that they belong to.
CREATE SCHEMA IF NOT EXISTS processor;
ALTER SCHEMA processor OWNER TO processor;
GRANT USAGE ON SCHEMA processor TO reader;
DO $$
DECLARE relation regclass;
BEGIN
    FOR relation IN
        SELECT oid FROM pg_class
        WHERE relnamespace = 'processor'::regnamespace AND relowner <> 'processor'::regrole
          AND relkind IN ('r', 'p', 'v', 'm', 'S')
          AND NOT EXISTS (
              SELECT FROM pg_depend
              WHERE classid = 'pg_class'::regclass AND objid = pg_class.oid AND deptype IN ('a', 'i') AND relkind = 'S')
    LOOP
        EXECUTE format('ALTER TABLE %s OWNER TO processor', relation);
    END LOOP;
END $$;

-- Whoever may only read shall not hold the locks with which the services order their writes.
DO $$
DECLARE lock regprocedure;
BEGIN
    FOR lock IN
        SELECT oid FROM pg_proc
        WHERE pronamespace = 'pg_catalog'::regnamespace AND proname ~ '^pg_(try_)?advisory_'
    LOOP
        EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', lock);
        EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO lab, processor', lock);
    END LOOP;
END $$;

-- Nor read by functions that run a text or read a table that they are told the name of: what a query as evidence reads
-- is to be seen in its plan.
DO $$
DECLARE runner regprocedure;
BEGIN
    FOR runner IN
        SELECT oid FROM pg_proc
        WHERE pronamespace = 'pg_catalog'::regnamespace
          AND (proname ~ '^(query|table|schema|database|cursor)_to_xml' OR proname IN ('ts_stat', 'ts_rewrite'))
    LOOP
        EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', runner);
        EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO lab, processor', runner);
    END LOOP;
END $$;
