package command

import (
	"io"
	"os"
	"sync"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"github.com/annoy-go/annoy"
	"github.com/annoy-go/annoy/internal/visible"
)

// progress draws one bar for each stage of a long verb. All methods are safe
// for concurrent use, and on a nil *progress do nothing.
type progress struct {
	w io.Writer

	mu    sync.Mutex
	bar   *progressbar.ProgressBar
	stage string
	total int64
}

// newProgress returns nil, which draws nothing, unless a person is watching:
// standard error is a terminal, and neither --json nor --quiet is given.
func (e *env) newProgress() *progress {
	if e.json || e.quiet || !isTerminal(e.stderr) {
		return nil
	}
	return &progress{w: e.stderr}
}

// newStreamProgress is newProgress for a verb that prints results while it
// works: on a terminal they would run into the bar, and show progress themselves.
func (e *env) newStreamProgress() *progress {
	if isTerminal(e.stdout) {
		return nil
	}
	return e.newProgress()
}

func isTerminal(w io.Writer) bool {
	_, ok := terminalWidth(w)
	return ok
}

// terminalWidth is how many columns a terminal has; not ok where the output is none.
func terminalWidth(w io.Writer) (columns int, ok bool) {
	if text, ok := w.(*visible.Writer); ok {
		w = text.To
	}
	f, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return 0, false
	}
	columns, _, err := term.GetSize(int(f.Fd()))
	if err != nil || columns < 1 {
		columns = 80
	}
	return columns, true
}

// update shows that done of total (−1: unknown) steps of a stage are over.
func (p *progress) update(stage string, done, total int64) {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if total <= 0 {
		total = -1 // the bar's own word for unknown; it takes no 0
	}
	if p.bar == nil || stage != p.stage || total != p.total {
		p.clear()
		p.stage, p.total = stage, total
		p.bar = progressbar.NewOptions64(total,
			progressbar.OptionSetWriter(p.w),
			progressbar.OptionSetDescription(visible.Line(stage)),
			progressbar.OptionSetWidth(30),
			progressbar.OptionShowCount(),
			progressbar.OptionThrottle(65*time.Millisecond),
			progressbar.OptionClearOnFinish(),
			// No goroutine that turns the spinner: a bar moves when work does.
			progressbar.OptionSetSpinnerChangeInterval(0),
		)
	}
	// The only errors are those of the terminal and of counts beyond total:
	// neither is worth ending a build for.
	_ = p.bar.Set64(done)
}

// report is the Progress of a build or a check.
func (p *progress) report(a annoy.Progress) { p.update(a.Stage, a.Done, a.Total) }

// stop removes the bar from the terminal. It must come before any other
// output, and may come twice.
func (p *progress) stop() {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.clear()
}

func (p *progress) clear() {
	if p.bar != nil {
		_ = p.bar.Clear()
		_ = p.bar.Exit() // no drawing from here on
		p.bar = nil
	}
}
