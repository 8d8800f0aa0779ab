package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/ginauth/ginauth/ginauth/driver"
)

var sessionDelete = command{
	noun: "session", verb: "delete", usage: "[-dry-run] ID… | [-realm REALM] -user EMAIL | [-yes] -all | -expired",
	run: deleteSessions,
}

func deleteSessions(ctx context.Context, e *env, args []string) error {
	set := flags("session delete")
	dry, yes := set.Bool("dry-run", false, ""), set.Bool("yes", false, "")
	all, expired, user := set.Bool("all", false, ""), set.Bool("expired", false, ""), set.String("user", "", "")
	realm := set.String("realm", "", "")
	if err := set.Parse(args); err != nil {
		return errUsage
	}
	ways := 0
	for _, chosen := range []bool{*all, *expired, *user != "", set.NArg() > 0} {
		if chosen {
			ways++
		}
	}
	switch {
	case ways != 1 || *yes && !*all || driver.CheckRealm(*realm) != nil || *realm != "" && *user == "":
		return errUsage
	case *all:
		return e.deleteAll(ctx, *dry, *yes)
	case *expired:
		return e.deleteExpired(ctx, *dry)
	case *user != "":
		return e.deleteOfUser(driver.WithRealm(ctx, *realm), *user, *dry)
	}
	return e.deleteByID(ctx, set.Args(), *dry)
}

func (e *env) report(dry bool, done, would string, counts ...any) {
	text := done
	if dry {
		text = would
	}
	_, _ = fmt.Fprintf(e.out, text+"\n", counts...)
}

func (e *env) deleteAll(ctx context.Context, dry, yes bool) error {
	alive, _, err := e.db.CountSessions(ctx)
	if err != nil {
		return err
	}
	if !dry && !yes && !e.confirm(fmt.Sprintf("This ends all %d sessions, and all logins by refresh tokens, of everybody.", alive)) {
		return errors.New("nothing was ended: the answer was not yes")
	}
	if !dry {
		if err := e.db.RevokeAllSessions(ctx); err != nil {
			return err
		}
	}
	e.report(dry, "%d sessions ended, and all logins by refresh tokens", "%d sessions would end, and all logins by refresh tokens", alive)
	return nil
}

func (e *env) deleteExpired(ctx context.Context, dry bool) error {
	_, n, err := e.db.CountSessions(ctx)
	if err == nil && !dry {
		n, err = e.db.SweepSessions(ctx)
	}
	if err != nil {
		return err
	}
	e.report(dry, "%d ended sessions deleted", "%d ended sessions would be deleted", n)
	return nil
}

func (e *env) deleteOfUser(ctx context.Context, address string, dry bool) error {
	find := e.db.FindUserByUsername
	if strings.Contains(address, "@") {
		find = e.db.FindUserByEmail
	}
	u, err := find(ctx, address)
	if errors.Is(err, driver.ErrNoUser) {
		return errors.New("no user has this address or username")
	}
	if err != nil {
		return err
	}
	sessions, err := e.db.UserSessions(ctx, u.ID)
	if err != nil {
		return err
	}
	logins, err := e.db.UserRefreshFamilies(ctx, u.ID)
	if err == nil && !dry {
		err = e.db.RevokeUserSessions(ctx, u.ID, "")
	}
	if err != nil {
		return err
	}
	e.report(dry, "%d sessions and %d logins by refresh tokens ended", "%d sessions and %d logins by refresh tokens would end", len(sessions), len(logins))
	return nil
}

// deleteByID finds them all before it ends one, so that an argument that is none, such as a flag
// behind the ids, ends nothing.
func (e *env) deleteByID(ctx context.Context, ids []string, dry bool) error {
	found := map[driver.Digest]bool{}
	for _, id := range ids {
		if strings.HasPrefix(id, "-") {
			return errUsage
		}
		_, digest, err := e.db.SessionOwner(ctx, driver.SessionID(id))
		if errors.Is(err, driver.ErrNoSession) {
			return fmt.Errorf("there is no session %q: no session was ended", id)
		}
		if err != nil {
			return err
		}
		found[digest] = true
	}
	if !dry {
		for digest := range found {
			if err := e.db.DeleteSession(ctx, digest); err != nil {
				return err
			}
		}
	}
	e.report(dry, "%d sessions ended", "%d sessions would end", len(found))
	return nil
}
