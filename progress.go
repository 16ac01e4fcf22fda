package annoy

// reporter passes some hundred of the reports that it is told on: about a hundred of so many that Total is known, else
// one for every twentieth more; the last one always.
type reporter struct {
	to    func(Progress) // nil: nobody is told
	least int64          // what must be done between two reports
	next  int64          // Done of the next report
	last  Progress
	owed  bool // last was not passed on
}

func (r *reporter) tell(p Progress) {
	if r.to == nil {
		return
	}
	r.last, r.owed = p, p.Done < r.next
	if r.owed {
		return
	}
	step := p.Done / 20
	if p.Done < p.Total {
		step = p.Total / 100
	}
	r.next = p.Done + max(step, r.least, 1)
	r.to(p)
}

// end passes on the last report, if it was not yet.
func (r *reporter) end() {
	if r.owed {
		r.owed = false
		r.to(r.last)
	}
}
