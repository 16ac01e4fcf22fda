// Command page writes docs/benchmarks.md, and a plot for each set beside it, from the JSON of annoy compare.
//
//	page REPORTS PAGE    REPORTS is a folder with NAME.json for each set; plots go to PAGE without .md
package main

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/template"

	"github.com/annoy-go/annoy/bench/marks"
	"github.com/annoy-go/annoy/eval/peers"
	"github.com/annoy-go/annoy/internal/atomicfile"
)

//go:embed page.md
var source string

// sets in the order of the page.
var sets = []struct{ name, title, about string }{
	{"sift", "SIFT", "Descriptors of photographs; the queries are of photographs that gave nothing to the base."},
	{"gloss", "Definitions", "Sentence embeddings (all-MiniLM-L6-v2) of the definitions of WordNet 3.0; the queries are definitions held out."},
	{"gloss-usage", "Definitions, asked with example sentences",
		"The same base; the queries are example sentences: **another distribution than the base**, as questions are against documents."},
	{"fashion", "Fashion-MNIST", "Pictures of clothes, a byte a pixel; the queries are its test pictures."},
}

// section is a set's part of the page.
type section struct {
	Name, Title, About, Plot string
	*peers.Report
}

// Tables are the report's tables in Markdown.
func (s section) Tables() (string, error) {
	var b strings.Builder
	err := s.WriteMarkdown(&b)
	return b.String(), err
}

// index is an index with its build parameters, and the sets in which it was measured with these.
type index struct {
	peers.Description
	Sets []string
}

// SetText names the sets.
func (i *index) SetText() string { return strings.Join(i.Sets, "; ") }

// collect adds the indexes of a set's report to those of the sets before it, beside those of the same name.
func collect(all []*index, set string, r *peers.Report) []*index {
	for _, p := range r.Peers {
		is := &index{p.Description, []string{set}}
		at := len(all)
		for i, other := range all {
			if other.Name != is.Name {
				continue
			}
			if at = i + 1; other.ParameterText() == is.ParameterText() && other.Version == is.Version {
				other.Sets, is = append(other.Sets, set), nil
				break
			}
		}
		if is != nil {
			all = slices.Insert(all, at, is)
		}
	}
	return all
}

// versions names what ran in any set.
func versions(sections []section) string {
	var all []string
	for _, s := range sections {
		for v := range strings.SplitSeq(s.Versions(), ", ") {
			if !slices.Contains(all, v) {
				all = append(all, v)
			}
		}
	}
	return strings.Join(all, ", ")
}

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "want: page REPORTS PAGE")
		os.Exit(2)
	}
	if err := run(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, "page:", err)
		os.Exit(1)
	}
}

func run(reports, page string) error {
	plots := strings.TrimSuffix(page, ".md")
	if err := os.MkdirAll(plots, 0o755); err != nil {
		return err
	}
	var data struct {
		Sections []section
		Missing  []string
		First    *peers.Report
		Versions string
		Indexes  []*index
	}
	for _, set := range sets {
		text, err := os.ReadFile(filepath.Join(reports, set.name+".json"))
		if errors.Is(err, os.ErrNotExist) {
			data.Missing = append(data.Missing, set.title)
			continue
		}
		if err != nil {
			return err
		}
		r := new(peers.Report)
		if err := json.Unmarshal(text, r); err != nil {
			return fmt.Errorf("%s: %w", set.name, err)
		}
		r.Set.Name = set.title
		if data.First == nil {
			data.First = r
		}
		if r.Machine != data.First.Machine || r.Version != data.First.Version || r.Quick != data.First.Quick {
			return fmt.Errorf("%s was measured on another machine, with another version or size than %s", set.name, data.Sections[0].Name)
		}
		var svg bytes.Buffer
		if err := r.WriteSVG(&svg); err != nil {
			return err
		}
		if err := atomicfile.WriteFile(filepath.Join(plots, set.name+".svg"), svg.Bytes()); err != nil {
			return err
		}
		plot := filepath.ToSlash(filepath.Join(filepath.Base(plots), set.name+".svg"))
		data.Sections = append(data.Sections, section{set.name, set.title, set.about, plot, r})
		data.Indexes = collect(data.Indexes, set.title, r)
	}
	if data.First == nil {
		return fmt.Errorf("%s has no report", reports)
	}
	data.Versions = versions(data.Sections)
	t, err := template.New("page").Parse(source)
	if err != nil {
		return err
	}
	var out strings.Builder
	if err := t.Execute(&out, data); err != nil {
		return err
	}
	whole, err := keep(page, out.String())
	if err != nil {
		return err
	}
	return atomicfile.WriteFile(page, []byte(whole))
}

// keep takes over what other programs have written into the page: make bench-canopy and make bench-python their parts.
func keep(page, text string) (string, error) {
	old, err := os.ReadFile(page)
	if errors.Is(err, os.ErrNotExist) {
		return text, nil
	}
	if err != nil {
		return "", err
	}
	for _, name := range []string{"canopy", "python"} {
		part, _ := marks.Part(string(old), name) // "" of a page from before there was such a part
		if text, err = marks.Put(text, name, part); err != nil {
			return "", err
		}
	}
	return text, nil
}
