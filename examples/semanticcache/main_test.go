package main

import (
	"fmt"
	"strings"
	"testing"
)

// TestThresholds expects what exact search finds: at 0.15 most wordings of an earlier question are hits, and right.
func TestThresholds(t *testing.T) {
	t.Chdir("../..")
	var out strings.Builder
	if err := run(t.Context(), nil, &out); err != nil {
		t.Fatal(err)
	}
	for _, want := range []struct{ threshold, hits, right float64 }{{0.05, 40.6, 100}, {0.15, 64.7, 99.8}, {0.4, 72.7, 91.6}} {
		var threshold, hits, right float64
		for line := range strings.Lines(out.String()) {
			if n, _ := fmt.Sscanf(line, "%f %f %% %f %%", &threshold, &hits, &right); n == 3 && threshold == want.threshold {
				break
			}
		}
		if threshold != want.threshold || hits < want.hits-1 || hits > want.hits+0.2 || right < want.right-1 || right > want.right+1 {
			t.Errorf("at %v: %v %% of the questions from the cache, %v %% of these right; want %v and %v", threshold, hits, right, want.hits, want.right)
		}
	}
}

func TestWithoutAnswers(t *testing.T) {
	t.Chdir("../..")
	err := run(t.Context(), []string{"-questions", "internal/words/words.tsv"}, &strings.Builder{})
	if err == nil || !strings.Contains(err.Error(), "line 1 has 3 fields") {
		t.Errorf("%v", err)
	}
}
