-- +goose Up
CREATE TABLE ginauth.users (
    id              uuid        PRIMARY KEY,
    email           text        NOT NULL,
    email_canonical text        NOT NULL,
    name            text        NOT NULL DEFAULT '',
    password_hash   text        NULL,
    verified_at     timestamptz NULL,
    disabled_at     timestamptz NULL,
    created_at      timestamptz NOT NULL DEFAULT now(),
    updated_at      timestamptz NOT NULL DEFAULT now(),

    CONSTRAINT users_email_canonical_key UNIQUE (email_canonical),
    CONSTRAINT users_email_check CHECK (char_length(email) BETWEEN 1 AND 254),
    CONSTRAINT users_email_canonical_check CHECK (char_length(email_canonical) BETWEEN 1 AND 254),
    CONSTRAINT users_name_check CHECK (char_length(name) <= 200),
    -- Every encoded hash (PHC string, bcrypt) starts with a dollar sign; plain text must not get in.
    CONSTRAINT users_password_hash_check CHECK (password_hash LIKE '$%')
);

COMMENT ON TABLE ginauth.users IS 'Accounts. Contains personal data.';
COMMENT ON COLUMN ginauth.users.email IS 'Personal data: the address as typed.';
COMMENT ON COLUMN ginauth.users.email_canonical IS 'Personal data: the form of the address that is unique.';
COMMENT ON COLUMN ginauth.users.name IS 'Personal data: display name.';
COMMENT ON COLUMN ginauth.users.password_hash IS 'Secret: salted slow hash (argon2id or bcrypt). NULL: no password.';

-- +goose Down
DROP TABLE ginauth.users;
