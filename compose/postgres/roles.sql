-- The database's two roles, in both runtimes: `lab` owns what the services keep, `reader` may select from it and change
-- nothing. Run as superuser in their database; passwords come as settings, lab.owner_password and
-- lab.reader_password. A second run changes nothing but the passwords.

DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'lab') THEN
        CREATE ROLE lab LOGIN;
    END IF;
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'reader') THEN
        CREATE ROLE reader LOGIN;
    END IF;
    EXECUTE format('ALTER ROLE lab PASSWORD %L', current_setting('lab.owner_password'));
    EXECUTE format('ALTER ROLE reader PASSWORD %L', current_setting('lab.reader_password'));
    EXECUTE format('ALTER DATABASE %I OWNER TO lab', current_database());
    -- no temporary tables either
    EXECUTE format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database());
    EXECUTE format('GRANT CONNECT ON DATABASE %I TO reader', current_database());
END $$;

ALTER DEFAULT PRIVILEGES FOR ROLE lab GRANT USAGE ON SCHEMAS TO reader;
ALTER DEFAULT PRIVILEGES FOR ROLE lab GRANT SELECT ON TABLES TO reader;
ALTER ROLE reader SET default_transaction_read_only = on;
ALTER ROLE reader SET statement_timeout = '10s';
ALTER ROLE reader SET idle_in_transaction_session_timeout = '60s';
ALTER ROLE reader CONNECTION LIMIT 10;
REVOKE EXECUTE ON FUNCTION lo_create(oid), lo_creat(integer), lo_from_bytea(oid, bytea) FROM PUBLIC;

-- Whoever may only read shall not hold the locks with which the services order their writes.
DO $$
DECLARE lock regprocedure;
BEGIN
    FOR lock IN
        SELECT oid FROM pg_proc
        WHERE pronamespace = 'pg_catalog'::regnamespace AND proname ~ '^pg_(try_)?advisory_'
    LOOP
        EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', lock);
        EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO lab', lock);
    END LOOP;
END $$;
