// Package marks keeps apart the parts of a Markdown page that several programs write: a part stands between two comments
// with its name.
package marks

import (
	"fmt"
	"strings"
)

func begin(name string) string { return "<!-- begin " + name + " -->\n" }
func end(name string) string   { return "<!-- end " + name + " -->\n" }

// Part is what stands between the marks of a name; ok is false where the page does not have both, in their order.
func Part(page, name string) (text string, ok bool) {
	_, after, found := strings.Cut(page, begin(name))
	text, _, ended := strings.Cut(after, end(name))
	return text, found && ended
}

// Put replaces what stands between the marks of a name. A page without them is an error.
func Put(page, name, text string) (string, error) {
	old, ok := Part(page, name)
	if !ok {
		return "", fmt.Errorf("the page has no lines %q and %q, the second below the first", strings.TrimSpace(begin(name)), strings.TrimSpace(end(name)))
	}
	if text != "" && !strings.HasSuffix(text, "\n") {
		text += "\n"
	}
	return strings.Replace(page, begin(name)+old+end(name), begin(name)+text+end(name), 1), nil
}
