package mmap

import (
	"errors"
	"os"
	"testing"
)

func TestTruncatedFileIsAnError(t *testing.T) {
	page := os.Getpagesize()
	path, _ := write(t, 4*page)
	m := open(t, path, Options{})
	if _, err := sumFrom(m.Bytes(), 0); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(path, int64(page)); err != nil {
		t.Fatal(err)
	}
	for range 3 { // and again: a fault leaves the process whole
		_, err := sumFrom(m.Bytes(), 3*page)
		var fault *FaultError
		if !errors.As(err, &fault) || !errors.Is(err, ErrFault) {
			t.Fatalf("reading page 3 of a file of one page: %v", err)
		}
		if fault.Offset != int64(3*page) {
			t.Fatalf("the fault is said to be at %d, it is at %d", fault.Offset, 3*page)
		}
	}
	if _, err := sumFrom(m.Bytes()[:page], 0); err != nil {
		t.Fatalf("the page that is left: %v", err)
	}
	if panicOnFault() {
		t.Fatal("SetPanicOnFault was not given back")
	}
	err := touch(m.Bytes())
	var fault *FaultError
	if !errors.As(err, &fault) || fault.Offset != int64(page) {
		t.Fatalf("touch: %v, want a fault at %d", err, page)
	}
	if err := prefault(m.Bytes()); !errors.As(err, &fault) || fault.Offset != int64(page) {
		t.Fatalf("prefault: %v, want a fault at %d", err, page)
	}
}
