package hdf5

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// From the comments of Jenkins' lookup3.c, driver5.
func TestLookup3(t *testing.T) {
	for text, want := range map[string]uint32{"": 0xdeadbeef, "Four score and seven years ago": 0x17770551} {
		if got := lookup3([]byte(text)); got != want {
			t.Errorf("%q: %#x, want %#x", text, got, want)
		}
	}
}

func testdata(t testing.TB) map[string][]byte {
	paths, err := filepath.Glob("../../testdata/hdf5/*.hdf5")
	if err != nil || len(paths) < 10 {
		t.Fatal("no files in testdata/hdf5", err)
	}
	files := map[string][]byte{}
	for _, p := range paths {
		if files[filepath.Base(p)], err = os.ReadFile(p); err != nil {
			t.Fatal(err)
		}
	}
	return files
}

// A wrong byte in the superblock or the root group's header of a file that
// has checksums is found by them, whatever it says.
func TestChecksums(t *testing.T) {
	data := testdata(t)["ann_latest.hdf5"]
	header := bytes.Index(data, []byte("OHDR"))
	if header < 0 {
		t.Fatal("no object header")
	}
	for _, at := range []int{20, 36, header + 30, header + 40} {
		bad := bytes.Clone(data)
		bad[at] ^= 1
		var e *Error
		if _, err := Open(bytes.NewReader(bad), int64(len(bad))); !errors.As(err, &e) || !strings.Contains(err.Error(), "checksum") {
			t.Errorf("byte %d: %v", at, err)
		}
		// So too for every other byte of them, with another error maybe.
	}
	for at := range 48 {
		bad := bytes.Clone(data)
		bad[at] ^= 1
		if _, err := Open(bytes.NewReader(bad), int64(len(bad))); err == nil {
			t.Errorf("byte %d of the superblock is wrong, and the file opens", at)
		}
	}
}

// A B-tree whose node is its own child, and a header that continues in itself.
func TestCircles(t *testing.T) {
	data := bytes.Clone(testdata(t)["many.hdf5"])
	tree := bytes.Index(data, []byte("TREE"))
	data[tree+5] = 1 // the level
	copy(data[tree+32:], []byte{byte(tree), byte(tree >> 8), 0, 0, 0, 0, 0, 0})
	_, err := open(bytes.NewReader(data), int64(len(data)), true)
	var e *Error
	if !errors.As(err, &e) || !strings.Contains(err.Error(), "level") {
		t.Errorf("a node in itself: %v", err)
	}

	data = bytes.Clone(testdata(t)["ann_default.hdf5"])
	root := int(data[64]) | int(data[65])<<8
	message := root + 16
	copy(data[message:], []byte{msgContinuation, 0, 16, 0, 0, 0, 0, 0, byte(message), byte(message >> 8), 0, 0, 0, 0, 0, 0, 24, 0, 0, 0, 0, 0, 0, 0})
	if _, err = open(bytes.NewReader(data), int64(len(data)), true); !errors.As(err, &e) || !strings.Contains(err.Error(), "goes in circles") {
		t.Errorf("a header in itself: %v", err)
	}
}

// FuzzOpen goes where the checksums would stop it. What is said to be in the
// file is in it.
func FuzzOpen(f *testing.F) {
	for _, b := range testdata(f) {
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		file, err := open(bytes.NewReader(data), int64(len(data)), false)
		if err != nil {
			var e *Error
			if !errors.As(err, &e) {
				t.Errorf("%v is not an *Error", err)
			}
			return
		}
		for _, d := range file.Datasets {
			size := int64(d.Type.Size)
			for _, n := range d.Shape {
				size *= int64(n)
			}
			if d.Err == nil && (d.Type.Kind == 0 || d.Offset < 0 || size < 0 || d.Offset+size > int64(len(data))) {
				t.Errorf("%+v: %d bytes in a file of %d", d, size, len(data))
			}
		}
	})
}
