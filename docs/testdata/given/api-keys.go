package given

var keys apikey.Keys[User]
