-- +goose Up
-- The sweeper asks for the oldest. Ids do not tell them: a clock that was wrong leaves young ones in front.
CREATE INDEX events_at_idx ON ginauth.events (at);

-- Whoever exports what is held about them has the mails, too, that anybody asked to have sent to their address.
CREATE INDEX outbox_email_canonical_idx ON ginauth.outbox (email_canonical)
    WHERE user_id IS NULL;

-- +goose Down
DROP INDEX ginauth.outbox_email_canonical_idx;
DROP INDEX ginauth.events_at_idx;
