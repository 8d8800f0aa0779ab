package memory

import (
	"bytes"
	"cmp"
	"errors"
	"slices"
	"time"

	"github.com/ginauth/ginauth/ginauth/driver"
)

// device is a known browser, as long as its epoch equals that of its user's sessions.
type device struct {
	key               driver.LimitKey
	user              driver.UserID
	epoch             int64
	failures          int
	lastUsed, expires time.Time
}

// knownDevice returns the device on which the attempt is counted, or nil.
func (s *Store[U]) knownDevice(g driver.GuessLimit, now time.Time) *device {
	d := s.devices[g.Browser]
	if d == nil || d.failures >= g.MaxOnBrowser || !d.expires.After(now) || d.epoch != s.deviceEpoch(d.user) {
		return nil
	}
	return d
}

// deviceEpoch returns the epoch of the user's sessions, even if the user is disabled.
func (s *Store[U]) deviceEpoch(user driver.UserID) int64 {
	if a := s.users[user]; a != nil {
		return s.everybody + a.epoch
	}
	return -1
}

func (s *Store[U]) useDevice(k driver.LimitKey, keep time.Duration, now time.Time) (known bool) {
	d := s.devices[k]
	if d == nil {
		return false
	}
	d.failures, d.lastUsed, d.expires = 0, now, now.Add(keep)
	return true
}

func (s *Store[U]) rememberDevice(done driver.Settlement, now time.Time) (known bool, err error) {
	a := s.users[done.User]
	if a == nil || done.Identifier != "" && s.identified(a.realm, done.Identifier) != a && !s.isExternal() {
		return false, nil
	}
	if s.devices[done.Browser] != nil {
		return false, errors.New("settling an attempt: the device exists already")
	}
	if err := s.room(len(s.devices)); err != nil {
		return false, err
	}
	list := s.devicesOf(done.User)
	for i, d := range list {
		if i >= done.Limit-1 || d.epoch != s.deviceEpoch(done.User) || !d.expires.After(now) {
			delete(s.devices, d.key)
		}
	}
	s.devices[done.Browser] = &device{
		key: done.Browser, user: done.User, epoch: s.deviceEpoch(done.User), lastUsed: now, expires: now.Add(done.Keep),
	}
	return true, nil
}

// devicesOf returns the user's devices, the one used last first.
func (s *Store[U]) devicesOf(user driver.UserID) (list []*device) {
	for _, d := range s.devices {
		if d.user == user {
			list = append(list, d)
		}
	}
	slices.SortFunc(list, func(a, b *device) int {
		return cmp.Or(cmp.Compare(b.epoch, a.epoch), b.lastUsed.Compare(a.lastUsed), bytes.Compare(a.key[:], b.key[:]))
	})
	return list
}

func (s *Store[U]) hasDevice(user driver.UserID) bool { return len(s.devicesOf(user)) > 0 }

func (s *Store[U]) forgetDevices(user driver.UserID) {
	for _, d := range s.devicesOf(user) {
		delete(s.devices, d.key)
	}
}
