package given

var signingKey, encryptionKey []byte
