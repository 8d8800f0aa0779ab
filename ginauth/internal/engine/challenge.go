package engine

import (
	"slices"

	"github.com/gin-gonic/gin"
)

// Add appends a backend, with what answers say about it.
func (m *Mount) Add(p Provider) {
	m.Providers = append(m.Providers, p)
	if challenge := p.Scheme.Challenge(); !slices.Contains(m.challenges, challenge) {
		m.challenges = append(m.challenges, challenge)
	}
	if header := p.Scheme.Header(); !slices.Contains(m.varies, header) {
		m.varies = append(m.varies, header)
	}
	m.ambient = m.ambient || p.Scheme.Ambient()
}

// challenged are the challenges of a 401. A bearer token that was refused is named as such (RFC
// 6750, 3.1).
func (m *Mount) challenged(refusedBy int32) []string {
	if refusedBy == 0 || !m.Providers[refusedBy-1].Scheme.Bearer() {
		return m.challenges
	}
	refused := m.Providers[refusedBy-1].Scheme.Challenge()
	list := slices.Clone(m.challenges)
	for i := range list {
		if list[i] == refused {
			list[i] += `, error="invalid_token"`
		}
	}
	return list
}

// refuser is the provider that refused the request's credentials, counted from one; zero is none.
func refuser(c *gin.Context) int32 {
	if st := Attached(c); st != nil {
		return st.refusedBy.Load()
	}
	return 0
}
