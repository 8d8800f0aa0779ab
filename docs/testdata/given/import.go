package given

var members []struct {
	ID, Mail, Name, Hash string
	Confirmed            bool
}
