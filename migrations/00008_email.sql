-- +goose Up
-- One row for each mail that is still to be sent. It says what to write and to whom, and never holds
-- the text: a link is made when its mail is sent, and its token is in the mail alone.
CREATE TABLE ginauth.outbox (
    id              uuid        PRIMARY KEY,
    kind            text        NOT NULL,
    user_id         uuid        NULL REFERENCES ginauth.users (id) ON DELETE CASCADE,
    email           text        NOT NULL,
    email_canonical text        NOT NULL,
    locale          text        NOT NULL DEFAULT '',
    requests        bigint      NOT NULL DEFAULT 1,
    attempts        integer     NOT NULL DEFAULT 0,
    created_at      timestamptz NOT NULL,
    due_at          timestamptz NOT NULL,
    failed_at       timestamptz NULL,
    failure         text        NOT NULL DEFAULT '',

    CONSTRAINT outbox_kind_check CHECK (kind IN ('verify', 'reset', 'login', 'change', 'undo', 'taken', 'password')),
    -- What changes an account needs one; what a stranger can ask for is looked up when it is sent.
    CONSTRAINT outbox_user_id_check CHECK ((user_id IS NOT NULL) = (kind IN ('change', 'undo', 'password'))),
    CONSTRAINT outbox_email_check CHECK (char_length(email) BETWEEN 1 AND 254),
    CONSTRAINT outbox_email_canonical_check CHECK (char_length(email_canonical) BETWEEN 1 AND 254),
    CONSTRAINT outbox_locale_check CHECK (char_length(locale) <= 35),
    CONSTRAINT outbox_failure_check CHECK (char_length(failure) <= 200)
);

-- Of one kind, one mail is on its way to one address: whoever asks again meanwhile asked for that one.
CREATE UNIQUE INDEX outbox_pending_key
    ON ginauth.outbox (kind, email_canonical, COALESCE(user_id, '00000000-0000-0000-0000-000000000000'::uuid))
    WHERE failed_at IS NULL;
CREATE INDEX outbox_due_at_idx ON ginauth.outbox (due_at) WHERE failed_at IS NULL;
CREATE INDEX outbox_failed_at_idx ON ginauth.outbox (failed_at) WHERE failed_at IS NOT NULL;
CREATE INDEX outbox_user_id_idx ON ginauth.outbox (user_id) WHERE user_id IS NOT NULL;

CREATE TABLE ginauth.email_tokens (
    digest          bytea       PRIMARY KEY,
    kind            text        NOT NULL,
    user_id         uuid        NOT NULL REFERENCES ginauth.users (id) ON DELETE CASCADE,
    mail_id         uuid        NOT NULL,
    email           text        NOT NULL,
    email_canonical text        NOT NULL,
    created_at      timestamptz NOT NULL,
    expires_at      timestamptz NOT NULL,

    CONSTRAINT email_tokens_digest_check CHECK (octet_length(digest) = 32),
    CONSTRAINT email_tokens_kind_check CHECK (kind IN ('verify', 'reset', 'login', 'change', 'undo'))
);

CREATE INDEX email_tokens_user_id_idx ON ginauth.email_tokens (user_id, kind);
CREATE INDEX email_tokens_expires_at_idx ON ginauth.email_tokens (expires_at);

COMMENT ON TABLE ginauth.outbox IS 'Mails to be sent, and some that could not be. Contains personal data, of people without an account too.';
COMMENT ON COLUMN ginauth.outbox.id IS 'The mail''s Message-ID, the same for every attempt.';
COMMENT ON COLUMN ginauth.outbox.email IS 'Personal data: the address that was asked for. Mail goes there only for change and undo.';
COMMENT ON COLUMN ginauth.outbox.requests IS 'How often the mail was asked for while it was on its way.';
COMMENT ON COLUMN ginauth.outbox.due_at IS 'When the next attempt may begin.';
COMMENT ON COLUMN ginauth.outbox.failed_at IS 'When the mail was given up. NULL: it is on its way.';
COMMENT ON TABLE ginauth.email_tokens IS 'Links in mails that are still good. Contains personal data.';
COMMENT ON COLUMN ginauth.email_tokens.digest IS 'Secret: SHA-256 of the token. The token itself is never stored.';
COMMENT ON COLUMN ginauth.email_tokens.mail_id IS 'The mail that holds it. Each attempt to send a mail has a token of its own.';
COMMENT ON COLUMN ginauth.email_tokens.email IS 'Personal data: the address that the link proves.';

-- +goose Down
DROP TABLE ginauth.email_tokens;
DROP TABLE ginauth.outbox;
