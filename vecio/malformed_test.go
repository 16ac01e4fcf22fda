package vecio

import (
	"bytes"
	"errors"
	"io"
	"math"
	"strings"
	"testing"
)

var nan32, inf32 = float32(math.NaN()), float32(math.Inf(1))

func TestMalformed(t *testing.T) {
	f32 := func(v ...float32) []byte { return bin(v) }
	for _, tc := range []struct {
		name   string
		format Format
		data   []byte
		row    int64
		column int
		want   string // within the error
	}{
		{"npy magic", Npy, []byte("NUMPY, but no magic"), -1, -1, "does not begin as an npy"},
		{"npy short", Npy, []byte("\x93NUMPY\x01\x00"), -1, -1, "ends within it"},
		{"npy version", Npy, bin("\x93NUMPY\x04\x00", uint32(4), "{}  "), -1, -1, "version 4.0"},
		{"npy header cut", Npy, bin("\x93NUMPY\x01\x00", uint16(100), "{'descr'"), -1, -1, "header"},
		{"npy header huge", Npy, bin("\x93NUMPY\x02\x00", uint32(1<<31), "{'descr'"), -1, -1, "the limit is 65536"},
		{"npy no dict", Npy, npy("[1, 2]"), -1, -1, "not a dictionary"},
		{"npy key missing", Npy, npy("{'descr': '<f4', 'shape': (1, 1)}", float32(1)), -1, -1, "missing"},
		{"npy key unknown", Npy, npy("{'descr': '<f4', 'size': 1}"), -1, -1, `unknown key "size"`},
		{"npy key twice", Npy, npy("{'descr': '<f4', 'descr': '<f4'}"), -1, -1, "twice"},
		{"npy literal cut", Npy, npy("{'descr': '<f"), -1, -1, "has no end"},
		{"npy boolean", Npy, npy("{'fortran_order': 1}"), -1, -1, "neither True nor False"},
		{"npy text after", Npy, npy("{'descr': '<f4', 'fortran_order': False, 'shape': (1, 1)} x", float32(1)), -1, -1, "text after"},
		{"npy negative", Npy, npyShape("<f4", "(-1, 4)"), -1, -1, "tuple of lengths"},
		{"npy length overflow", Npy, npyShape("<f4", "(18446744073709551616, 4)"), -1, -1, "tuple of lengths"},
		{"npy rows beyond int64", Npy, npyShape("<f4", "(18446744073709551615, 4)"), -1, -1, "more than a file"},
		{"npy many dimensions", Npy, npyShape("<f4", "("+strings.Repeat("1,", 40)+")"), -1, -1, "tuple of lengths"},
		{"npy dim 0", Npy, npyShape("<f4", "(3, 0)"), -1, -1, "3 rows of 0 components"},
		{"npy dim 2^31", Npy, npyShape("<f4", "(1, 2147483648)"), -1, -1, "the limit is 1048576"},
		{"npy no data", Npy, npyShape("<f4", "(2, 3)"), 0, -1, "file ends"},
		{"npy cut between rows", Npy, npyShape("<f4", "(2, 3)", f32(1, 2, 3)), 1, -1, "file ends"},
		{"npy cut in a row", Npy, npyShape("<f4", "(2, 3)", f32(1, 2, 3, 4), "ab"), 1, -1, "file ends"},
		{"npy trailing byte", Npy, npyShape("<f4", "(2, 1)", f32(1, 2), "x"), -1, -1, "after the last row"},
		{"npy rows 0 with data", Npy, npyShape("<f4", "(0, 1)", f32(1)), -1, -1, "after the last row"},
		{"npy f4 NaN", Npy, npyShape("<f4", "(2, 6)", f32(1, 2, 3, 4, 5, 6, 7, nan32, 9, 10, 11, inf32)), 1, 1, "NaN is refused"},
		{"npy f4 Inf in the tail", Npy, npyShape("<f4", "(1, 6)", f32(1, 2, 3, 4, 5, -inf32)), 0, 5, "-Inf is refused"},
		{"npy f8 NaN", Npy, npyShape("<f8", "(1, 2)", 1.0, math.NaN()), 0, 1, "NaN is refused"},
		{"npy f8 Inf", Npy, npyShape("<f8", "(1, 2)", math.Inf(-1), 1.0), 0, 0, "-Inf is refused"},
		{"npy f8 overflow", Npy, npyShape("<f8", "(1, 2)", 1.0, 1e39), 0, 1, "1e+39 is beyond the range of float32"},
		{"npy f2 NaN", Npy, npyShape("<f2", "(1, 2)", uint16(0x3c00), uint16(0x7e00)), 0, 1, "NaN is refused"},
		{"npy f2 Inf", Npy, npyShape("<f2", "(1, 2)", uint16(0xfc00), uint16(0)), 0, 0, "-Inf is refused"},
		{"npy is npz", Npy, []byte("PK\x03\x04......................"), -1, -1, "zip archive"},

		{"fvecs short", Fvecs, []byte{1, 0}, 0, -1, "2 of the 4 bytes"},
		{"fvecs dim 0", Fvecs, bin(int32(0), int32(0)), 0, -1, "0 components"},
		{"fvecs dim negative", Fvecs, bin(int32(-1), int32(0)), 0, -1, "-1 components"},
		{"fvecs dim 2^31-1", Fvecs, bin(int32(math.MaxInt32), int32(0)), 0, -1, "want 1 to 1048576"},
		{"fvecs cut in row 0", Fvecs, bin(int32(3), f32(1, 2)), 0, -1, "the file ends"},
		{"fvecs cut in row 1", Fvecs, bin(int32(2), f32(1, 2), int32(2), f32(1)), 1, -1, "the file ends"},
		{"fvecs cut in a length", Fvecs, bin(int32(2), f32(1, 2), "\x02\x00"), 1, -1, "the file ends"},
		{"fvecs lengths differ", Fvecs, bin(int32(1), f32(1), int32(3), f32(1, 2, 3)), 1, -1, "3 components, row 0 has 1"},
		{"fvecs NaN", Fvecs, bin(int32(2), f32(1, 2), int32(2), f32(1, nan32)), 1, 1, "NaN is refused"},
		{"bvecs cut", Bvecs, bin(int32(3), "abc", int32(3), "ab"), 1, -1, "the file ends"},
		{"bvecs lengths differ", Bvecs, bin(int32(3), "abc", int32(2), "abc"), 1, -1, "2 components, row 0 has 3"},
		{"ivecs inexact", Ivecs, bin(int32(2), int32(1<<24), int32(1<<24+1)), 0, 1, "16777217 has no exact float32"},
		{"ivecs inexact max", Ivecs, bin(int32(1), int32(math.MaxInt32)), 0, 0, "2147483647 has no exact float32"},

		{"fbin header cut", Fbin, []byte{1, 0, 0, 0, 1}, -1, -1, "5 of 8 bytes"},
		{"fbin dim 0", Fbin, bin(uint32(3), uint32(0)), -1, -1, "3 rows of 0 components"},
		{"fbin dim 2^31", Fbin, bin(uint32(1), uint32(1<<31)), -1, -1, "the limit is 1048576"},
		{"fbin all ones", Fbin, bin(uint32(1<<32-1), uint32(1<<20)), 0, -1, "the file ends"},
		{"fbin cut", Fbin, bin(uint32(2), uint32(2), f32(1, 2, 3)), 1, -1, "the file ends"},
		{"fbin trailing", Fbin, bin(uint32(1), uint32(1), f32(1, 2)), -1, -1, "after the last row"},
		{"fbin Inf", Fbin, bin(uint32(1), uint32(5), f32(1, 2, 3, inf32, 5)), 0, 3, "+Inf is refused"},
		{"u8bin cut", U8bin, bin(uint32(2), uint32(2), "abc"), 1, -1, "the file ends"},
		{"u8bin trailing", U8bin, bin(uint32(2), uint32(2), "abcde"), -1, -1, "after the last row"},

		{"jsonl blank", JSONL, []byte("\n \n"), -1, -1, "no rows"},
		{"jsonl neither", JSONL, []byte("7\n"), 0, -1, "neither an array nor an object"},
		{"jsonl empty vector", JSONL, []byte("[]"), 0, -1, "no components"},
		{"jsonl too long", JSONL, []byte("[1,2]\n\n[1,2,3]"), 1, -1, "more than 2 components"},
		{"jsonl too short", JSONL, []byte("[1,2]\n[1]"), 1, -1, "1 components, row 0 has 2"},
		{"jsonl NaN", JSONL, []byte("[1,2]\n[1,NaN]"), 1, 1, "NaN is refused"},
		{"jsonl Infinity", JSONL, []byte("[1,2]\n[-Infinity,1]"), 1, 0, "-Inf is refused"},
		{"jsonl overflow", JSONL, []byte("[1,1e39]"), 0, 1, "beyond the range of float32"},
		{"jsonl null", JSONL, []byte("[1,null]"), 0, 1, `"null" is not a JSON number`},
		{"jsonl string", JSONL, []byte(`["1"]`), 0, 0, "is not a JSON number"},
		{"jsonl hexadecimal", JSONL, []byte("[0x1p2]"), 0, 0, "is not a JSON number"},
		{"jsonl leading zero", JSONL, []byte("[01]"), 0, 0, "is not a JSON number"},
		{"jsonl exponent", JSONL, []byte("[1, 1e+]"), 0, 1, "is not a JSON number"},
		{"jsonl beyond MaxDim", JSONL, []byte("[" + strings.Repeat("0,", MaxDim) + "0]"), 0, -1, "more than 1048576 components"},
		{"jsonl point only", JSONL, []byte("[.5]"), 0, 0, "is not a JSON number"},
		{"jsonl trailing comma", JSONL, []byte("[1,]"), 0, 1, "is not a JSON number"},
		{"jsonl no comma", JSONL, []byte("[1 2]"), 0, 0, "want a comma"},
		{"jsonl cut", JSONL, []byte("[1,2]\n[1,2"), 1, 1, "want a comma"},
		{"jsonl nested", JSONL, []byte("[[1,2]]"), 0, 0, "is not a JSON number"},
		{"jsonl two on a line", JSONL, []byte("[1][2]"), 0, -1, "text after the row"},
		{"jsonl no vector", JSONL, []byte(`{"id": 1}`), 0, -1, `no "vector"`},
		{"jsonl vector a string", JSONL, []byte(`{"vector": "x"}`), 0, -1, "not an array"},
		{"jsonl vector twice", JSONL, []byte(`{"vector": [1], "vector": [1]}`), 0, -1, `"vector" twice`},
		{"jsonl id twice", JSONL, []byte(`{"id": 1, "id": 1, "vector": [1]}`), 0, -1, `"id" twice`},
		{"jsonl id fraction", JSONL, []byte(`{"id": 1.5, "vector": [1]}`), 0, -1, "not an integer"},
		{"jsonl id null", JSONL, []byte(`{"id": null, "vector": [1]}`), 0, -1, "neither an integer nor a string: \"null\""},
		{"jsonl id list", JSONL, []byte(`{"id": [1], "vector": [1]}`), 0, -1, "neither an integer nor a string"},
		{"jsonl id empty", JSONL, []byte(`{"id": "", "vector": [1]}`), 0, -1, "its id is empty"},
		{"jsonl id string, then integer", JSONL, []byte("{\"id\": \"a\", \"vector\": [1]}\n{\"id\": 5, \"vector\": [1]}"), 1, -1, "its id is the integer 5, those before are text"},
		{"jsonl id integer, then string", JSONL, []byte("{\"id\": 5, \"vector\": [1]}\n{\"id\": \"6\", \"vector\": [1]}"), 1, -1, "its id is \"6\", those before are integers"},
		{"jsonl id not UTF-8", JSONL, []byte("{\"id\": \"a\xff\", \"vector\": [1]}"), 0, -1, "not Unicode"},
		{"jsonl id half a pair", JSONL, []byte(`{"id": "\ud800\\ufffd", "vector": [1]}`), 0, -1, "not Unicode"},
		{"jsonl id without end", JSONL, []byte(`{"id": "a`), 0, -1, "not JSON"},
		{"jsonl two ids", JSONL, []byte(`{"id": 1, "ID": 2, "vector": [1]}`), 0, -1, "twice"},
		{"jsonl several arrays", JSONL, []byte(`{"title": [1, 2], "text": "x", "bo\u0000dy": [3, 4]}`), 0, -1, `several arrays of numbers: name one of title, "bo\x00dy"`},
		{"jsonl no array", JSONL, []byte(`{"a": "x", "b": ["y"], "c": [[1]], "d": []}`), 0, -1, "nor another array of numbers: it has a, b, c, d"},
		{"jsonl other array goes missing", JSONL, []byte("{\"e\": [1]}\n{\"vector\": [1]}"), 1, -1, `no "e"`},
		{"jsonl other array NaN", JSONL, []byte(`{"e": [1, NaN]}`), 0, 1, "NaN is refused"},
		{"jsonl id negative", JSONL, []byte(`{"id": -1, "vector": [1]}`), 0, -1, "not an integer"},
		{"jsonl id too large", JSONL, []byte(`{"id": 9223372036854775808, "vector": [1]}`), 0, -1, "not an integer"},
		{"jsonl id goes missing", JSONL, []byte("{\"id\": 1, \"vector\": [1]}\n[1]"), 1, -1, `no "id", row 0 has one`},
		{"jsonl id appears", JSONL, []byte("[1]\n{\"id\": 1, \"vector\": [1]}"), 1, -1, `an "id", row 0 has none`},
		{"jsonl other field", JSONL, []byte(`{"a": {]}, "vector": [1]}`), 0, -1, "is not JSON"},
		{"jsonl object cut", JSONL, []byte(`{"vector": [1]`), 0, -1, "the object's end"},
		{"jsonl key cut", JSONL, []byte(`{"vect`), 0, -1, "is not JSON"},
		{"jsonl key bare", JSONL, []byte(`{vector: [1]}`), 0, -1, "want a field's name"},
		{"jsonl no colon", JSONL, []byte(`{"vector" [1]}`), 0, -1, "want a colon"},
		{"jsonl NUL after a row", JSONL, []byte("[1,2]\x00[3,4]\n[5,6]\n"), 0, -1, "text after the row"},
		{"jsonl NUL before a row", JSONL, []byte("[1,2]\n\x00[3,4]\n"), 1, -1, "neither an array nor an object"},
		{"jsonl NUL in a row", JSONL, []byte("[1,\x002]\n"), 0, 1, "is not a JSON number"},
		{"jsonl gzip", JSONL, []byte("\x1f\x8b\x08\x00\x00\x00\x00"), -1, -1, "cut short: its gzip stream ends too early"},

		{"csv blank", CSV, []byte("\n\n"), -1, -1, "no rows"},
		{"csv names only", CSV, []byte("x,y\n"), -1, -1, "no rows"},
		{"csv names of other length", CSV, []byte("x,y\n1,2,3\n"), 0, -1, "the line of names has 2"},
		{"csv not quite a number", CSV, []byte("1x,2\n3,4\n"), 0, 0, `"1x" is not a number`},
		{"csv semicolons", CSV, []byte("1.5;2.5\n"), 0, 0, "is not a number"},
		{"csv too short", CSV, []byte("1,2\n3\n"), 1, -1, "1 components, row 0 has 2"},
		{"csv too long", CSV, []byte("1,2\n3,4,5\n"), 1, -1, "3 components, row 0 has 2"},
		{"csv empty field", CSV, []byte("1,2\n3,\n"), 1, 1, `"" is not a number`},
		{"csv word", CSV, []byte("a,b\n1,2\n3,x\n"), 1, 1, `"x" is not a number`},
		{"csv NaN", CSV, []byte("1,2\n3,nan\n"), 1, 1, "NaN is refused"},
		{"csv NaN first", CSV, []byte("nan,2\n3,4\n"), 0, 0, "NaN is refused"},
		{"csv Inf", CSV, []byte("1,2\n-inf,4\n"), 1, 0, "-Inf is refused"},
		{"csv overflow", CSV, []byte("1,2\n3,4e38\n"), 1, 1, "beyond the range of float32"},
		{"csv beyond MaxDim", CSV, []byte(strings.Repeat("0,", MaxDim) + "0\n"), 0, -1, "1048577 components, the limit"},
		{"csv first row without its first", CSV, []byte(",0.7,0.9\n1,2,3\n"), 0, 0, `"" is not a number`},
		{"csv first row misspelt", CSV, []byte("O.5,0.7\n1,2\n"), 0, 0, `"O.5" is not a number`},
		{"csv first row misspelt last", CSV, []byte("0.5,O.7\n1,2\n"), 0, 1, `"O.7" is not a number`},
		{"csv hexadecimal", CSV, []byte("1,2\n0x1p4,2\n"), 1, 0, `"0x1p4" is not a number`},
		{"csv underscores", CSV, []byte("1,2\n2,1_0.5_0\n"), 1, 1, `"1_0.5_0" is not a number`},
		{"csv NUL", CSV, []byte("1,2\n3,\x004\n"), 1, 1, "is not a number"},
		{"csv name missing", CSV, []byte(",x,y\n0,0.5,0.6\n"), -1, -1, "column #0: neither a number nor the name of a column"},
		{"csv quote without end", CSV, []byte("1,2\n3,\"4\n"), 1, -1, "quote"},
		{"csv bare quote", CSV, []byte("1,2\n3,4\"\n"), 1, -1, "quote"},
		{"csv id fraction", CSV, []byte("id,x\n1,2\n1.5,2\n"), 1, -1, `its id "1.5" is not an integer from 0`},
		{"csv id negative", CSV, []byte("id,x\n-1,2\n"), 0, -1, `its id "-1" is not an integer from 0`},
		{"csv id zeros", CSV, []byte("id,x\n007,2\n"), 0, -1, `its id "007" is not an integer from 0`},
		{"csv id too large", CSV, []byte("id,x\n9223372036854775808,2\n"), 0, -1, "is not an integer from 0 to 9223372036854775807"},
		{"csv id beyond float64", CSV, []byte("id,x\n1e999,2\n"), 0, -1, "is not an integer from 0 to 9223372036854775807"},
		{"csv id empty", CSV, []byte("x,ID\n1,a\n1, \n"), 1, -1, `its id is empty (column "ID")`},
		{"csv id text, then integer", CSV, []byte("Id,x\na,1\n7,1\n"), 1, -1, `its id is the integer 7, those before are text; a key column takes both (column "Id")`},
		{"csv id integer, then text", CSV, []byte("x,iD\n1,7\n1,a\n"), 1, -1, `its id is "a", those before are integers; a key column takes both (column "iD")`},
		{"csv two ids", CSV, []byte("id,x,ID\n1,2,3\n"), -1, -1, "columns 0 and 2 are both called id"},
		{"csv id only", CSV, []byte("id\n1\n"), -1, -1, "no column is left"},
		{"csv word beside id", CSV, []byte("id,title,x\n1,a,2\n"), 0, 0, `"a" is not a number (column "title"); a column that is no component can be skipped`},
		{"csv of pandas, its numbers not left out", CSV, []byte(",0,1\n0,0.5,0.6\n"), -1, -1, "column #0: neither"},
		{"tsv commas", TSV, []byte("1,2\n"), 0, 0, "is not a number"},
		{"tsv empty first", TSV, []byte("x\ty\n\t2\n"), 0, 0, `"" is not a number`},
		{"csv zstd", CSV, []byte("\x28\xb5\x2f\xfd1234"), -1, -1, "zstd-compressed"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			rows, _, err := readBytes(t, tc.format, tc.data)
			var f *FormatError
			if !errors.As(err, &f) || !errors.Is(err, ErrFormat) {
				t.Fatalf("%v (rows %v), want a FormatError", err, rows)
			}
			if f.File != "x" || f.Row != tc.row || f.Column != tc.column || !strings.Contains(f.Msg, tc.want) {
				t.Errorf("%#v, want row %d, column %d, %q", f, tc.row, tc.column, tc.want)
			}
		})
	}
}

