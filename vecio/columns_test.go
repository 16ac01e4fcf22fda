package vecio

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
)

// named reads all rows with what they are called: the ids, or where rows have keys, these quoted.
func named(r *Reader) (rows [][]float32, names []string, err error) {
	for {
		dst := make([]float32, r.Dim())
		id, err := r.Next(dst)
		if err == io.EOF {
			return rows, names, nil
		}
		if err != nil {
			return rows, names, err
		}
		name := fmt.Sprint(id)
		if r.HasKeys() {
			if id != int64(len(rows)) {
				return nil, nil, fmt.Errorf("id %d of a row with a key, want %d", id, len(rows))
			}
			name = fmt.Sprintf("%q", r.Key())
		} else if r.Key() != "" {
			return nil, nil, fmt.Errorf("key %q without HasKeys", r.Key())
		}
		rows, names = append(rows, dst), append(names, name)
	}
}

func TestIDsAndKeysOfText(t *testing.T) {
	for _, tc := range []struct {
		format Format
		data   string
		o      ReadOptions
		want   string // names of the rows
	}{
		{CSV, "id,x,y\n7,1,2\n9223372036854775807,3,4\n", ReadOptions{}, "7 9223372036854775807"},
		{CSV, "x,Id ,y\n1,0,2\n3, 5 ,4\n", ReadOptions{}, "0 5"},
		{CSV, "ID,x,y\ndoc-a,1,2\n\"doc, b\",3,4\n", ReadOptions{}, `"doc-a" "doc, b"`},
		{CSV, "id,x,y\nnan,1,2\ninf,3,4\n", ReadOptions{}, `"nan" "inf"`},
		{CSV, "id,x,y\n-,1,2\n3d,3,4\n", ReadOptions{}, `"-" "3d"`},
		{CSV, "id,x,y\n007,1,2\na,3,4\n", ReadOptions{KeyColumn: "id"}, `"007" "a"`},
		{CSV, "doc,x,y\n8,1,2\n3,3,4\n", ReadOptions{IDColumn: "doc"}, "8 3"},
		{CSV, "doc,x,y\na,1,2\nb,3,4\n", ReadOptions{IDColumn: "doc"}, `"a" "b"`},
		{CSV, "id,title,x,y\n8,a,1,2\n3,b,3,4\n", ReadOptions{SkipColumns: []string{"title"}}, "8 3"},
		{CSV, "id,title,x,y\n8,a,1,2\n3,b,3,4\n", ReadOptions{KeyColumn: "title"}, `"a" "b"`},
		{CSV, "id,x,y\n8,1,2\n3,3,4\n", ReadOptions{SkipColumns: []string{"id"}}, "0 1"},
		{CSV, "8,1,2\n3,3,4\n", ReadOptions{IDColumn: "#0"}, "8 3"},
		{CSV, "a,1,2\nb,3,4\n", ReadOptions{KeyColumn: "#0"}, `"a" "b"`},
		{CSV, "1,a,2,x\n3,b,4,y\n", ReadOptions{KeyColumn: "#1", SkipColumns: []string{"#3"}}, `"a" "b"`},
		{CSV, "id,1,2\nb,3,4\n", ReadOptions{KeyColumn: "#0"}, `"id" "b"`},
		// Names that are numbers, as pandas gives them.
		{CSV, "id,0,1\na,1,2\nb,3,4\n", ReadOptions{}, `"a" "b"`},
		{CSV, "word,0,1\na,1,2\nb,3,4\n", ReadOptions{KeyColumn: "word"}, `"a" "b"`},
		{CSV, "0,1,word\n1,2,a\n3,4,b\n", ReadOptions{SkipColumns: []string{"word"}}, "0 1"},
		{CSV, ",0,1\n5,1,2\n7,3,4\n", ReadOptions{SkipColumns: []string{"#0"}}, "0 1"},
		{CSV, ",0,1\n5,1,2\n7,3,4\n", ReadOptions{IDColumn: "#0"}, "5 7"},
		{CSV, ",x,y\n5,1,2\n7,3,4\n", ReadOptions{IDColumn: "#0"}, "5 7"},
		{CSV, "#0,#1,id\n1,2,5\n3,4,7\n", ReadOptions{}, "5 7"},
		{CSV, "0,1\n1,2\n3,4\n", ReadOptions{Header: HeaderYes}, "0 1"},
		{CSV, "id,1,2\nb,3,4\n", ReadOptions{Header: HeaderNo, KeyColumn: "#0"}, `"id" "b"`},
		{TSV, "id\tx\ty\ndoc a\t1\t 2 \n\" b\"\t3\t4\n", ReadOptions{}, `"doc a" " b"`},
		{TSV, "1\t2\n3\t4\n", ReadOptions{}, "0 1"},
		{JSONL, `{"id": "doc-a", "vector": [1, 2]}` + "\n" + `{"vector": [3, 4], "id": "\u0042\n\ufffd"}`, ReadOptions{}, `"doc-a" "B\n` + "\ufffd" + `"`},
		{JSONL, `{"ID": "7", "vector": [1, 2]}` + "\n" + `{"vector": [3, 4], "iD": "8"}`, ReadOptions{}, `"7" "8"`},
		{JSONL, `{"id": 7, "vector": [1, 2]}` + "\n" + `{"vector": [3, 4], "id": "\\ufffd"}`, ReadOptions{KeyColumn: "id"}, `"7" "\\ufffd"`},
		{JSONL, `{"id": 7, "doc": -1.5, "vector": [1, 2]}` + "\n" + `{"vector": [3, 4], "doc": "x"}`, ReadOptions{KeyColumn: "doc"}, `"-1.5" "x"`},
		{JSONL, `{"id": 7, "doc": 4, "vector": [1, 2]}` + "\n" + `{"vector": [3, 4], "doc": 5}`, ReadOptions{IDColumn: "doc"}, "4 5"},
		{JSONL, `{"id": {}, "vector": [1, 2]}` + "\n" + `{"vector": [3, 4]}`, ReadOptions{SkipColumns: []string{"id"}}, "0 1"},
		{JSONL, `{"id": 7, "vector": [0], "embedding": [1, 2]}` + "\n" + `{"id": 8, "embedding": [3, 4]}`, ReadOptions{VectorField: "embedding"}, "7 8"},
		{JSONL, `{"id": 7, "tags": ["a"], "embedding": [1, 2]}` + "\n" + `{"id": 8, "tags": [5], "embedding": [3, 4]}`, ReadOptions{}, "7 8"},
		{JSONL, `{"tags": [9], "embedding": [ 1, 2]}` + "\n" + `{"embedding": [3, 4]}`, ReadOptions{SkipColumns: []string{"tags"}}, "0 1"},
	} {
		for _, size := range []int64{int64(len(tc.data)), -1} {
			tc.o.Format = tc.format
			r, err := NewReader(strings.NewReader(tc.data), size, "x", &tc.o)
			if err != nil {
				t.Errorf("%q %+v: %v", tc.data, tc.o, err)
				continue
			}
			if keyed := strings.HasPrefix(tc.want, `"`); r.HasKeys() != keyed || r.Key() != "" {
				t.Errorf("%q %+v: HasKeys %v and key %q before the first row", tc.data, tc.o, r.HasKeys(), r.Key())
			}
			rows, names, err := named(r)
			if err != nil || !slices.EqualFunc(rows, [][]float32{{1, 2}, {3, 4}}, slices.Equal) && tc.want != `"id" "b"` || strings.Join(names, " ") != tc.want {
				t.Errorf("%q %+v: %v %v %v, want %s", tc.data, tc.o, rows, names, err, tc.want)
			}
		}
	}
}

