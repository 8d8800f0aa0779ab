package engine

import (
	"github.com/gin-contrib/sessions"
)

// tellsUser says whether RetrieveUser may know the user by this value. The caller holds mu.
func (st *State) tellsUser(key string) bool {
	unread := st.Mount.Retrieve != nil && st.userKeys == nil
	return unread || st.userKeysAll || st.userKeys[key]
}

// readUserKeys lets RetrieveUser read a session that is about to change, unless it has done so in this request.
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

// Retrieves returns the session for a call of RetrieveUser, and notes which of its values that reads until done.
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
