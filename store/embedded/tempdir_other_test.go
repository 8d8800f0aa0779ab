//go:build !linux

package embedded_test

func tempDir() string { return "" }
