// Package words holds the data set that `annoy demo` carries: 10,000 common
// English words with their definitions, from WordNet 3.0, and one sentence
// embedding (all-MiniLM-L6-v2, 384 components, unit length before it was
// rounded to int8) for each definition. Both files are embedded in the
// binary, so the demo needs neither a network nor a file on disk.
//
// The words and definitions are Princeton University's; Notice is the licence
// that must accompany every copy.
package words

import (
	"bytes"
	_ "embed"
	"encoding/binary"
	"fmt"
	"strings"
)

const (
	// Len is the number of entries, numbered 0 … Len−1.
	Len = 10_000
	// Dim is the number of components of every vector.
	Dim = 384
)

// Notice is the licence of WordNet, which covers words and definitions.
//
//go:embed LICENSE
var Notice string

//go:embed words.tsv
var table string

//go:embed words_i8.npy
var vectors []byte

// Entry is one meaning: the words that share it and its definition.
type Entry struct {
	Words        string // separated by ", "
	PartOfSpeech string // noun, verb, adjective or adverb
	Definition   string
}

// Set is the loaded data set. It is immutable and safe for concurrent use.
type Set struct {
	entries []Entry
	rows    []byte // Len × Dim, row-major, each byte an int8
}

// Load parses the embedded files. An error means that the files in the
// source tree do not belong together, never that the caller did wrong.
func Load() (*Set, error) {
	rows, err := npyInt8(vectors, Len, Dim)
	if err != nil {
		return nil, fmt.Errorf("annoy: words_i8.npy: %w", err)
	}
	entries := make([]Entry, 0, Len)
	for line := range strings.Lines(table) {
		f := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if len(f) != 3 {
			return nil, fmt.Errorf("annoy: words.tsv: line %d has %d fields, not 3", len(entries)+1, len(f))
		}
		entries = append(entries, Entry{Words: f[0], PartOfSpeech: f[1], Definition: f[2]})
	}
	if len(entries) != Len {
		return nil, fmt.Errorf("annoy: words.tsv has %d lines, words_i8.npy %d rows", len(entries), Len)
	}
	return &Set{entries: entries, rows: rows}, nil
}

// npyInt8 returns the data of an npy file that holds exactly a C-ordered
// (rows, dim) array of int8. It reads this package's own file only; any other
// npy file is vecio's business.
func npyInt8(b []byte, rows, dim int) ([]byte, error) {
	const magic = "\x93NUMPY\x01\x00"
	if !bytes.HasPrefix(b, []byte(magic)) || len(b) < len(magic)+2 {
		return nil, fmt.Errorf("not an npy file of version 1.0")
	}
	start := len(magic) + 2 + int(binary.LittleEndian.Uint16(b[len(magic):]))
	if start > len(b) {
		return nil, fmt.Errorf("header cut short")
	}
	header, data := string(b[len(magic)+2:start]), b[start:]
	for _, want := range []string{
		"'descr': '|i1'", "'fortran_order': False", fmt.Sprintf("'shape': (%d, %d)", rows, dim),
	} {
		if !strings.Contains(header, want) {
			return nil, fmt.Errorf("header %q lacks %s", header, want)
		}
	}
	if len(data) != rows*dim {
		return nil, fmt.Errorf("%d bytes of data, want %d", len(data), rows*dim)
	}
	return data, nil
}

// Entry returns entry i, 0 ≤ i < Len.
func (s *Set) Entry(i int) Entry { return s.entries[i] }

// Vector returns the vector of entry i, 0 ≤ i < Len: Dim components in
// −127 … 127, a fresh slice.
func (s *Set) Vector(i int) []float32 {
	row := s.rows[i*Dim : (i+1)*Dim]
	v := make([]float32, Dim)
	for c, x := range row {
		v[c] = float32(int8(x))
	}
	return v
}

// Find returns the first entry that lists word among its words, ignoring
// case, or −1.
func (s *Set) Find(word string) int {
	for i, e := range s.entries {
		for w := range strings.SplitSeq(e.Words, ", ") {
			if strings.EqualFold(w, word) {
				return i
			}
		}
	}
	return -1
}
