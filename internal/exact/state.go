package exact

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math"
	"os"
	"slices"
	"sync"

	"github.com/annoy-go/annoy/internal/atomicfile"
	"github.com/annoy-go/annoy/internal/kernel"
)

// Neighbor is one of a query's nearest.
type Neighbor struct {
	Row      int64   // its number in the base, from 0
	ID       int64   // what the source calls it
	Distance float64 // for Dot the product
}

// entry is a neighbour while others may still come.
type entry struct {
	key float64
	row int64
	id  int64
}

func compareEntries(a, b entry) int {
	switch {
	case a.key < b.key:
		return -1
	case a.key > b.key:
		return 1
	case a.row < b.row:
		return -1
	case a.row > b.row:
		return 1
	}
	return 0
}

// State is a search under way: queries, and the nearest of the rows seen so far. Add advances it.
type State struct {
	metric  Metric
	k       int
	dim     int
	queries [][]float32
	norms   []float64  // metric.norm of each query
	words   [][]uint64 // for Hamming, the queries as bits
	lists   [][]entry  // of each query, in order
	locks   []sync.Mutex
	extents []float64 // metric.extent of each query
	extent  float64   // the largest of them

	blockRows int // a multiple of kernel.TileRows

	rows int64  // rows of the base that are done
	crc  uint32 // of those rows
}

// New begins a search for the k nearest rows of every query. The queries, of equal length, must not change until the
// end. Errors: a metric that does not exist, k below 1, queries of different lengths, of more than MaxDim components or
// with one that is not finite.
func New(m Metric, k int, queries [][]float32) (*State, error) {
	if err := m.valid(); err != nil {
		return nil, err
	}
	if k < 1 || k > math.MaxInt32 {
		return nil, fmt.Errorf("annoy: exact search: k is %d, want 1 to %d", k, math.MaxInt32)
	}
	s := &State{
		metric: m, k: k, queries: queries, norms: make([]float64, len(queries)), lists: make([][]entry, len(queries)),
		locks: make([]sync.Mutex, queryPanels(len(queries))), extents: make([]float64, len(queries)),
	}
	if len(queries) > 0 {
		s.dim = len(queries[0])
	}
	s.blockRows = blockRows(max(1, s.dim))
	if s.dim > MaxDim {
		return nil, fmt.Errorf("annoy: exact search: %d components, the limit is %d", s.dim, MaxDim)
	}
	for i, q := range queries {
		if len(q) != s.dim {
			return nil, fmt.Errorf("annoy: query %d has %d components, the first has %d", i, len(q), s.dim)
		}
		if err := checkFinite(q, s.dim, "query", int64(i)); err != nil {
			return nil, err
		}
		s.norms[i] = m.norm(q)
		s.extents[i] = m.extent(q, s.dim)
		s.extent = max(s.extent, s.extents[i])
		if m == Hamming {
			w := make([]uint64, (s.dim+63)/64)
			packBits(w, q, s.dim)
			s.words = append(s.words, w)
		}
	}
	return s, nil
}

func queryPanels(n int) int { return (n + kernel.TileQueries - 1) / kernel.TileQueries }

// Rows is how many rows of the base are done.
func (s *State) Rows() int64 { return s.rows }

// Neighbors are the nearest rows of a query, nearest first, ties to the smaller row: k, or as many as the base had.
func (s *State) Neighbors(query int) []Neighbor {
	out := make([]Neighbor, len(s.lists[query]))
	for i, e := range s.lists[query] {
		out[i] = Neighbor{Row: e.row, ID: e.id, Distance: s.metric.distance(e.key)}
	}
	return out
}

// kth is the k-th smallest key of a query so far.
func (s *State) kth(query int) float64 {
	if l := s.lists[query]; len(l) == s.k {
		return l[s.k-1].key
	}
	return math.Inf(1)
}

// merge adds entries to a query's list. A row that is in the list already, since a block was given up halfway and is
// searched again, stays there once.
func (s *State) merge(query int, found []entry) {
	if len(found) == 0 {
		return
	}
	list := append(s.lists[query], found...)
	slices.SortFunc(list, compareEntries)
	list = slices.CompactFunc(list, func(a, b entry) bool { return a.row == b.row })
	if len(list) > s.k {
		list = list[:s.k]
	}
	// A list keeps its own room: what it shares with nothing can be sorted in place next time.
	s.lists[query] = list
}

// A state file: magic, version, what the search is of (a file of another search is refused), the rows done with their
// checksum, for each query a count and so many entries, and a CRC-32C of all before it; little-endian.
//
//	version  changes
//	1        the first
//	2        keys of angles are 1 − cos, before −cos
const (
	stateMagic   = "annoyxct"
	stateVersion = 2
)