// A first record of 0, 1, 2, … is a row, unless the next is of floats throughout: then it may be what pandas calls columns.
func TestCountingRecord(t *testing.T) {
	floats := "0,1,2\n0.5,1.0,2.5e0\n1.5,2.5,3.5\n"
	read := func(text string, h Header) ([][]float32, error) {
		r, err := NewReader(strings.NewReader(text), -1, "x", &ReadOptions{Format: CSV, Header: h})
		if err != nil {
			return nil, err
		}
		rows, _, err := named(r)
		return rows, err
	}
	if _, err := read(floats, HeaderAuto); !errors.Is(err, ErrFormat) || !strings.Contains(err.Error(), "x: line 1: 0, 1, 2, … may be names of columns or a row") {
		t.Errorf("%v", err)
	}
	for text, want := range map[string]int{
		"0,1,2\n0.5,1,2.5\n": 2, "0,1,2\n": 1, "0,1\n0.5,0.5\n": 2, "0,1,2\n3,4,5\n6,7,8\n": 3, "0,1,3\n0.5,0.5,0.5\n": 2,
	} {
		if rows, err := read(text, HeaderAuto); err != nil || len(rows) != want || rows[0][1] != 1 {
			t.Errorf("%q: %v %v, want %d rows", text, rows, err, want)
		}
	}
	for h, want := range map[Header]int{HeaderYes: 2, HeaderNo: 3} {
		if rows, err := read(floats, h); err != nil || len(rows) != want || rows[want-1][0] != 1.5 {
			t.Errorf("header %v: %v %v, want %d rows", h, rows, err, want)
		}
	}
	// A fault of the second record is told of that row.
	for text, want := range map[string]string{
		"0,1,2\n3,4\n": "row 1 (line 2): 2 components, row 0 has 3", "0,1,2\n3,\"4\n": "row 1 (line", "0,1,2\n3,4,x\n": "row 1 (line 2), column 2",
	} {
		if _, err := read(text, HeaderAuto); !errors.Is(err, ErrFormat) || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}

func TestColumnsRefused(t *testing.T) {
	for _, tc := range []struct {
		format Format
		data   string
		o      ReadOptions
		want   string
	}{
		{CSV, "id,x\n1,2\n", ReadOptions{IDColumn: "doc"}, `no column "doc": it has id, x`},
		{CSV, "id,x\n1,2\n", ReadOptions{SkipColumns: []string{"a\x1b"}}, `no column "a\x1b": it has id, x`},
		{CSV, "1,2\n3,4\n", ReadOptions{KeyColumn: "doc"}, `the file has no line of names; its columns are #0 to #1`},
		{CSV, "1,2\n3,4\n", ReadOptions{KeyColumn: "#2"}, "no column #2: it has 2, from #0 on"},
		{CSV, "1,2\n3,4\n", ReadOptions{KeyColumn: "#-1"}, "no column #-1"},
		{CSV, "a,x,a\n1,2,3\n", ReadOptions{IDColumn: "a"}, `several columns are called "a": give the number of one, as #0`},
		{CSV, "a,x\n1,2\n3\n", ReadOptions{IDColumn: "a"}, "row 1 (line 3): 1 fields, the line of names has 2"},
		{CSV, "1,2\n3\n", ReadOptions{IDColumn: "#0"}, "row 1 (line 2): 1 fields, row 0 has 2"},
		{CSV, "1,2,3\n3,x,4\n", ReadOptions{IDColumn: "#0"}, `column 0: "x" is not a number (column #1 of the file)`},
		{JSONL, `{"id": 1, "vector": [1]}`, ReadOptions{KeyColumn: "doc"}, `no "doc"`},
		{JSONL, "[1]", ReadOptions{IDColumn: "doc"}, `no "doc"`},
		{JSONL, `{"vector": [1]}`, ReadOptions{VectorField: "e"}, `the object has no "e"`},
		{JSONL, `{"e": 1}`, ReadOptions{VectorField: "e"}, `"e" is not an array`},
	} {
		tc.o.Format = tc.format
		r, err := NewReader(strings.NewReader(tc.data), -1, "x", &tc.o)
		if err == nil {
			_, _, err = named(r)
		}
		if !errors.Is(err, ErrFormat) || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%q %+v: %v, want %q", tc.data, tc.o, err, tc.want)
		}
	}
	for _, o := range []ReadOptions{
		{IDColumn: "a", KeyColumn: "b"}, {Format: Npy, IDColumn: "a"}, {Format: Fvecs, KeyColumn: "a"}, {Format: Npz, SkipColumns: []string{"a"}},
		{Format: CSV, VectorField: "a"}, {Format: CSV, Dataset: "a"}, {Format: HDF5, VectorField: "a"},
		{Format: JSONL, Header: HeaderYes}, {Format: CSV, Header: 3},
	} {
		if o.Validate() == nil {
			t.Errorf("%+v is valid", o)
		}
		o.Format = cmp.Or(o.Format, CSV)
		if r, err := NewReader(strings.NewReader("1"), 1, "x", &o); err == nil || errors.Is(err, ErrFormat) {
			t.Errorf("%+v: %v %v", o, r, err)
		}
	}
}

