package annoy_test

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"path/filepath"
	"slices"
	"testing"

	"github.com/annoy-go/annoy"
)

// section is the bytes of a section of a canopy, and sealed puts checksums that fit into the file after these were changed:
// docs/format/canopy.md.
func section(t *testing.T, data []byte, kind uint32) (b []byte, sealed func()) {
	t.Helper()
	le, castagnoli := binary.LittleEndian, crc32.MakeTable(crc32.Castagnoli)
	header := data[:le.Uint32(data[12:])]
	for e := header[256:]; len(e) > 0; e = e[32:] {
		if le.Uint32(e) != kind {
			continue
		}
		b = data[le.Uint64(e[8:]):][:le.Uint64(e[16:])]
		return b, func() {
			le.PutUint32(e[24:], crc32.Checksum(b, castagnoli))
			le.PutUint32(header[28:], 0)
			le.PutUint32(header[28:], crc32.Checksum(header, castagnoli))
		}
	}
	t.Fatalf("no section %d", kind)
	return nil, nil
}

// TestVerifyCalibration: entries that ask for more leaves or tops than there are.
func TestVerifyCalibration(t *testing.T) {
	const calibration, head = 17, 16
	b, err := annoy.NewBuilder(4, annoy.Euclidean, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i, v := range cloud(seeded(84), 3000, 4) {
		if err := b.Add(i, v); err != nil {
			t.Fatal(err)
		}
	}
	built, err := b.Build(t.Context(), &annoy.BuildOptions{Calibrate: 50})
	if err != nil {
		t.Fatal(err)
	}
	good := bytesOf(t, built)
	for field, what := range []string{4: "leaves", 8: "tops"} {
		data := aligned(slices.Clone(good))
		if what != "" {
			table, sealed := section(t, data, calibration)
			binary.LittleEndian.PutUint32(table[head+field:], 1<<20)
			sealed()
		}
		ix, err := annoy.Load(data, nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := ix.Verify(t.Context()); errors.Is(err, annoy.ErrCorrupt) != (what != "") {
			t.Errorf("too many %s: %v", what, err)
		}
	}
}

// TestDamagedCanopyByEveryAccess: a code of a row that is not there is ErrCorrupt however the file is read.
func TestDamagedCanopyByEveryAccess(t *testing.T) {
	const n, dim, codes = 2001, 8, 11
	vecs := cloud(seeded(83), n, dim)
	b, err := annoy.NewBuilder(dim, annoy.Euclidean, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i, v := range vecs {
		if err := b.Add(i, v); err != nil {
			t.Fatal(err)
		}
	}
	built, err := b.Build(t.Context(), &annoy.BuildOptions{Shape: annoy.One8, Calibrate: -1})
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "x.canopy")
	if err := built.Save(path); err != nil {
		t.Fatal(err)
	}
	data := aligned(readFile(t, path))
	blocks, sealed := section(t, data, codes)
	binary.LittleEndian.PutUint32(blocks[len(blocks)-4:], 0xff00<<16) // the last padding slot is nearer than any code
	sealed()
	writeFile(t, path, data)
	loaded, err := annoy.Load(data, nil)
	if err != nil {
		t.Fatal(err)
	}
	indexes := map[string]*annoy.Index{"loaded": loaded}
	for what, o := range map[string]*annoy.OpenOptions{
		"mapped": {}, "random": {Advice: annoy.AdviceRandom}, "resident": {Access: annoy.AccessResident}, "cold": {Access: annoy.AccessCold},
	} {
		indexes[what] = open(t, path, o)
	}
	for what, ix := range indexes {
		if _, err := ix.Search(vecs[0], 10, &annoy.SearchOptions{SearchK: n - 1}); !errors.Is(err, annoy.ErrCorrupt) {
			t.Errorf("%s: search: %v", what, err)
		}
		if err := ix.Verify(t.Context()); !errors.Is(err, annoy.ErrCorrupt) {
			t.Errorf("%s: verify: %v", what, err)
		}
	}
}
