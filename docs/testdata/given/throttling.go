package given

var form struct{ Email string }
