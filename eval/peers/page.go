package peers

import (
	_ "embed"
	"html/template"
	"io"
	"path/filepath"
	"strings"
	"time"
)

//go:embed page.html
var pageSource string

var pageTemplate = template.Must(template.New("page").Funcs(template.FuncMap{
	"base": filepath.Base, "colour": func(i int) template.CSS { return template.CSS(colourOf(i)) },
}).Parse(pageSource))

// page is what the template is given.
type page struct {
	*Report
	Plot        template.HTML
	Speeds      []row
	Marked      bool
	VersusRows  []row
	VersusTitle string
	LeastNote   string
	Missing     []string
	Time        string
}

// WriteHTML writes the report as one page that needs nothing else: no network, no scripts.
func (r *Report) WriteHTML(out io.Writer) error {
	var svg strings.Builder
	if err := r.WriteSVG(&svg); err != nil {
		return err
	}
	p := &page{
		Report: r, Plot: template.HTML(svg.String()), VersusRows: r.versusTable(), VersusTitle: versusTitle,
		LeastNote: leastNote, Missing: r.Missing(), Time: r.Time.Format(time.RFC3339),
	}
	p.Speeds, p.Marked = r.speedTable()
	return pageTemplate.Execute(out, p)
}
