package given

var old struct{ Name, Email, PasswordHash string }
