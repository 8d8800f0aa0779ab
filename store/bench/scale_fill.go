package main

import (
	"context"
	"crypto/sha256"
	"fmt"
	"os"
	"strconv"
	"time"

	"github.com/ginauth/ginauth/ginauth/driver"
)

const (
	sessionsPerUser = 5
	fillBatch       = 250_000
	fillAgent       = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
	fillData        = `{"value": {"string": "User Number 123456"}}`
)

// digestOf is that of session i.
func digestOf(i int) driver.Digest { return sha256.Sum256([]byte("session " + strconv.Itoa(i))) }

// Digests come in no order, as those of tokens do, so that pages and indexes look as after a long
// time of use. Of a cycle of $3 sessions one is live; it was made within the last half an hour.
const fillSessions = `
INSERT INTO ginauth.sessions (digest, id, user_id, data, created_at, authenticated_at, last_seen_at, idle_timeout, expires_at, ip, user_agent)
SELECT sha256(('session ' || i)::bytea), gen_random_uuid(), md5('user ' || i % $4::int)::uuid, $5::jsonb,
	made, made, made, $6::interval, made + $6::interval, '192.0.2.1', $7::text
FROM generate_series($1::int, $2::int - 1) AS i
CROSS JOIN LATERAL (SELECT now() - random() * interval '30 minutes'
	- CASE WHEN i % $3::int = 0 THEN interval '0' ELSE 2 * $6::interval END AS made) AS times`

// fill makes a database with n sessions, of which every liveEvery-th is live.
func fill(ctx context.Context, name string, n, liveEvery int) (*sized, error) {
	began := time.Now()
	s, err := openSized(ctx, name, n)
	if err != nil {
		return nil, err
	}
	conn, err := s.pool.Acquire(ctx)
	if err != nil {
		return nil, err
	}
	defer conn.Release()
	users := max(1, n/sessionsPerUser)
	// The users are there: asking for each session's takes longer than all else.
	if _, err := conn.Exec(ctx, "SET session_replication_role = replica"); err != nil {
		return nil, err
	}
	if _, err := conn.Exec(ctx, `INSERT INTO ginauth.users (id, email, email_canonical, name)
		SELECT md5('user ' || i)::uuid, 'user' || i || '@example.org', 'user' || i || '@example.org', 'User Number ' || i
		FROM generate_series(0, $1::int - 1) AS i`, users); err != nil {
		return nil, err
	}
	for from := 0; from < n; from += fillBatch {
		if _, err := conn.Exec(ctx, fillSessions, from, min(from+fillBatch, n), liveEvery, users, fillData, lifetime, fillAgent); err != nil {
			return nil, err
		}
	}
	for _, sql := range []string{"RESET session_replication_role", "VACUUM ANALYZE", "CHECKPOINT"} {
		if _, err := conn.Exec(ctx, sql); err != nil {
			return nil, err
		}
	}
	fmt.Fprintf(os.Stderr, "bench: %d sessions in %.0f s\n", n, time.Since(began).Seconds())
	return s, nil
}
