package marks

import "testing"

func TestPut(t *testing.T) {
	const page = "a\n<!-- begin x -->\nold\n<!-- end x -->\nb\n<!-- begin y -->\n<!-- end y -->\n"
	got, err := Put(page, "x", "new")
	if want := "a\n<!-- begin x -->\nnew\n<!-- end x -->\nb\n<!-- begin y -->\n<!-- end y -->\n"; err != nil || got != want {
		t.Errorf("%v, %q, want %q", err, got, want)
	}
	if again, err := Put(got, "x", "old\n"); err != nil || again != page {
		t.Errorf("back again: %v, %q", err, again)
	}
	if text, ok := Part(page, "x"); !ok || text != "old\n" {
		t.Errorf("part %q, %v", text, ok)
	}
	if text, ok := Part(page, "y"); !ok || text != "" {
		t.Errorf("the empty part: %q, %v", text, ok)
	}
	for _, bad := range []string{"", "<!-- begin z -->\n", "<!-- end z -->\n<!-- begin z -->\n"} {
		if _, err := Put(bad, "z", "new"); err == nil {
			t.Errorf("%q: no error", bad)
		}
	}
}
