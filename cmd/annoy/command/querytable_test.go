package command

import (
	"testing"

	"github.com/rivo/uniseg"
)

func TestCutTo(t *testing.T) {
	for _, c := range []struct {
		text    string
		columns int
		want    string
	}{
		{"a long key of a document", 0, "a long key of a document"},
		{"short", 5, "short"},
		{"a long key", 6, "a lon…"},
		{"漢字の鍵です", 7, "漢字の…"},
		{"漢字の鍵です", 6, "漢字…"},
		{"e\u0301e\u0301e\u0301e\u0301", 3, "e\u0301e\u0301…"},
		{"👩‍👩‍👧‍👦👩‍👩‍👧‍👦👩‍👩‍👧‍👦", 4, "👩‍👩‍👧‍👦…"},
		{"abc", 1, "…"},
	} {
		got := cutTo(c.text, c.columns)
		if got != c.want || c.columns > 0 && uniseg.StringWidth(got) > c.columns {
			t.Errorf("%q in %d columns: %q, want %q", c.text, c.columns, got, c.want)
		}
	}
}
