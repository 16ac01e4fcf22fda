package annoy

import (
	"errors"
	"fmt"
	"strings"

	"github.com/annoy-go/annoy/internal/annfile"
	"github.com/annoy-go/annoy/internal/format"
)

// The errors of this package, for errors.Is. What is returned wraps one of them
// and says which id, component, option or byte was wrong.
var (
	// ErrCorrupt: the bytes break a rule of the format, or the file was cut short
	// under its mapping. Often a *CorruptError, which has the offset.
	ErrCorrupt = annfile.ErrCorrupt
	// ErrClosed: the index or builder was closed before the call.
	ErrClosed = errors.New("annoy: closed")
	// ErrDimension: a vector has another number of components than the index.
	ErrDimension = errors.New("annoy: wrong dimension")
	// ErrNotFound: no item has this id or key.
	ErrNotFound = errors.New("annoy: no such item")
	// ErrNotFinite: a component is NaN or Inf.
	ErrNotFinite = errors.New("annoy: not a finite number")
	// ErrOverflow: all components are finite, and the sum that the metric needs of them overflows float32: the sum of
	// squares (for a length above 1.8e19), for Manhattan the sum of magnitudes.
	ErrOverflow = errors.New("annoy: overflow of float32")
	// ErrMismatch: the dimension or metric asked for contradicts what the sidecar or the file itself says.
	ErrMismatch = errors.New("annoy: contradicts the index")
	// ErrNeedDimMetric: a .ann file without a sidecar was opened without dimension and metric, which it does not hold itself.
	ErrNeedDimMetric = errors.New("annoy: an .ann file without sidecar needs dimension and metric")
	// ErrBuilt: an item was added after the build; Unbuild allows it again.
	ErrBuilt = errors.New("annoy: the index is built")
	// ErrOption: an option, or a combination of options, is not valid.
	ErrOption = errors.New("annoy: bad option")
	// ErrNotCalibrated: a recall was asked of an index that does not know which effort gives it: of a forest, or of a canopy
	// that was built without calibration.
	ErrNotCalibrated = errors.New("annoy: not calibrated")
	// ErrVersion: the file was written by a later version of this library, and this one cannot read it.
	ErrVersion = format.ErrVersion
	// ErrBigEndian: this machine is big-endian; index files are little-endian and read in place.
	ErrBigEndian = annfile.ErrBigEndian
	// ErrTooLarge: the format's 31-bit node numbers cannot hold so many items and nodes.
	ErrTooLarge = errors.New("annoy: too large for the format")
	// ErrMemory: what was asked for takes more memory than the system gives or, on a 32-bit machine, can address.
	// A system that promises more memory than it has does not refuse, and may end the process later.
	ErrMemory = errors.New("annoy: not enough memory")
)

// CorruptError says where the bytes of an index break a rule of the format. It unwraps to ErrCorrupt.
type CorruptError = annfile.CorruptError

// failure is a sentinel with the details of one case.
type failure struct {
	kind   error
	detail string
}

func (f *failure) Error() string { return f.kind.Error() + ": " + f.detail }
func (f *failure) Unwrap() error { return f.kind }

func fail(kind error, format string, args ...any) error {
	return &failure{kind, fmt.Sprintf(format, args...)}
}

func optionError(format string, args ...any) error { return fail(ErrOption, format, args...) }

// noItem is the error of an id that no item has, among n places or beyond them.
func noItem(id int64, n int) error {
	switch {
	case n == 0:
		return fail(ErrNotFound, "%d, there are no items", id)
	case id < 0 || id >= int64(n):
		return fail(ErrNotFound, "%d, ids are 0 to %d", id, n-1)
	}
	return fail(ErrNotFound, "%d is a hole", id)
}

// wrapQuery says which query of a batch an error is about.
func wrapQuery(i int64, err error) error { return fmt.Errorf("%w (query %d)", err, i) }

// layoutError is the error of a layout that cannot be: a bad dimension, or a machine of the other byte order.
func layoutError(err error) error {
	if errors.Is(err, ErrBigEndian) {
		return err
	}
	return optionError("%s", strings.TrimPrefix(err.Error(), "annoy: "))
}
