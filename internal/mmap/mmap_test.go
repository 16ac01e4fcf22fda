package mmap

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"testing"
	"unsafe"
)

// write makes a file of n bytes, each its offset's low byte.
func write(t testing.TB, n int) (path string, data []byte) {
	t.Helper()
	data = make([]byte, n)
	for i := range data {
		data[i] = byte(i ^ i>>8)
	}
	path = filepath.Join(t.TempDir(), "x.ann")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path, data
}

func open(t testing.TB, path string, o Options) *Map {
	t.Helper()
	m, err := Open(path, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = m.Close() })
	return m
}

func TestOpenReadsEverySizeWithEveryOption(t *testing.T) {
	page := os.Getpagesize()
	for _, n := range []int{0, 1, 7, 8, 9, page - 1, page, page + 1, 5*page + 3} {
		path, want := write(t, n)
		for _, o := range []Options{{}, {Prefault: true}, {Advice: Random}, {Advice: Sequential}, {Advice: WillNeed}, {Prefault: true, Advice: Random}, {Resident: true}, {KeepOpen: true}} {
			m := open(t, path, o)
			got := m.Bytes()
			if !bytes.Equal(got, want) {
				t.Fatalf("%d bytes with %+v: other bytes", n, o)
			}
			if n > 0 && uintptr(unsafe.Pointer(&got[0]))%8 != 0 {
				t.Fatalf("%d bytes with %+v: not aligned to 8", n, o)
			}
			if runtime.GOOS == "linux" && m.Mapped() != (n > 0 && !o.Resident) {
				t.Fatalf("%d bytes: Mapped() = %v", n, m.Mapped())
			}
			if file := m.File(); (file != nil) != o.KeepOpen {
				t.Fatalf("with %+v the file is %v", o, file)
			} else if file != nil {
				part := make([]byte, n)
				if _, err := file.ReadAt(part, 0); err != nil || !bytes.Equal(part, want) {
					t.Fatalf("%d bytes read from the file: %v", n, err)
				}
			}
			ReadAhead(got)
			for range 2 {
				if err := m.Close(); err != nil {
					t.Fatal(err)
				}
			}
			if m.Bytes() != nil || m.Mapped() {
				t.Fatal("bytes after Close")
			}
		}
	}
}

// The way of the systems without mappings, on all systems.
func TestReadFile(t *testing.T) {
	for _, n := range []int{1, 8, 4097} {
		path, want := write(t, n)
		f, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if _, err := f.Seek(1, io.SeekStart); err != nil {
			t.Fatal(err)
		}
		m, err := readFile(f, n)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(m.Bytes(), want) || m.Mapped() || uintptr(unsafe.Pointer(&m.Bytes()[0]))%8 != 0 {
			t.Fatalf("%d bytes: got %d, mapped %v", n, len(m.Bytes()), m.Mapped())
		}
		if err := m.Close(); err != nil {
			t.Fatal(err)
		}
		var fault *FaultError
		if _, err := readFile(f, n+1); !errors.As(err, &fault) || fault.Offset != int64(n) {
			t.Fatalf("a file that is shorter than its size: %v", err)
		}
	}
}

func TestOpenRefuses(t *testing.T) {
	dir := t.TempDir()
	check := func(path string, o Options, want string) {
		t.Helper()
		m, err := Open(path, o)
		if err == nil {
			_ = m.Close()
			t.Errorf("Open(%q, %+v) succeeded", path, o)
		} else if !strings.HasPrefix(err.Error(), "annoy: ") || !strings.Contains(err.Error(), want) {
			t.Errorf("Open(%q, %+v): %v; want it to say %q", path, o, err, want)
		}
	}
	check(dir, Options{}, "directory")
	check(filepath.Join(dir, "missing"), Options{}, "missing")
	if _, err := Open(filepath.Join(dir, "missing"), Options{}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a missing file gives %v", err)
	}
	if runtime.GOOS == "linux" {
		check("/dev/zero", Options{}, "not a regular file")
	}
	path, _ := write(t, 1)
	check(path, Options{Advice: 99}, "advice 99")
	check(path, Options{Advice: -1}, "advice -1")
}

func TestMappingKeepsAReplacedFile(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("nothing is mapped on windows")
	}
	path, want := write(t, 3*os.Getpagesize())
	m := open(t, path, Options{})
	other := path + ".new"
	if err := os.WriteFile(other, []byte("new"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(other, path); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(m.Bytes(), want) {
		t.Fatal("the mapping of a replaced file changed")
	}
}

// sumFrom reads as a search does, under the guard.
func sumFrom(data []byte, from int) (sum int, err error) {
	prev := debug.SetPanicOnFault(true)
	defer Recover(prev, data, &err)
	for _, b := range data[from:] {
		sum += int(b)
	}
	return sum, nil
}

// panicOnFault tells this goroutine's setting.
func panicOnFault() bool {
	now := debug.SetPanicOnFault(false)
	debug.SetPanicOnFault(now)
	return now
}

func TestRecoverLetsOtherPanicsGo(t *testing.T) {
	path, _ := write(t, 100)
	m := open(t, path, Options{})
	other := make([]byte, 8)
	run := func(section func()) (r any, err error) {
		defer func() { r = recover() }()
		func() {
			prev := debug.SetPanicOnFault(true)
			defer Recover(prev, m.Bytes(), &err)
			section()
		}()
		return nil, err
	}
	boom := errors.New("boom")
	if r, err := run(func() { panic(boom) }); r != any(boom) || err != nil {
		t.Errorf("panic(boom) came out as %v, error %v", r, err)
	}
	if r, err := run(func() { _ = other[len(m.Bytes())] }); err != nil {
		t.Errorf("an index out of range became the error %v", err)
	} else if e, ok := r.(runtime.Error); !ok || !strings.Contains(e.Error(), "out of range") {
		t.Errorf("an index out of range came out as %v", r)
	}
	if r, err := run(func() {
		var p *int
		_ = *p
	}); err != nil {
		t.Errorf("a nil pointer became the error %v", err)
	} else if e, ok := r.(runtime.Error); !ok || !strings.Contains(e.Error(), "nil pointer") {
		t.Errorf("a nil pointer came out as %v", r)
	}
	if panicOnFault() {
		t.Error("SetPanicOnFault was not given back")
	}
	// A guard inside a guard leaves the outer one on.
	outer := debug.SetPanicOnFault(true)
	defer debug.SetPanicOnFault(outer)
	if _, err := run(func() {}); err != nil {
		t.Error(err)
	}
	if !panicOnFault() {
		t.Error("an inner guard switched the outer one off")
	}
}

func TestGuardAllocatesNothing(t *testing.T) {
	data := make([]byte, 8)
	if n := testing.AllocsPerRun(100, func() { _, _ = sumFrom(data, 8) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkGuard(b *testing.B) {
	data := make([]byte, 8)
	b.ReportAllocs()
	for b.Loop() {
		_, _ = sumFrom(data, 8)
	}
}

func TestCanReserve(t *testing.T) {
	for _, n := range []int64{0, 1, worthAsking - 1} {
		if !CanReserve(n) {
			t.Errorf("%d bytes are refused", n)
		}
	}
	for _, n := range []int64{-1, math.MinInt64, 1 << 53, math.MaxInt64 - 1, math.MaxInt64} {
		if CanReserve(n) {
			t.Errorf("%d bytes are promised", n)
		}
	}
	if strconv.IntSize == 64 && runtime.GOARCH != "wasm" && !CanReserve(worthAsking) {
		t.Logf("%d bytes are refused", worthAsking) // as a limit of the process may
	}
}
