// Package authtest is what the tests of ginauth and of the packages below it share: a clock, a log, a browser of a
// handler, and the check of a problem. It does not import ginauth, so that ginauth's internal tests can use it.
package authtest
