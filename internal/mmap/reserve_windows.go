package mmap

import "golang.org/x/sys/windows"

// reserve commits n bytes as the runtime would and gives them back untouched.
func reserve(n int) bool {
	at, err := windows.VirtualAlloc(0, uintptr(n), windows.MEM_RESERVE|windows.MEM_COMMIT, windows.PAGE_READWRITE)
	return err == nil && windows.VirtualFree(at, 0, windows.MEM_RELEASE) == nil
}
