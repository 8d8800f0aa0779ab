-- +goose NO TRANSACTION

-- +goose Up
RESET lock_timeout; -- an attempt that gave way has left it

-- Indexes that are built while requests go on need to be outside of a transaction. An attempt that failed may have left
-- a useless one behind, so each statement can be repeated.
DROP INDEX CONCURRENTLY IF EXISTS ginauth.users_external_id_key;
CREATE UNIQUE INDEX CONCURRENTLY users_external_id_key ON ginauth.users (external_id, source, realm)
    WHERE external_id IS NOT NULL;

DROP INDEX CONCURRENTLY IF EXISTS ginauth.users_username_key;
CREATE UNIQUE INDEX CONCURRENTLY users_username_key ON ginauth.users (username_canonical, realm)
    WHERE username_canonical IS NOT NULL;

-- An address is unique in its realm. The key keeps its name, by which a running version before knows that an address is
-- taken.
DROP INDEX CONCURRENTLY IF EXISTS ginauth.users_email_key;
CREATE UNIQUE INDEX CONCURRENTLY users_email_key ON ginauth.users (email_canonical, realm);
SET lock_timeout = '1s';
ALTER TABLE ginauth.users
    DROP CONSTRAINT IF EXISTS users_email_canonical_key,
    ADD CONSTRAINT users_email_canonical_key UNIQUE USING INDEX users_email_key;
RESET lock_timeout;

ALTER TABLE ginauth.users VALIDATE CONSTRAINT users_password_hash_check;
ALTER TABLE ginauth.users VALIDATE CONSTRAINT users_realm_check;
ALTER TABLE ginauth.users VALIDATE CONSTRAINT users_source_check;
ALTER TABLE ginauth.users VALIDATE CONSTRAINT users_external_id_check;
ALTER TABLE ginauth.users VALIDATE CONSTRAINT users_username_check;
ALTER TABLE ginauth.users VALIDATE CONSTRAINT users_username_canonical_check;
ALTER TABLE ginauth.users VALIDATE CONSTRAINT users_identifier_check;
ALTER TABLE ginauth.users VALIDATE CONSTRAINT users_id_check;

-- +goose Down
RESET lock_timeout;

-- It fails where an address is in two realms: delete one of the users first.
DROP INDEX CONCURRENTLY IF EXISTS ginauth.users_email_key;
CREATE UNIQUE INDEX CONCURRENTLY users_email_key ON ginauth.users (email_canonical);
SET lock_timeout = '1s';
ALTER TABLE ginauth.users
    DROP CONSTRAINT IF EXISTS users_email_canonical_key,
    ADD CONSTRAINT users_email_canonical_key UNIQUE USING INDEX users_email_key;
RESET lock_timeout;

DROP INDEX CONCURRENTLY IF EXISTS ginauth.users_username_key;
DROP INDEX CONCURRENTLY IF EXISTS ginauth.users_external_id_key;
