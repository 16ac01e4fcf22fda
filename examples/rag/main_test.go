package main

import (
	"encoding/json"
	"hash/fnv"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// runInRoot runs the example as its documentation says, in the repository's root.
func runInRoot(t *testing.T, args ...string) (string, error) {
	t.Helper()
	t.Chdir("../..")
	var out strings.Builder
	err := run(t.Context(), args, &out)
	return out.String(), err
}

// TestHitRate expects the hit rate that exact search has, which is 44.0 %, less what the target recall may lose.
func TestHitRate(t *testing.T) {
	out, err := runInRoot(t, "-recall", "0.99")
	if err != nil {
		t.Fatal(err)
	}
	m := regexp.MustCompile(`among the first 10 for ([0-9.]+) %`).FindStringSubmatch(out)
	if m == nil {
		t.Fatalf("no hit rate:\n%s", out)
	}
	if rate, _ := strconv.ParseFloat(m[1], 64); rate < 42.5 || rate > 44.5 {
		t.Errorf("the right passage is among the first 10 for %v %%, want 44", rate)
	}
}

// TestEmbed answers for an endpoint: texts that begin alike have vectors that are alike.
func TestEmbed(t *testing.T) {
	var asked []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var q struct {
			Model string
			Input []string
		}
		if err := json.NewDecoder(r.Body).Decode(&q); err != nil || q.Model != "tiny" || r.Header.Get("Authorization") != "Bearer secret" {
			t.Errorf("%v, model %q, key %q", err, q.Model, r.Header.Get("Authorization"))
		}
		type vector struct {
			Index     int       `json:"index"`
			Embedding []float32 `json:"embedding"`
		}
		var data []vector
		for i, text := range q.Input {
			asked = append(asked, text)
			h := fnv.New64a()
			h.Write([]byte(text[:5]))
			rng, v := rand.New(rand.NewPCG(h.Sum64(), 0)), make([]float32, 16)
			for c := range v {
				v[c] = float32(rng.NormFloat64())
			}
			data = append([]vector{{i, v}}, data...) // in another order than asked
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"data": data})
	}))
	defer server.Close()
	lines := ""
	for i := range 150 {
		lines += strconv.Itoa(10000+i) + " passage\tnoun\n"
	}
	passages := filepath.Join(t.TempDir(), "p.tsv")
	if err := os.WriteFile(passages, []byte(lines), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := runInRoot(t, "-passages", passages, "-embed", server.URL, "-model", "tiny", "-key", "secret", "-ask", "10077 what is it?")
	if err != nil || !strings.Contains(out, "1.000  10077 passage: noun\n") {
		t.Errorf("%v:\n%s", err, out)
	}
	if len(asked) != 151 || asked[150] != "10077 what is it?" {
		t.Errorf("%d texts were embedded, the last %q", len(asked), asked[len(asked)-1])
	}
}

func TestErrors(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Error(w, "no such model", http.StatusNotFound)
	}))
	defer server.Close()
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"-ask", "who?"}, "-embed"},
		{[]string{"-passages", "none.tsv"}, "none.tsv"},
		{[]string{"-passages", "examples/data/usage.tsv"}, "10000 vectors for 1021 lines"},
		{[]string{"-embed", server.URL}, "no such model"},
	} {
		t.Run(c.want, func(t *testing.T) {
			if out, err := runInRoot(t, c.args...); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v: %v\n%s", c.args, err, out)
			}
		})
	}
}
