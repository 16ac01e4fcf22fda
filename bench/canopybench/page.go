package main

import (
	"bytes"
	_ "embed"
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
var pageSource string

// pageMark is the name of this program's part of the page.
const pageMark = "canopy"

// measured is a part of a set, for the page.
type measured struct {
	*result
	source *source
}

func (m measured) Title() string { return m.source.title }
func (m measured) About() string { return m.source.about }

// Stamp says when and at which commit it was measured, and how busy the machine was.
func (m measured) Stamp() string {
	text := fmt.Sprintf("Measured %s at commit %s, %d rounds", m.Time.Format("2006-01-02"), m.Version, m.Rounds)
	if m.Report != nil {
		text += fmt.Sprintf(" of %d queries", m.Report.Slice)
	} else if m.Queries > 0 {
		text += fmt.Sprintf(" of %d queries", m.Queries)
	}
	if m.Rows > 0 {
		text += fmt.Sprintf(", **of the first %d vectors only**", m.Rows)
	}
	if m.Load[0] != "" {
		text += fmt.Sprintf("; load of the machine %s before and %s after", m.Load[0], m.Load[1])
	}
	return text + "."
}

// Stamps are those of all results of a part, as a list where there are several.
func (p *page) Stamps(part string) string {
	all := p.Of(part)
	if len(all) == 1 {
		return all[0].Stamp() + "\n"
	}
	var b strings.Builder
	for _, m := range all {
		fmt.Fprintf(&b, "* %s: %s\n", m.Title(), m.Stamp())
	}
	return b.String()
}

// page is what the template is given: the results by part, in the order of the sets.
type page struct {
	parts map[string][]measured
	plots string // folder beside the page, "": no plots
}

// Of is a part's results.
func (p *page) Of(part string) []measured { return p.parts[part] }

// first is any result: all are of one machine.
func (p *page) first() *measured {
	for _, part := range parts {
		if all := p.parts[part.name]; len(all) > 0 {
			return &all[0]
		}
	}
	return nil
}

// Machine says where the figures were measured.
func (p *page) Machine() string {
	m := p.first().Machine
	return fmt.Sprintf("%s, %d cores, %s, %s kernels", m.CPU, m.Cores, m.System, m.Kernel)
}

// Versions are those of all that ran in any comparison, of this library by results.
func (p *page) Versions() string {
	var all []string
	join := func(v string) {
		if v != "" && !strings.HasPrefix(v, "ours ") && !slices.Contains(all, v) {
			all = append(all, v)
		}
	}
	for _, part := range parts {
		for _, m := range p.parts[part.name] {
			join(m.Go)
			if m.Report != nil {
				for v := range strings.SplitSeq(m.Report.Versions(), ", ") {
					join(v)
				}
			}
		}
	}
	return strings.Join(all, ", ")
}

// parameters are an index with its build parameters, and the sets on which it was compared with these.
type parameters struct {
	peers.Description
	Sets string
}

// Parameters are those of all indexes that were compared with others.
func (p *page) Parameters() (all []*parameters) {
	for _, part := range []string{"queries", "metrics", "tutorial"} {
		for _, m := range p.parts[part] {
			for _, x := range m.Report.Peers {
				d := x.Description
				i := slices.IndexFunc(all, func(o *parameters) bool {
					return o.Name == d.Name && o.Version == d.Version && o.ParameterText() == d.ParameterText()
				})
				if i < 0 {
					all = append(all, &parameters{d, m.Title()})
					continue
				}
				all[i].Sets += "; " + m.Title()
			}
		}
	}
	return all
}

// Plot is the path of a comparison's plot, beside the page; "": there is none.
func (p *page) Plot(m measured) (string, error) {
	if p.plots == "" {
		return "", nil
	}
	name := "canopy-" + m.Set + ".svg"
	var svg bytes.Buffer
	r := *m.Report
	r.Set.Name = m.Title()
	if err := r.WriteSVG(&svg); err != nil {
		return "", err
	}
	if err := os.MkdirAll(p.plots, 0o755); err != nil {
		return "", err
	}
	if err := atomicfile.WriteFile(filepath.Join(p.plots, name), svg.Bytes()); err != nil {
		return "", err
	}
	return filepath.Base(p.plots) + "/" + name, nil
}

// table writes rows, the first the head, as Markdown.
func table(rows [][]string) string {
	var b strings.Builder
	peers.Markdown(&b, rows)
	return b.String()
}

// readPage reads all results that there are.
func readPage(c *config) (*page, error) {
	p := &page{parts: map[string][]measured{}}
	if c.page != "" {
		p.plots = strings.TrimSuffix(c.page, ".md")
	}
	for _, s := range sourcesOf(c) {
		for _, part := range parts {
			r, err := readResult(c, part.name, s.name)
			if err != nil {
				return nil, err
			}
			if r == nil {
				continue
			}
			if first := p.first(); first != nil && r.Machine != first.Machine {
				return nil, fmt.Errorf("%s was measured on another machine than %s: measure it here, or remove it",
					resultPath(c, part.name, s.name), resultPath(c, first.Part, first.Set))
			}
			p.parts[part.name] = append(p.parts[part.name], measured{r, s})
		}
	}
	return p, nil
}

// writePage makes the page of all results, and puts it where the flags say.
func writePage(c *config) error {
	p, err := readPage(c)
	if err != nil {
		return err
	}
	if p.first() == nil {
		return fmt.Errorf("%s has no results", c.results)
	}
	text, err := p.render()
	if err != nil {
		return err
	}
	if c.page == "" {
		_, err := fmt.Print(text)
		return err
	}
	old, err := os.ReadFile(c.page)
	if err != nil {
		return err
	}
	whole, err := marks.Put(string(old), pageMark, text)
	if err != nil {
		return fmt.Errorf("%s: %w", c.page, err)
	}
	return atomicfile.WriteFile(c.page, []byte(whole))
}

func (p *page) render() (string, error) {
	t, err := template.New("page").Parse(pageSource)
	if err != nil {
		return "", err
	}
	var out strings.Builder
	err = t.Execute(&out, p)
	return out.String(), err
}
