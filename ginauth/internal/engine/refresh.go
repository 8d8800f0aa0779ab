package engine

// Refresh makes CurrentUser answer with the user as changed.
func (st *State) Refresh(user any) {
	st.mu.Lock()
	defer st.mu.Unlock()
	st.proof.User = user
}
