// Package store keeps users and sessions in PostgreSQL.
package store
