package visible

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestNames(t *testing.T) {
	for s, want := range map[string]string{
		"train": "train", "größe 3": "größe 3", "": `""`, "a\x1b[2Jb": `"a\x1b[2Jb"`, "a\nb": `"a\nb"`, "a\xffb": `"a\xffb"`,
		"\u009b2J": `"\u009b2J"`, "abc\u202etxt": `"abc\u202etxt"`, "a\tb": `"a\tb"`, "👨‍👩‍👧": "👨‍👩‍👧",
	} {
		if got := Name(s); got != want {
			t.Errorf("%q: %s, want %s", s, got, want)
		}
	}
	if got, want := Names([]string{"a", "b c", "d\r", "e,f"}), `a, "b c", "d\r", "e,f"`; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if got := Names(nil); got != "nothing" {
		t.Error(got)
	}
	if got, want := Names(strings.Split("abcdefghijkl", "")), "a, b, c, d, e, f, g, h, i, j and 2 more"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func TestLine(t *testing.T) {
	for s, want := range map[string]string{
		"annoy: größe\u00a03": "annoy: größe\u00a03", "a\x1b[2J\nb\xff\u2028": `a\u001b[2J\nb\xff\u2028`, "\x7f": `\u007f`,
	} {
		if got := Line(s); got != want {
			t.Errorf("%q: %s, want %s", s, got, want)
		}
	}
}

func TestLines(t *testing.T) {
	for s, want := range map[string]string{"a": "a", "a\nannoy: b\r\x1b[2J\n": "a\n  annoy: b\\u000d\\u001b[2J\n  "} {
		if got := Lines(s); got != want {
			t.Errorf("%q: %q, want %q", s, got, want)
		}
	}
}

// However text is cut into writes, the same comes out, and nothing that a terminal obeys.
func TestWriter(t *testing.T) {
	const text = "größe\t1\n\x1b[2J 日本\u009b\u202e\r\xc2 \xf0\x9f x"
	const want = "größe\t1\n\\u001b[2J 日本\\u009b\\u202e\\u000d\\xc2 \\xf0\\x9f x"
	for i := range len(text) {
		for j := i; j < len(text); j++ {
			var out bytes.Buffer
			w := &Writer{To: &out}
			for _, part := range []string{text[:i], text[i:j], text[j:]} {
				if n, err := w.Write([]byte(part)); n != len(part) || err != nil {
					t.Fatal(n, err)
				}
			}
			if out.String() != want {
				t.Fatalf("cut at %d and %d: %q, want %q", i, j, out.String(), want)
			}
		}
	}
}

// What passes the writer as JSON has the same meaning.
func TestWriterOfJSON(t *testing.T) {
	const value = "\x00\x1b\x7f\u0085\u2028\u202e\u00e4\t"
	b, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if _, err := (&Writer{To: &out}).Write(b); err != nil {
		t.Fatal(err)
	}
	var got string
	if err := json.Unmarshal(out.Bytes(), &got); err != nil || got != value || !utf8.Valid(out.Bytes()) || bytes.ContainsFunc(out.Bytes(), obeyed) {
		t.Errorf("%q: %q %v", out.Bytes(), got, err)
	}
}
