package embedded

import "syscall"

// signalOnDeath makes the kernel signal the child when the thread that started it ends.
func signalOnDeath(attr *syscall.SysProcAttr, s syscall.Signal) { attr.Pdeathsig = s }
