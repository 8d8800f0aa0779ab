package engine

import (
	"github.com/ginauth/ginauth/ginauth/driver"
)

// Manager can list sessions and end each of them. It is nil where the sessions' store cannot. An
// API without sessions may still have logins by refresh tokens, where its users are.
func (m *Mount) Manager() driver.Logins {
	keeper := m.Keeper
	if keeper == nil {
		keeper = m.Users
	}
	manager, _ := keeper.(driver.Logins)
	return manager
}

// Epochs can end all sessions of a user at once, wherever they are kept.
func (m *Mount) Epochs() driver.Logins {
	if m.Gorilla != nil && m.Gorilla.Authority != nil {
		manager, _ := m.Users.(driver.Logins)
		return manager
	}
	return m.Manager()
}
