-- +goose Up
-- Requests need the table: rather give up after a second than hold up logins behind a long transaction. Up tries again.
SET LOCAL lock_timeout = '1s';

-- A user of ours has an address, a username, or both. A user who lives elsewhere has a shadow row: the key there,
-- and neither. Ids of version 8 (RFC 9562) are derived from that key, so that no row is taken for one of the other kind.
ALTER TABLE ginauth.users
    ADD COLUMN realm                text    COLLATE "C" NOT NULL DEFAULT '',
    ADD COLUMN source               text    COLLATE "C" NULL,
    ADD COLUMN external_id          text    COLLATE "C" NULL,
    ADD COLUMN username             text    NULL,
    ADD COLUMN username_canonical   text    COLLATE "C" NULL,
    ADD COLUMN must_change_password boolean NOT NULL DEFAULT FALSE,

    ALTER COLUMN email DROP NOT NULL,
    ALTER COLUMN email_canonical DROP NOT NULL,

    -- Hashes of other systems need not begin with a dollar sign. Short passwords in plain text are still refused.
    DROP CONSTRAINT users_password_hash_check,
    ADD CONSTRAINT users_password_hash_check CHECK (password_hash LIKE '$%' OR octet_length(password_hash) BETWEEN 16 AND 512) NOT VALID,

    -- The next migration validates them, under a lock that requests do not notice.
    ADD CONSTRAINT users_realm_check CHECK (octet_length(realm) <= 255) NOT VALID,
    ADD CONSTRAINT users_source_check CHECK (octet_length(source) <= 63) NOT VALID,
    ADD CONSTRAINT users_external_id_check CHECK (octet_length(external_id) BETWEEN 1 AND 255) NOT VALID,
    ADD CONSTRAINT users_username_check CHECK (char_length(username) BETWEEN 1 AND 254) NOT VALID,
    ADD CONSTRAINT users_username_canonical_check CHECK (char_length(username_canonical) BETWEEN 1 AND 254) NOT VALID,
    ADD CONSTRAINT users_identifier_check CHECK (
        num_nulls(email, email_canonical) IN (0, 2) AND num_nulls(username, username_canonical) IN (0, 2) AND CASE
            WHEN external_id IS NULL THEN source IS NULL AND num_nonnulls(email, username) > 0
            ELSE source IS NOT NULL AND num_nonnulls(email, username, password_hash) = 0 END) NOT VALID,
    ADD CONSTRAINT users_id_check CHECK ((substr(id::text, 15, 1) = '8') = (external_id IS NOT NULL)) NOT VALID;

COMMENT ON COLUMN ginauth.users.realm IS 'The tenant. Identifiers are unique in it.';
COMMENT ON COLUMN ginauth.users.source IS 'Which table or service has the user. NULL: this one.';
COMMENT ON COLUMN ginauth.users.external_id IS 'Personal data: the user''s key there.';
COMMENT ON COLUMN ginauth.users.password_hash IS 'Secret: salted slow hash, ours (argon2id) or of another system. NULL: no password.';
COMMENT ON COLUMN ginauth.users.email IS 'Personal data: the address as typed. NULL: none.';
COMMENT ON COLUMN ginauth.users.username IS 'Personal data: the name to log in with, as typed. NULL: none.';
COMMENT ON COLUMN ginauth.users.username_canonical IS 'Personal data: the form of the username that is unique.';
COMMENT ON COLUMN ginauth.users.must_change_password IS 'A login leads to the change of the password alone.';
COMMENT ON COLUMN ginauth.users.delete_after IS 'The disabled account is deleted after that; NULL: it is not to be deleted. A shadow row is kept until then, or longer.';

-- +goose Down
SET LOCAL lock_timeout = '1s';

-- The schema before has no place for them.
DELETE FROM ginauth.users WHERE external_id IS NOT NULL OR email IS NULL;
UPDATE ginauth.users SET password_hash = NULL WHERE password_hash NOT LIKE '$%';

ALTER TABLE ginauth.users
    DROP COLUMN must_change_password,
    DROP COLUMN username_canonical,
    DROP COLUMN username,
    DROP COLUMN external_id,
    DROP COLUMN source,
    DROP COLUMN realm,
    ALTER COLUMN email SET NOT NULL,
    ALTER COLUMN email_canonical SET NOT NULL,
    DROP CONSTRAINT users_password_hash_check,
    ADD CONSTRAINT users_password_hash_check CHECK (password_hash LIKE '$%');

COMMENT ON COLUMN ginauth.users.password_hash IS 'Secret: salted slow hash (argon2id or bcrypt). NULL: no password.';
COMMENT ON COLUMN ginauth.users.email IS 'Personal data: the address as typed.';
COMMENT ON COLUMN ginauth.users.delete_after IS 'The disabled account is deleted after that. NULL: it is not to be deleted.';
