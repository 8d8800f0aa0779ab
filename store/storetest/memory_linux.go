package storetest

import "syscall"

// memory is where Linux keeps files in memory.
const memory = "/dev/shm"

// memoryFolder returns a folder in memory, several times quicker than a disk that others use
// too. It returns none where there is little room, as in a container with its default settings.
func memoryFolder() string {
	const enough = 2 << 30 // bytes: about 200 databases
	var stat syscall.Statfs_t
	err := syscall.Statfs(memory, &stat)
	if err != nil || uint64(stat.Bavail)*uint64(stat.Bsize) < enough { //nolint:gosec,unconvert // sizes are positive; their types differ between machines
		return ""
	}
	dir, err := ownFolder(memory)
	if err != nil {
		return ""
	}
	return dir
}
