// Package driver defines what a store implements: the records, the interfaces and the errors
// between ginauth and the code that keeps accounts and sessions. It is to ginauth what
// database/sql/driver is to database/sql: apps rarely need it, and a store needs nothing else.
// Package store implements it on PostgreSQL.
package driver
