package engine

import (
	"github.com/gin-contrib/sessions"
)

// tellsUser says whether RetrieveUser may find the user by this value. The caller holds mu.
func (st *State) tellsUser(key string) bool {
	unread := st.Mount.Retrieve != nil && st.userKeys == nil
	return unread || st.userKeysAll || st.userKeys[key]
}

// readUserKeys calls RetrieveUser once before a session changes, to record which values it reads.
func (st *State) readUserKeys() {
	if !st.life.enter() {
		return
	}
	defer st.life.leave()
	st.mu.Lock()
	skip := st.Mount.Retrieve == nil || st.userKeys != nil || st.fresh || !st.hasToken || !st.values.Changed()
	st.mu.Unlock()
	if !skip {
		st.Mount.Retrieve(st.writer.context, st)
	}
}

// Retrieves returns the session for a call of RetrieveUser, and records the values that it reads
// until done is called.
func (st *State) Retrieves() (session sessions.Session, done func()) {
	st.mu.Lock()
	defer st.mu.Unlock()
	st.retrieving++
	if st.userKeys == nil {
		st.userKeys = map[string]bool{}
	}
	return &st.session, func() {
		st.mu.Lock()
		defer st.mu.Unlock()
		st.retrieving--
	}
}
