package embedded_test

import "syscall"

// tempDir is in memory where there is room: the tests write a gigabyte of clusters.
func tempDir() string {
	const memory, enough = "/dev/shm", 2 << 30
	var stat syscall.Statfs_t
	if err := syscall.Statfs(memory, &stat); err != nil || uint64(stat.Bavail)*uint64(stat.Bsize) < enough { //nolint:unconvert // the types differ between machines
		return ""
	}
	return memory
}
