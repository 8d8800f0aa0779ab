package audit

// backends finds orders of backends in which one backend keeps another from being asked.
func (a audit) backends() (faults []string) {
	seen := map[Mount]bool{}
	for _, r := range a.routes {
		for _, session := range r.sessions {
			if seen[session.mount] {
				continue
			}
			seen[session.mount] = true
			schemes := session.Schemes
			for i := range schemes {
				for _, later := range schemes[i+1:] {
					if reason := schemes[i].Shadows(later); reason != "" {
						faults = append(faults, reason)
					}
				}
			}
		}
	}
	return faults
}