func TestEmptyFileAndGzip(t *testing.T) {
	for _, format := range Formats() {
		if _, _, err := readBytes(t, format, nil); !errors.Is(err, ErrFormat) || !strings.Contains(err.Error(), "the file is empty") {
			t.Errorf("%s: %v", format, err)
		}
		zipped := append([]byte("\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03"), make([]byte, 50)...)
		r, err := NewReader(bytes.NewReader(zipped), int64(len(zipped)), "x", &ReadOptions{Format: format})
		if !errors.Is(err, ErrFormat) || !strings.Contains(err.Error(), "gzip") {
			t.Errorf("%s: %v %v, want gzip refused", format, r, err)
		}
	}
	// An fbin file whose first number is gzip's magic, and which is whole, is read.
	rows := 0x088b1f
	r, err := NewReader(io.LimitReader(zeros{}, 0), int64(8+rows), "x.u8bin", nil)
	if err == nil {
		t.Fatal("an empty reader was opened", r)
	}
	data := bin(uint32(rows), uint32(1), make([]byte, rows))
	got, _, err := readBytes(t, U8bin, data)
	if err != nil || len(got) != rows {
		t.Errorf("%d rows, %v; want %d", len(got), err, rows)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// An error is one line that is safe to print, whatever the file and its name hold.
func TestErrorsShowControlCharacters(t *testing.T) {
	const name = "a\x1b[2J\nb\u202e.csv"
	_, err := NewReader(strings.NewReader("1,\"\x1b]0;x\a\"\n"), -1, name, nil)
	if want := `annoy: a\u001b[2J\nb\u202e.csv: row 0 (line 1), column 1: "\x1b]0;x\a" is not a number`; err == nil || err.Error() != want {
		t.Errorf("%q, want %q", err, want)
	}
	var fault *FormatError
	if !errors.As(err, &fault) || fault.File != name {
		t.Errorf("the file is %q, want %q", fault.File, name)
	}
}
