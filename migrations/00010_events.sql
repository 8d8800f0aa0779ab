-- +goose Up
-- Users are no foreign key: what happened to an account is still known when the account is gone.
CREATE TABLE ginauth.events (
    id         bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at         timestamptz NOT NULL,
    user_id    uuid        NULL,
    actor_id   uuid        NULL,
    kind       text        NOT NULL,
    outcome    text        NOT NULL,
    session    text        NOT NULL DEFAULT '',
    operation  text        NOT NULL DEFAULT '',
    request_id text        NOT NULL DEFAULT '',
    ip         inet        NULL,
    user_agent text        NOT NULL DEFAULT '',
    detail     jsonb       NULL,

    CONSTRAINT events_kind_check CHECK (char_length(kind) BETWEEN 1 AND 64),
    CONSTRAINT events_outcome_check CHECK (outcome IN ('success', 'failure')),
    -- A digest is 64 hex digits, a token 43 characters: neither may get in. A public id is 36.
    CONSTRAINT events_session_check CHECK (char_length(session) <= 36),
    CONSTRAINT events_operation_check CHECK (char_length(operation) <= 200),
    CONSTRAINT events_request_id_check CHECK (char_length(request_id) <= 64),
    CONSTRAINT events_user_agent_check CHECK (char_length(user_agent) <= 256),
    CONSTRAINT events_detail_check CHECK (jsonb_typeof(detail) = 'object' AND char_length(detail::text) <= 16000)
);

-- Events without a user are in it, too: a failed login must take as long for an account as for none. Old events
-- are found by their id, which grows with the time.
CREATE INDEX events_user_id_idx ON ginauth.events (user_id, at DESC);

-- A role that does not own the table cannot switch this off.
-- +goose StatementBegin
CREATE FUNCTION ginauth.refuse_update() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'ginauth.% is append-only', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END
$$;
-- +goose StatementEnd

CREATE TRIGGER events_append_only BEFORE UPDATE ON ginauth.events
    FOR EACH STATEMENT EXECUTE FUNCTION ginauth.refuse_update();

COMMENT ON TABLE ginauth.events IS 'What happened to accounts, and failed logins. Append-only. Contains personal data, of deleted accounts too.';
COMMENT ON COLUMN ginauth.events.user_id IS 'Personal data: whose account. NULL: nobody''s, or that of an address without account.';
COMMENT ON COLUMN ginauth.events.actor_id IS 'Personal data: the user who did it. NULL: not known, or the app''s own code.';
COMMENT ON COLUMN ginauth.events.session IS 'The first digits of the session''s digest, or the public id of a login by refresh tokens. No credential.';
COMMENT ON COLUMN ginauth.events.operation IS 'The handler, or method and route.';
COMMENT ON COLUMN ginauth.events.ip IS 'Personal data: address of the client.';
COMMENT ON COLUMN ginauth.events.user_agent IS 'Personal data: browser of the client.';
COMMENT ON COLUMN ginauth.events.detail IS 'Confidential: more about it, never a secret.';

-- +goose Down
DROP TABLE ginauth.events;
DROP FUNCTION ginauth.refuse_update();
