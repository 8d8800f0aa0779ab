package given

type User struct {
	ID, Email string
	Disabled  bool
}

func openEmpty(t *testing.T) *sql.DB { return nil }
