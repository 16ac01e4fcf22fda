package invariants

import (
	"strings"
	"testing"
)

func TestCheckPanicsOnlyWhenEnabled(t *testing.T) {
	message := func(cond bool) (m string) {
		defer func() {
			if r := recover(); r != nil {
				m = r.(string)
			}
		}()
		Check(cond, "child %d of %s", 7, "root")
		return ""
	}
	if m := message(true); m != "" {
		t.Errorf("a true condition panicked: %s", m)
	}
	m := message(false)
	if Enabled && !strings.Contains(m, "child 7 of root") {
		t.Errorf("a false condition gave %q", m)
	}
	if !Enabled && m != "" {
		t.Errorf("a build without the tag panicked: %s", m)
	}
}
