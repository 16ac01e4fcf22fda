package canopy

import (
	"encoding/binary"
	"hash/crc32"
	"slices"
	"testing"

	"github.com/annoy-go/annoy/internal/kernel"
)

// fuzzed are the files that FuzzCanopyOpen changes: small, for many to be tried, and the first two large enough for codes to be scanned.
var fuzzed = []fixture{
	{metric: Euclidean, n: 1010, dim: 4, shape: Two8, element: kernel.Uint8, id: count},
	{metric: Angular, n: 1010, dim: 4, shape: One4, element: kernel.Uint8, id: sparse},
	{metric: Cosine, n: 40, dim: 5, shape: One8, element: kernel.Int8, id: func(i int) int64 { return int64(i) + 1e6 }},
	{metric: Dot, n: 40, dim: 4, shape: Two8, element: kernel.Float16, id: func(i int) int64 { return int64(599 - 2*i) }, keys: true},
	{metric: Hamming, n: 33, dim: 3, shape: One4, id: count, meta: []byte{}},
	{metric: Manhattan, n: 1, dim: 1, shape: Two8, id: func(int) int64 { return -1 << 63 }, keys: true},
	{metric: Euclidean, n: 0, dim: 4, shape: Two8, id: count, keys: true, reserve: 8},
}

// edit is how many bytes of the input are one change: a place in 16 bits, counted from the start in steps of 4 bytes or, with the highest
// bit, from the end, and the word that comes there.
const edit = 6

// edited is the file with the changes.
func edited(file []byte, changes []byte) []byte {
	data := atMultipleOf8(file)
	words := len(data) / 4
	for ; len(changes) >= edit; changes = changes[edit:] {
		place := int(binary.LittleEndian.Uint16(changes))
		at := place & 0x7fff % words
		if place&0x8000 != 0 {
			at = words - 1 - at
		}
		copy(data[4*at:], changes[2:edit])
	}
	return data
}

// resealAll makes the checksums of the sections and of the header fit, where they lie within the bytes.
func resealAll(data []byte) {
	if len(data) < headerBytes {
		return
	}
	n := uint64(binary.LittleEndian.Uint32(data[12:]))
	if n < headerBytes || n > uint64(len(data)) {
		return
	}
	binary.LittleEndian.PutUint64(data[16:], uint64(len(data)))
	for e := data[headerBytes:n]; len(e) >= entryBytes; e = e[entryBytes:] {
		at, size := binary.LittleEndian.Uint64(e[8:]), binary.LittleEndian.Uint64(e[16:])
		if at <= uint64(len(data)) && size <= uint64(len(data))-at {
			binary.LittleEndian.PutUint32(e[24:], crc32.Checksum(data[at:][:size], castagnoli))
		}
	}
	seal(data[:n])
}

// FuzzCanopyOpen changes words of small files, or takes any bytes for one; all checksums fit. There are as many searches as one, of several
// kinds in turn: TestMutatedCanopies asks for everything, and this for many files.
func FuzzCanopyOpen(f *testing.F) {
	var files [][]byte
	for i, c := range fuzzed {
		files = append(files, assemble(f, c.assembly(f)))
		f.Add(uint8(i), []byte{})
		for place := range uint16(16) {
			f.Add(uint8(i), append(binary.LittleEndian.AppendUint16(nil, 8*place), 0xff, 0xff, 0xff, 0x7f))
		}
	}
	f.Add(uint8(len(files)), []byte(Magic))
	f.Add(uint8(len(files)), files[len(files)-1])
	query := make([]float32, 16)
	for i := range query {
		query[i] = float32(i%3) - 0.5
	}
	var s Searcher
	f.Fuzz(func(t *testing.T, which uint8, changes []byte) {
		var data []byte
		if int(which) < len(files) {
			data = edited(files[which], changes)
		} else {
			data = atMultipleOf8(changes)
		}
		resealAll(data)
		ask := func(err error) bool {
			if err != nil && !refused(err) {
				t.Errorf("error %v", err)
			}
			return err == nil
		}
		ix, err := Open(data)
		if !ask(err) {
			return
		}
		sound := ask(ix.Verify(t.Context()))
		if ix.Dim > len(query) {
			return
		}
		efforts := []Query{
			{K: 4, Effort: Effort{Probes: 2, Z: 1}},
			{K: 4, Effort: Effort{Probes: 1000, Tops: 1000, Z: 3}, Exclude: []int64{0, 1}},
			{K: 4, Exact: true},
			{K: 4, Effort: Effort{Probes: 3, Z: 1}, Fixed: &FixedRerank{Rows: 20, More: 20}},
		}
		q := efforts[len(changes)/edit%len(efforts)]
		q.Vec = query[:ix.Dim]
		hits, err := s.Search(ix, &q)
		if !ask(err) {
			s = Searcher{} // as the pool's is given up
			return
		}
		if sound && len(hits) < min(q.K, ix.N-len(q.Exclude)) {
			t.Errorf("%d hits of a sound index of %d rows", len(hits), ix.N)
		}
		if slices.ContainsFunc(hits, func(h Hit) bool { return int(h.Row) >= ix.N }) {
			t.Errorf("hits %v of %d rows", hits, ix.N)
		}
	})
}
