package engine

const SessionScheme = "sessionCookie"
