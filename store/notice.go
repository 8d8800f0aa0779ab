package store

import (
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/ginauth/ginauth/ginauth/driver"
)

// WithMail makes the store write to users, by itself, in the transaction that made it necessary and in the
// default language: to a new user, for the proof of the address (driver.MailVerify); and to one whose address is
// proved, that the password was changed (driver.MailPassword), that there was a login on a new device
// (driver.MailDevice, driver.NewSession.NewDevice) when they had been seen on another before, or that a login was ended because a
// token of it was used after it had been replaced (driver.MailReuse). Default: no such
// mails, since without email.Flows.Run somewhere nobody sends them.
func WithMail() Option {
	return func(o *options) { o.notices = true }
}

// SendsMail says whether the store writes mails to users by itself, as WithMail asks for. ginauth.CheckRoutes
// asks it.
func (s *Sessions) SendsMail() bool { return s.notices }

// What follows a change in its batch cannot see whether that came about but by what it left.
const (
	ifPasswordIs = ` AND EXISTS (SELECT 1 FROM ginauth.users AS u WHERE u.id = $1::uuid AND u.password_hash = $2::text)`

	tellUser = intoOutbox + `
SELECT $1::uuid, $3::text, u.id, u.email, u.email_canonical, '', clock.now, clock.now
FROM ginauth.users AS u
CROSS JOIN ` + theClock + `
WHERE u.id = $4::uuid AND u.verified_at IS NOT NULL AND `

	tellOfPassword = tellUser + `u.password_hash = $5::text` + orCountRequest
	tellOfDevice   = tellUser + `EXISTS (SELECT 1 FROM ginauth.sessions AS s WHERE s.digest = $5::bytea AND s.user_id = u.id)
	AND EXISTS (SELECT 1 FROM ginauth.known_devices AS d WHERE d.user_id = u.id)` + orCountRequest
)

// tellOfReuse queues a notice about logins that the statement has ended, whose mails have the id ended.notice, NULL for none.
const tellOfReuse = intoOutbox + `
	SELECT ended.notice, '` + string(driver.MailReuse) + `', u.id, u.email, u.email_canonical, '', ended.now, ended.now
	FROM ended
	JOIN ginauth.users AS u ON u.id = ended.user_id
	WHERE ended.notice IS NOT NULL AND u.verified_at IS NOT NULL` + orCountRequest

// reuseNotice is the id of a mail of tellOfReuse.
func (s *Sessions) reuseNotice() (any, error) {
	if !s.notices {
		return nil, nil //nolint:nilnil // NULL
	}
	id, err := uuid.NewRandom()
	if err != nil {
		return nil, fmt.Errorf("queueing a notice: making its id: %w", err)
	}
	return id.String(), nil
}

// tell queues a notice, if the store is to do so and what it tells of came about; proof is the last argument
// of the statement.
func (s *Sessions) tell(b *pgx.Batch, statement string, k driver.MailKind, user pgtype.UUID, proof any) error {
	if !s.notices {
		return nil
	}
	id, err := uuid.NewRandom()
	if err != nil {
		return fmt.Errorf("queueing a notice: making its id: %w", err)
	}
	b.Queue(statement, id.String(), s.clock(), string(k), user, proof)
	return nil
}

// tellsOf says whether a login is to be told of.
func (s *Sessions) tellsOf(n driver.NewSession) bool {
	return s.notices && n.NewDevice && n.UserID != ""
}
