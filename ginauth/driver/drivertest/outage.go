package drivertest

import (
	"context"
	"errors"
	"maps"
	"time"

	"github.com/ginauth/ginauth/ginauth/driver"
)

func outageGroup[U any]() group[U] {
	return group[U]{"Outage", func(any) bool { return true }, map[string]func(*env[U]){
		"calls out of time are ErrUnavailable and change nothing": outOfTime[U],
		"a store that cannot answer is ErrUnavailable":            cannotAnswer[U],
	}}
}

// answers are the contract's errors that somebody could take for an answer.
var answers = []error{
	driver.ErrNoUser, driver.ErrNoSession, driver.ErrNoAPIKey, driver.ErrNoEmailToken, driver.ErrNoMail, driver.ErrIdentifierTaken,
	driver.ErrTokenReused, driver.ErrTooManyAPIKeys,
}

func outOfTime[U any](e *env[U]) {
	over, cancel := context.WithDeadline(e.Context(), time.Unix(0, 0))
	defer cancel()
	id, n := e.user()
	s := e.login(id)
	for name, call := range e.calls(id, s) {
		e.isUnavailable(name, call(over))
	}
	e.alive("a session after calls out of time", true, s.Digest)
	if u, h, err := e.Store.FindCredential(e.Context(), n.Canonical); err != nil || e.Account(u).Disabled || !h.Equal(n.Hash) {
		e.Errorf("a user after calls out of time: %+v, %v", e.Account(u), err)
	}
}

func cannotAnswer[U any](e *env[U]) {
	if e.Outage == nil {
		e.Skip("Subject.Outage is not set")
	}
	id, _ := e.user()
	s := e.login(id)
	end := e.Outage()
	for name, call := range e.calls(id, s) {
		e.isUnavailable(name, call(e.Context()))
	}
	end()
	e.alive("after the outage", true, s.Digest)
}

func (e *env[U]) isUnavailable(name string, err error) {
	e.Helper()
	if !errors.Is(err, driver.ErrUnavailable) {
		e.Errorf("%s: got the error %v, want ErrUnavailable", name, err)
	}
	for _, answer := range answers {
		if errors.Is(err, answer) {
			e.Errorf("%s: the error %v is an answer too: %v", name, err, answer)
		}
	}
}

// calls are all methods that the store has. None of them may change anything.
func (e *env[U]) calls(id driver.UserID, s driver.Session) map[string]func(context.Context) error {
	calls := map[string]func(context.Context) error{
		"FindSession":   func(ctx context.Context) error { _, err := e.sessions.FindSession(ctx, s.Digest); return err },
		"CreateSession": func(ctx context.Context) error { _, err := e.sessions.CreateSession(ctx, newSession(id)); return err },
		"UpdateSession": func(ctx context.Context) error {
			_, err := e.sessions.UpdateSession(ctx, s.Digest, driver.SessionChange{Digest: newDigest()})
			return err
		},
		"DeleteSession": func(ctx context.Context) error { return e.sessions.DeleteSession(ctx, s.Digest) },
		"FindRotated":   func(ctx context.Context) error { _, err := e.sessions.FindRotated(ctx, newDigest()); return err },
	}
	if users, ok := as[driver.Users[U]](e); ok {
		calls["FindUser"] = func(ctx context.Context) error { _, err := users.FindUser(ctx, id); return err }
		calls["FindCredential"] = func(ctx context.Context) error { _, _, err := users.FindCredential(ctx, "x@example.com"); return err }
		calls["CreateUser"] = func(ctx context.Context) error { _, err := users.CreateUser(ctx, e.newUser(), nil); return err }
		calls["ReplaceHash"] = func(ctx context.Context) error { return users.ReplaceHash(ctx, id, hash('a'), hash('b')) }
	}
	if finder, ok := as[driver.SessionFinder[U]](e); ok {
		calls["FindUserSession"] = func(ctx context.Context) error { _, _, err := finder.FindUserSession(ctx, s.Digest); return err }
	}
	if limiter, ok := as[driver.Limiter](e); ok {
		calls["CountAttempt"] = func(ctx context.Context) error {
			_, err := limiter.CountAttempt(ctx, guessAt(newKey(), newKey()))
			return err
		}
		calls["SettleAttempt"] = func(ctx context.Context) error {
			_, err := limiter.SettleAttempt(ctx, driver.Settlement{Attempt: guessAt(newKey(), newKey())})
			return err
		}
	}
	if logins, ok := as[driver.Logins](e); ok {
		calls["UserSessions"] = func(ctx context.Context) error { _, err := logins.UserSessions(ctx, id); return err }
		calls["RevokeSession"] = func(ctx context.Context) error { return logins.RevokeSession(ctx, id, s.ID) }
		calls["RevokeUserSessions"] = func(ctx context.Context) error { return logins.RevokeUserSessions(ctx, id, "") }
		calls["RevokeAllSessions"] = logins.RevokeAllSessions
	}
	maps.Copy(calls, e.featureCalls(id))
	return calls
}

