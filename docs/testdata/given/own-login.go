package given

var secondForm struct {
	Email, Password, Code string
}

var form = secondForm

func checkSecondStep(ctx context.Context, u User, code string) error { return nil }
