package store

import (
	"github.com/jackc/pgx/v5/pgtype"
)

// mailStatements are the statements about mails, and about passwords that mails replace, which read
// or write the row that has the address and the password.
type mailStatements struct {
	findToken, findPending, takeToken                                 string
	prove, proveAndWipe, resetPassword, changeAddress, restoreAddress string
	restoreArchived, findRecipient, lockMail, isTaken, forcePassword  string
	// moving returns the arguments of changeAddress and restoreAddress.
	moving func(user pgtype.UUID, clock any, typed, canonical string) []any

	// An app's own table needs two statements more, since the user's key is in another row. They
	// are empty for our users.
	findOwner, lockRow string
}

func newMailStatements(columns string) mailStatements {
	return mailStatements{
		findToken:       `SELECT t.email, ` + columns + findEmailTokenFrom,
		findPending:     findPending,
		takeToken:       takeToken,
		prove:           proveAddress,
		proveAndWipe:    proveAndWipe,
		resetPassword:   resetPassword,
		changeAddress:   changeAddress,
		restoreAddress:  restoreAddress,
		restoreArchived: restoreArchived,
		findRecipient:   `SELECT ` + columns + findRecipient,
		lockMail:        lockMail,
		isTaken:         isTaken,
		forcePassword:   forcePassword,
		moving: func(user pgtype.UUID, clock any, typed, canonical string) []any {
			return []any{user, clock, typed, canonical}
		},
	}
}
