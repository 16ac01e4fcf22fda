package annoy_test

import (
	"encoding/binary"
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/annoy-go/annoy"
)

// TestLaterVersion: a canopy of a version that this library does not know is told apart from one that is damaged.
func TestLaterVersion(t *testing.T) {
	data := bytesOf(t, twinOf(annoy.Dot, cloud(seeded(141), 50, 4), 0).canopy(t, 4, nil))
	later := slices.Clone(data)
	binary.LittleEndian.PutUint32(later[8:], binary.LittleEndian.Uint32(data[8:])+1)
	path := filepath.Join(t.TempDir(), "later.canopy")
	writeFile(t, path, later)
	for _, a := range []annoy.Access{annoy.AccessMapped, annoy.AccessResident, annoy.AccessCold} {
		if _, err := annoy.Open(path, &annoy.OpenOptions{Access: a}); !errors.Is(err, annoy.ErrVersion) || errors.Is(err, annoy.ErrCorrupt) || !strings.Contains(err.Error(), path) {
			t.Errorf("%v: %v", a, err)
		}
	}
	if _, err := annoy.Load(later, nil); !errors.Is(err, annoy.ErrVersion) || errors.Is(err, annoy.ErrCorrupt) {
		t.Errorf("Load: %v", err)
	}
	later[0] ^= 1
	if _, err := annoy.Load(later, nil); errors.Is(err, annoy.ErrVersion) {
		t.Errorf("not a canopy: %v", err)
	}
}
