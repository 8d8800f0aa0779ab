package audit

// verification finds a policy for users who are not verified, in a router where nobody can get
// verified.
func (a audit) verification() []string {
	wanted := false
	for _, r := range a.routes {
		for _, h := range r.handlers {
			if h.ProvesAddress {
				return nil
			}
			// With exceptions, one of them may be a route of the app that verifies users.
			wanted = wanted || h.IsSession() && h.facts.WantsVerified && len(h.UnverifiedMay) == 0
		}
	}
	if !wanted {
		return nil
	}
	return []string{"Options.Unverified refuses users who are not verified, but no route verifies them: mount email.VerifyEmail, or name the app's own route in UnverifiedMay"}
}
