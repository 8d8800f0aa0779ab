// Package driver has what a store implements: the records, the interfaces and the errors between ginauth and whatever
// keeps accounts and sessions. It is to ginauth what database/sql/driver is to database/sql: apps rarely need it, and
// a store needs nothing else. Package store is one on PostgreSQL.
package driver
