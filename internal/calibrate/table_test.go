package calibrate

import (
	"bytes"
	"errors"
	"math"
	"reflect"
	"testing"
)

func sample() *Table {
	return &Table{Samples: 1000, Given: true, Entries: []Entry{
		{1, 0.9, Setting{3, 10, 0.8, 0, 0.25}, 0.91, 5000},
		{1, 0.95, Setting{6, 11, 1.2, 0, 0.125}, 0.96, 7000.5},
		{10, 0.9, Setting{8, 11, 0, 0, 0}, 0.905, 9000},
		{10, 0.95, Setting{}, 0, 0},
		{10, 0.99, Setting{90, 20, 2.4, 0, 3}, 0.992, 19000},
		{100, 0.9, Setting{40, 14, 0.4, 0, 1e-4}, 0.9012, 1e6},
	}}
}

func TestTableFor(t *testing.T) {
	table := sample()
	for _, test := range []struct {
		k      int
		recall float64
		probes int // 0: nothing will do
	}{
		{1, 0.5, 3}, {1, 0.9, 3}, {1, 0.91, 6}, {1, 0.951, 0},
		{2, 0.9, 8}, {10, 0.9, 8}, {10, 0.92, 90}, {10, 0.995, 0},
		{11, 0.9, 40}, {5000, 0.9, 40}, {100, 0.95, 0},
	} {
		e, ok := table.For(test.k, test.recall)
		if e.Probes != test.probes || ok != (test.probes > 0) {
			t.Errorf("k %d, recall %v: %+v, %v, want %d probes", test.k, test.recall, e, ok, test.probes)
		}
	}
	for _, test := range []struct{ k, probes, want int }{{1, 0, 3}, {1, 4, 3}, {1, 5, 6}, {7, 20, 8}, {7, 30, 90}, {1000, 1, 40}} {
		if e, ok := table.Near(test.k, test.probes); !ok || e.Probes != test.want {
			t.Errorf("k %d near %d probes: %+v, %v, want %d", test.k, test.probes, e, ok, test.want)
		}
	}
	var empty Table
	if _, ok := empty.For(10, 0.9); ok {
		t.Error("an empty table has an entry")
	}
	if _, ok := empty.Near(10, 5); ok {
		t.Error("an empty table has an entry")
	}
}

func TestTableStored(t *testing.T) {
	for _, table := range []*Table{sample(), {Samples: 3}} {
		b, err := table.MarshalBinary()
		if err != nil || len(b) > MaxBytes {
			t.Fatalf("%d bytes, %v", len(b), err)
		}
		var read Table
		if err := read.UnmarshalBinary(append(bytes.Clone(b), make([]byte, 40)...)); err != nil || !reflect.DeepEqual(&read, table) {
			t.Errorf("%+v became %+v, %v", table, read, err)
		}
		for n := range b {
			if err := read.UnmarshalBinary(b[:n]); !errors.Is(err, ErrTable) {
				t.Errorf("%d of %d bytes: %v", n, len(b), err)
			}
		}
		if !reflect.DeepEqual(&read, table) {
			t.Errorf("an error changed the table to %+v", read)
		}
	}
	largest := &Table{}
	for _, k := range ks {
		for _, target := range targets {
			largest.Entries = append(largest.Entries, Entry{K: k, Target: target})
		}
	}
	if b, err := largest.MarshalBinary(); err != nil || len(b) != MaxBytes {
		t.Errorf("the largest table has %d bytes, %v, want %d", len(b), err, MaxBytes)
	}
	for name, change := range map[string]func(*Entry){
		"order": func(e *Entry) { e.K = 100 }, "z": func(e *Entry) { e.Z = float32(math.NaN()) }, "left": func(e *Entry) { e.Left = -1 }, "recall": func(e *Entry) { e.Recall = 1.1 },
		"target": func(e *Entry) { e.Target = 0 }, "probes": func(e *Entry) { e.Probes = -1 }, "bytes": func(e *Entry) { e.Bytes = math.Inf(1) },
	} {
		table := sample()
		change(&table.Entries[1])
		if _, err := table.MarshalBinary(); !errors.Is(err, ErrTable) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Tables of version 1 have no Left.
func TestTableVersion1(t *testing.T) {
	table := sample()
	b, err := table.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	old := bytes.Clone(b[:headBytes])
	old[0] = 1
	for i := range table.Entries {
		table.Entries[i].Left = 0
		old = append(old, b[headBytes+i*entryBytes:][:entryBytes-4]...)
	}
	var read Table
	if err := read.UnmarshalBinary(append(old, make([]byte, 40)...)); err != nil || !reflect.DeepEqual(&read, table) {
		t.Errorf("%+v became %+v, %v", table, read, err)
	}
	old[0] = version + 1
	if err := read.UnmarshalBinary(old); !errors.Is(err, ErrTable) {
		t.Errorf("a later version: %v", err)
	}
}

// Whatever the bytes are, they are refused, or make a table that can be stored and asked.
func FuzzTable(f *testing.F) {
	b, _ := sample().MarshalBinary()
	f.Add(b)
	f.Fuzz(func(t *testing.T, b []byte) {
		var table Table
		if err := table.UnmarshalBinary(b); err != nil {
			if !errors.Is(err, ErrTable) {
				t.Fatal(err)
			}
			return
		}
		if _, err := table.MarshalBinary(); err != nil {
			t.Fatal(err)
		}
		table.For(10, 0.95)
		table.Near(10, 7)
	})
}