// ErrState is what Load's errors match when a file is no state of this search, or damaged.
var ErrState = errors.New("annoy: not the state of this search")

type stateHeader struct {
	Version, Metric, K, Dim, Queries, QueryCRC, BaseCRC uint32
	Rows                                                uint64
}

func (s *State) header() stateHeader {
	var crc uint32
	for _, q := range s.queries {
		crc = sum(crc, q)
	}
	return stateHeader{
		Version: stateVersion, Metric: uint32(s.metric), K: uint32(s.k), Dim: uint32(s.dim),
		Queries: uint32(len(s.queries)), QueryCRC: crc, BaseCRC: s.crc, Rows: uint64(s.rows),
	}
}

// Save writes the state to a file, which it replaces whole. Not while Add runs, but from its Checkpoint and after it
// was cancelled.
func (s *State) Save(path string) error {
	f, err := atomicfile.Create(path)
	if err != nil {
		return err
	}
	defer f.Abort()
	crc := crc32.New(castagnoli)
	w := bufio.NewWriterSize(io.MultiWriter(f, crc), 1<<20)
	_, err = w.WriteString(stateMagic)
	err = errors.Join(err, binary.Write(w, binary.LittleEndian, s.header()))
	var b [24]byte
	for _, list := range s.lists {
		binary.LittleEndian.PutUint32(b[:], uint32(len(list)))
		_, werr := w.Write(b[:4])
		for _, e := range list {
			binary.LittleEndian.PutUint64(b[:], math.Float64bits(e.key))
			binary.LittleEndian.PutUint64(b[8:], uint64(e.row))
			binary.LittleEndian.PutUint64(b[16:], uint64(e.id))
			_, werr = w.Write(b[:])
		}
		if werr != nil { // a bufio.Writer keeps its first error
			break
		}
	}
	err = errors.Join(err, w.Flush(), binary.Write(f, binary.LittleEndian, crc.Sum32()))
	if err != nil {
		return fmt.Errorf("annoy: cannot write %s: %w", path, err)
	}
	return f.Commit()
}

// Load continues from a file that Save wrote for a search of the same metric, k and queries. Whether the base is the
// same, Add finds. Errors: the file system's, and ErrState.
func (s *State) Load(path string) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("annoy: %w", err)
	}
	if err := s.decode(data); err != nil {
		return fmt.Errorf("%w: %s: %w", ErrState, path, err)
	}
	return nil
}

func (s *State) decode(data []byte) error {
	var h stateHeader
	head := len(stateMagic) + binary.Size(h)
	if len(data) < head+4 || !bytes.HasPrefix(data, []byte(stateMagic)) {
		return errors.New("it does not begin as a state file does")
	}
	body := data[:len(data)-4]
	if crc32.Checksum(body, castagnoli) != binary.LittleEndian.Uint32(data[len(body):]) {
		return errors.New("its checksum is wrong")
	}
	if _, err := binary.Decode(body[len(stateMagic):], binary.LittleEndian, &h); err != nil {
		return err
	}
	want := s.header()
	for _, c := range []struct {
		what      string
		got, want uint32
	}{
		{"version", h.Version, want.Version}, {"metric", h.Metric, want.Metric}, {"k", h.K, want.K},
		{"dimension", h.Dim, want.Dim}, {"number of queries", h.Queries, want.Queries},
		{"checksum of the queries", h.QueryCRC, want.QueryCRC},
	} {
		if c.got != c.want {
			return fmt.Errorf("its %s is %d, here it is %d", c.what, c.got, c.want)
		}
	}
	lists := make([][]entry, len(s.queries))
	rest := body[head:]
	for q := range lists {
		if len(rest) < 4 {
			return errors.New("it is cut short")
		}
		n := int64(binary.LittleEndian.Uint32(rest))
		if rest = rest[4:]; n > int64(s.k) || n*24 > int64(len(rest)) {
			return errors.New("it has more neighbours than it can")
		}
		for range n {
			lists[q] = append(lists[q], entry{
				math.Float64frombits(binary.LittleEndian.Uint64(rest)),
				int64(binary.LittleEndian.Uint64(rest[8:])), int64(binary.LittleEndian.Uint64(rest[16:])),
			})
			rest = rest[24:]
		}
		if !slices.IsSortedFunc(lists[q], compareEntries) {
			return errors.New("its neighbours are not in order")
		}
	}
	if len(rest) > 0 {
		return errors.New("it is too long")
	}
	s.lists, s.rows, s.crc = lists, int64(h.Rows), h.BaseCRC
	return nil
}
