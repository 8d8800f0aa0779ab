// Package engine does the work of a request: it finds the session and the user, saves changes
// before the first byte of the answer, and answers. Packages ginauth, account and flow are its
// public side.
//
// A [Mount] is the compiled form of options. A [State] is what one request knows. Neither has a
// type parameter: a user is a *U inside an any, and an [Edge], which package ginauth implements,
// gives it its type.
package engine
