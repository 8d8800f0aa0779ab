-- +goose Up
-- A mail is for a user of its realm, and its link is for that realm alone. The table is small: it has the mails that are
-- on their way.
SET LOCAL lock_timeout = '1s';

-- An order that names no user is unique by its kind and email_canonical. In a realm, that is the identifier, a
-- line break and the realm. So the key outbox_pending_key, by which a running version before finds equal orders, stays as it is.
ALTER TABLE ginauth.outbox
    ADD COLUMN realm text COLLATE "C" NOT NULL DEFAULT '',
    ADD CONSTRAINT outbox_realm_check CHECK (octet_length(realm) <= 255),
    DROP CONSTRAINT outbox_email_canonical_check,
    ADD CONSTRAINT outbox_email_canonical_check CHECK (char_length(email_canonical) BETWEEN 1 AND 254 + CASE WHEN realm = '' THEN 0 ELSE 1 + char_length(realm) END);

COMMENT ON COLUMN ginauth.outbox.realm IS 'The tenant whose user gets the mail.';
COMMENT ON COLUMN ginauth.outbox.email_canonical IS 'Personal data: the address or username that finds the user. Where user_id is NULL, a line break and the realm follow, unless the realm is empty.';

-- +goose Down
SET LOCAL lock_timeout = '1s';

-- The schema before has no place for them.
DELETE FROM ginauth.outbox WHERE realm <> '';

COMMENT ON COLUMN ginauth.outbox.email_canonical IS NULL;
ALTER TABLE ginauth.outbox
    DROP CONSTRAINT outbox_email_canonical_check,
    DROP COLUMN realm,
    ADD CONSTRAINT outbox_email_canonical_check CHECK (char_length(email_canonical) BETWEEN 1 AND 254);
