-- +goose NO TRANSACTION

-- +goose Up
-- Indexes that are built while requests go on need to be outside of a transaction. An attempt that failed may have left
-- a useless one behind, so each statement can be repeated.
DROP INDEX CONCURRENTLY IF EXISTS ginauth.users_external_id_key;
CREATE UNIQUE INDEX CONCURRENTLY users_external_id_key ON ginauth.users (external_id, source, realm)
    WHERE external_id IS NOT NULL;

DROP INDEX CONCURRENTLY IF EXISTS ginauth.users_username_key;
CREATE UNIQUE INDEX CONCURRENTLY users_username_key ON ginauth.users (username_canonical, realm)
    WHERE username_canonical IS NOT NULL;

-- The old key of all realms together stays until no running version reports a taken address by its name.
DROP INDEX CONCURRENTLY IF EXISTS ginauth.users_email_key;
CREATE UNIQUE INDEX CONCURRENTLY users_email_key ON ginauth.users (email_canonical, realm);

ALTER TABLE ginauth.users VALIDATE CONSTRAINT users_password_hash_check;
ALTER TABLE ginauth.users VALIDATE CONSTRAINT users_realm_check;
ALTER TABLE ginauth.users VALIDATE CONSTRAINT users_source_check;
ALTER TABLE ginauth.users VALIDATE CONSTRAINT users_external_id_check;
ALTER TABLE ginauth.users VALIDATE CONSTRAINT users_username_check;
ALTER TABLE ginauth.users VALIDATE CONSTRAINT users_username_canonical_check;
ALTER TABLE ginauth.users VALIDATE CONSTRAINT users_identifier_check;
ALTER TABLE ginauth.users VALIDATE CONSTRAINT users_id_check;

-- +goose Down
DROP INDEX CONCURRENTLY IF EXISTS ginauth.users_email_key;
DROP INDEX CONCURRENTLY IF EXISTS ginauth.users_username_key;
DROP INDEX CONCURRENTLY IF EXISTS ginauth.users_external_id_key;
