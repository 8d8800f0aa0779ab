-- +goose Up
-- The sweeper asks for the oldest. Ids do not tell them: a clock that was wrong leaves young ones in front.
CREATE INDEX events_at_idx ON ginauth.events (at);

-- +goose Down
DROP INDEX ginauth.events_at_idx;