func (e *env[U]) featureCalls(id driver.UserID) map[string]func(context.Context) error {
	calls := map[string]func(context.Context) error{}
	if accounts, ok := as[driver.Accounts[U]](e); ok {
		calls["SetPassword"] = func(ctx context.Context) error {
			_, err := accounts.SetPassword(ctx, driver.PasswordChange{UserID: id, Old: hash('a'), New: hash('b')})
			return err
		}
		calls["UpdateUser"] = func(ctx context.Context) error { _, err := accounts.UpdateUser(ctx, id, nil, nil); return err }
		calls["ArchiveUser"] = func(ctx context.Context) error { _, err := accounts.ArchiveUser(ctx, id, time.Hour); return err }
		calls["FindArchived"] = func(ctx context.Context) error { _, _, err := accounts.FindArchived(ctx, "x@example.com"); return err }
		calls["RestoreUser"] = func(ctx context.Context) error { _, err := accounts.RestoreUser(ctx, id, hash('a')); return err }
		calls["ExportUser"] = func(ctx context.Context) error { _, err := accounts.ExportUser(ctx, id); return err }
	}
	if external, ok := as[driver.External](e); ok && e.external {
		calls["DisableUser"] = func(ctx context.Context) error { return external.DisableUser(ctx, id) }
		calls["EnableUser"] = func(ctx context.Context) error { return external.EnableUser(ctx, id) }
		calls["ForgetUser"] = func(ctx context.Context) error { return external.ForgetUser(ctx, id) }
		calls["ExportUser"] = func(ctx context.Context) error { _, err := external.ExportUser(ctx, id); return err }
	}
	if authority, ok := as[driver.Authority[U]](e); ok {
		calls["AdmitSession"] = func(ctx context.Context) error { _, err := authority.AdmitSession(ctx, newSession(id)); return err }
		calls["FindAdmitted"] = func(ctx context.Context) error {
			_, _, err := authority.FindAdmitted(ctx, id, newDigest(), 1)
			return err
		}
	}
	if checker, ok := as[driver.SessionChecker[U]](e); ok {
		calls["FindTokenUser"] = func(ctx context.Context) error {
			_, err := checker.FindTokenUser(ctx, id, "0190b0e2-6c1c-7f3a-9d1e-1f0f3c2a7b55")
			return err
		}
	}
	if events, ok := as[driver.EventLog](e); ok {
		calls["RecordEvent"] = func(ctx context.Context) error {
			return events.RecordEvent(ctx, driver.Event{Kind: driver.LoginFailed, Outcome: driver.Failure})
		}
		calls["UserEvents"] = func(ctx context.Context) error { _, err := events.UserEvents(ctx, id, time.Time{}, 1); return err }
	}
	if keys, ok := as[driver.APIKeys[U]](e); ok {
		calls["CreateAPIKey"] = func(ctx context.Context) error { _, err := keys.CreateAPIKey(ctx, newAPIKey(id)); return err }
		calls["FindAPIKey"] = func(ctx context.Context) error { _, _, err := keys.FindAPIKey(ctx, newDigest()); return err }
		calls["UserAPIKeys"] = func(ctx context.Context) error { _, err := keys.UserAPIKeys(ctx, id); return err }
	}
	if tokens, ok := as[driver.RefreshTokens](e); ok {
		k := newFamily(id).Key
		calls["CreateRefreshFamily"] = func(ctx context.Context) error { _, err := tokens.CreateRefreshFamily(ctx, newFamily(id)); return err }
		calls["FindRefreshFamily"] = func(ctx context.Context) error { _, err := tokens.FindRefreshFamily(ctx, k); return err }
		calls["RotateRefreshToken"] = func(ctx context.Context) error { _, err := tokens.RotateRefreshToken(ctx, next(k)); return err }
		calls["UserRefreshFamilies"] = func(ctx context.Context) error { _, err := tokens.UserRefreshFamilies(ctx, id); return err }
	}
	if mails, ok := as[driver.Mails[U]](e); ok {
		calls["ClaimMail"] = func(ctx context.Context) error { _, err := mails.ClaimMail(ctx, 1, time.Minute); return err }
		calls["FindEmailToken"] = func(ctx context.Context) error {
			_, _, err := mails.FindEmailToken(ctx, driver.MailLogin, newDigest())
			return err
		}
	}
	return calls
}