// What the writer writes is read back as it was.
func TestKeysThereAndBack(t *testing.T) {
	keys := []string{"doc-a", "7", "a\"b\\\n", "<&>", "\u2028\ufffd", "größe"}
	path := t.TempDir() + "/x.jsonl"
	w, err := Create(path, 1, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Abort()
	for i, key := range keys {
		if err := w.WriteKey(key, []float32{float32(i)}); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	r, err := Open(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	_, names, err := named(r)
	for i, key := range keys {
		if err != nil || len(names) != len(keys) || names[i] != fmt.Sprintf("%q", key) {
			t.Fatalf("%v %v, want %q", names, err, keys)
		}
	}
	for _, bad := range []func(*Writer) error{
		func(w *Writer) error { return w.WriteKey("", []float32{1}) },
		func(w *Writer) error { return w.WriteKey("a\xff", []float32{1}) },
		func(w *Writer) error { return errors.Join(w.WriteKey("a", []float32{1}), w.WriteID(1, []float32{1})) },
		func(w *Writer) error { return errors.Join(w.Write([]float32{1}), w.WriteKey("a", []float32{1})) },
	} {
		w, err := Create(path, 1, nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := bad(w); !errors.Is(err, ErrValue) || w.Close() == nil {
			t.Errorf("%v", err)
		}
	}
}

// FuzzColumns reads text with columns of its own choice: no panic, the promises of the other targets, and keys that are there.
func FuzzColumns(f *testing.F) {
	f.Add([]byte("id,a,x\n1,w,2\n2,w,3\n"), "", "", "a", false)
	f.Add([]byte(",0,1\n1,w,2\n2,w,3\n"), "", "#0", "#2", false)
	f.Add([]byte(`{"id":"a","e":[1]}`+"\n"+`{"id":"b","e":[2]}`), "id", "", "x", true)
	f.Fuzz(func(t *testing.T, data []byte, id, key, skip string, lines bool) {
		o := &ReadOptions{Format: CSV, IDColumn: id, KeyColumn: key, SkipColumns: []string{skip}}
		if lines {
			o.Format = JSONL
		}
		if skip == "" {
			o.SkipColumns = nil
		}
		if o.Validate() != nil {
			t.Skip("two columns of ids")
		}
		r, err := NewReader(bytes.NewReader(data), -1, "x", o)
		if err == nil {
			var rows [][]float32
			var names []string
			rows, names, err = named(r)
			if len(rows) > len(data) || len(names) != len(rows) || slices.Contains(names, `""`) || r.Dim() < 1 {
				t.Errorf("%d rows, names %q", len(rows), names)
			}
		}
		if err != nil && !errors.Is(err, ErrFormat) {
			t.Errorf("%v is not a FormatError", err)
		}
	})
}
