package store

import (
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/ginauth/ginauth/ginauth/driver"
)

// WithMail makes the store queue mails to users, in the default language, in the transaction that
// makes a mail necessary. A new user gets a request to prove the address (driver.MailVerify). A
// user whose address is proved is told that the password was changed (driver.MailPassword), that
// there was a login on a new device, unless it was the first device (driver.MailNewBrowser,
// driver.NewSession.NewBrowser), or that a login was ended because a replaced token was used
// (driver.MailReuse). Default: no such mails, because nothing sends them unless email.Flows.Run
// runs somewhere.
func WithMail() Option {
	return func(o *options) { o.notices = true }
}

// SendsMail says whether the store queues mails to users, as with WithMail. ginauth.CheckRoutes
// calls it.
func (s *Sessions) SendsMail() bool { return s.notices }

// A later statement of a batch can see whether a change has succeeded only by what the change has
// left.
const (
	ifPasswordIs = ` AND EXISTS (SELECT 1 FROM ginauth.users AS u WHERE u.id = $1::uuid AND u.password_hash = $2::text)`

	tellUser = intoOutbox + `
SELECT $1::uuid, $3::text, u.id, ` + toldAddress + `, '', clock.now, clock.now
` + toldUser + ` AND ` + canBeTold + ` AND `

	tellOfPassword = tellUser + passwordIs5 + orCountRequest
	tellOfDevice   = tellUser + `EXISTS (SELECT 1 FROM ginauth.sessions AS s WHERE s.digest = $5::bytea AND s.user_id = u.id)
	AND EXISTS (SELECT 1 FROM ginauth.known_devices AS d WHERE d.user_id = u.id)` + orCountRequest

	toldAddress = `u.email, u.email_canonical, u.realm`
	canBeTold   = `u.verified_at IS NOT NULL AND u.email IS NOT NULL`
	toldUser    = `FROM ginauth.users AS u
CROSS JOIN ` + theClock + `
WHERE u.id = $4::uuid`
	endedUser   = `JOIN ginauth.users AS u ON u.id = ended.user_id`
	passwordIs5 = `u.password_hash = $5::text`
)

// tellOfReuse queues a notice about logins that the statement has ended. A mail's id is
// ended.notice; NULL means no mail.
const tellOfReuse = intoOutbox + `
	SELECT ended.notice, '` + string(driver.MailReuse) + `', u.id, ` + toldAddress + `, '', ended.now, ended.now
	FROM ended
	` + endedUser + `
	WHERE ended.notice IS NOT NULL AND ` + canBeTold + orCountRequest

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

// tell queues a notice if the store has WithMail and the change has succeeded. Proof is the last
// argument of the statement.
func (s *Sessions) tell(b *pgx.Batch, statement string, k driver.MailKind, user pgtype.UUID, proof any) error {
	if !s.notices {
		return nil
	}
	id, err := uuid.NewRandom()
	if err != nil {
		return fmt.Errorf("queueing a notice: making its id: %w", err)
	}
	b.Queue(s.sql(statement), id.String(), s.clock(), string(k), user, proof)
	return nil
}

// tellsOf says whether a notice about a login is needed.
func (s *Sessions) tellsOf(n driver.NewSession) bool {
	return s.notices && n.NewBrowser && n.UserID != ""
}
