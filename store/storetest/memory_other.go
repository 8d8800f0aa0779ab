//go:build !linux

package storetest

// memory is where Linux keeps files in memory.
const memory = "/dev/shm"

// memoryFolder returns nothing: the temporary folder serves.
func memoryFolder() string { return "" }
