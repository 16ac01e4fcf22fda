// Package visible shows text that comes from a file or from its name. Such text
// may hold control characters, which a terminal obeys: they clear the screen,
// overwrite earlier lines, or change the order in which text is shown.
package visible

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// obeyed says whether a terminal or an editor acts on r instead of showing it:
// control characters, line and paragraph separators, and the marks that turn the
// direction of text.
func obeyed(r rune) bool {
	switch {
	case unicode.IsControl(r), r == '\u2028', r == '\u2029':
		return true
	case r == '\u061c', r == '\u200e', r == '\u200f':
		return true
	}
	return r >= '\u202a' && r <= '\u202e' || r >= '\u2066' && r <= '\u2069'
}

// plain says whether s can be shown as it is.
func plain(s string) bool { return utf8.ValidString(s) && !strings.ContainsFunc(s, obeyed) }

// Name is a name or a value from a file, for a message or a column of a table:
// quoted as Go does where it is empty or cannot be shown as it is.
func Name(s string) string {
	if s != "" && plain(s) {
		return s
	}
	return strconv.Quote(s)
}

// mostNames is how many names a list shows.
const mostNames = 10

// Names are names in a list, with commas between them: the first ten, and how
// many more there are, or "nothing". One that has a comma or a space is quoted too.
func Names(names []string) string {
	if len(names) == 0 {
		return "nothing"
	}
	var b strings.Builder
	for i, s := range names[:min(len(names), mostNames)] {
		if i > 0 {
			b.WriteString(", ")
		}
		if strings.ContainsAny(s, ", ") {
			b.WriteString(strconv.Quote(s))
		} else {
			b.WriteString(Name(s))
		}
	}
	if more := len(names) - mostNames; more > 0 {
		fmt.Fprintf(&b, " and %d more", more)
	}
	return b.String()
}

// Line is text on one line, with escapes for what a terminal would obey. Text
// that has none is returned as it is.
func Line(s string) string {
	if plain(s) {
		return s
	}
	return string(escape(nil, []byte(s), obeyed))
}

// Lines is text that may have several lines, each as Line has it. Those after the
// first are indented, so that none passes for another message.
func Lines(s string) string {
	if plain(s) {
		return s
	}
	lines := strings.Split(s, "\n")
	for i, line := range lines {
		lines[i] = Line(line)
	}
	return strings.Join(lines, "\n  ")
}

// escape appends s, with escapes for the characters that must not pass and for
// bytes that are not UTF-8. Inside a JSON string the escape of a character
// stands for the same character.
func escape(dst, s []byte, stop func(rune) bool) []byte {
	for len(s) > 0 {
		r, n := utf8.DecodeRune(s)
		switch {
		case r == utf8.RuneError && n == 1:
			dst = fmt.Appendf(dst, `\x%02x`, s[0])
		case r == '\n' && stop(r):
			dst = append(dst, `\n`...)
		case stop(r):
			dst = fmt.Appendf(dst, `\u%04x`, r)
		default:
			dst = append(dst, s[:n]...)
		}
		s = s[n:]
	}
	return dst
}

// Writer passes text on to another writer, with escapes for what a terminal
// would obey, but for line ends and tabs. It is not safe for concurrent use.
type Writer struct {
	To   io.Writer
	part []byte // the beginning of a character whose rest is still to come
}

// Write writes p. The beginning of a character at the end of p waits for the
// next Write.
func (w *Writer) Write(p []byte) (int, error) {
	if len(w.part) == 0 && ascii(p) {
		return w.To.Write(p)
	}
	text := append(w.part, p...)
	whole := len(text)
	for i := max(0, whole-utf8.UTFMax+1); i < len(text); i++ {
		if utf8.RuneStart(text[i]) && !utf8.FullRune(text[i:]) {
			whole = i
			break
		}
	}
	out := escape(nil, text[:whole], func(r rune) bool { return r != '\n' && r != '\t' && obeyed(r) })
	w.part = append([]byte(nil), text[whole:]...)
	if _, err := w.To.Write(out); err != nil {
		return 0, err
	}
	return len(p), nil
}

// ascii says whether p is ASCII that can be shown as it is, which most text is.
func ascii(p []byte) bool {
	for _, c := range p {
		if c >= 0x7f || c < ' ' && c != '\n' && c != '\t' {
			return false
		}
	}
	return true
}
