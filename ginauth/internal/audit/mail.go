package audit

// mails finds a store that queues mails to users, in a router without handlers of package email.
func (a audit) mails() []string {
	writes := false
	for _, r := range a.routes {
		for _, h := range r.handlers {
			if h.Mails {
				return nil
			}
			if h.mount != nil {
				writes = writes || h.facts.SendsMail
			}
		}
	}
	if !writes {
		return nil
	}
	return []string{"the store was made with WithMail, but no route is of package email, so that its links lead nowhere: mount email.VerifyEmail and run email.Flows.Run, or leave WithMail out"}
}
