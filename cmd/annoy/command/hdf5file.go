package command

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/annoy-go/annoy"
	"github.com/annoy-go/annoy/internal/visible"
	"github.com/annoy-go/annoy/vecio"
)

// The datasets of an ann-benchmarks HDF5 file that hold queries and truth, and
// its attribute that names the metric.
const (
	queriesDataset  = "test"
	truthDataset    = "neighbors"
	metricAttribute = "distance"
)

// isHDF5 tells an HDF5 file by its name.
func isHDF5(path string) bool {
	f, err := vecio.FormatOf(path)
	return err == nil && f == vecio.HDF5
}

// metricFlag is --metric of a verb that reads vectors, whose default is what
// their file says.
type metricFlag struct{ *choice[annoy.Metric] }

func (m *metricFlag) register(cmd *cobra.Command) {
	m.choice = metricChoice()
	m.choice.register(cmd, "metric", "how distance is measured (default: what an hdf5 file says, or angular)")
}

// settle takes the metric that HDF5 files name, unless one was given, and
// warns of one that contradicts it.
func (m *metricFlag) settle(e *env, paths ...string) error {
	from := ""
	for i, path := range paths {
		if slices.Contains(paths[:i], path) {
			continue
		}
		name, err := hdf5Metric(path)
		if err != nil {
			return err
		}
		if name == "" {
			continue
		}
		named, err := annoy.ParseMetric(name)
		switch {
		case m.set && (err != nil || !sameOrder(named, m.value)):
			said := "--metric"
			if from != "" {
				said = from
			}
			e.warn(fmt.Sprintf("%s says that its distance is %s, and %s says %v, which is used", path, visible.Name(name), said, m.value))
		case err != nil:
			return usagef("%s says that its distance is %s, which is none of %s; give --metric", path, visible.Name(name), strings.Join(m.names(), ", "))
		case !m.set:
			m.value, m.set, from = named, true, path
		}
	}
	if !m.set {
		m.value = annoy.Angular
	}
	return nil
}

// hdf5Metric is what an HDF5 file says of its metric; "" where it says nothing.
func hdf5Metric(path string) (string, error) {
	f, err := vecio.OpenHDF5(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	name, _ := f.Attribute(metricAttribute)
	return name, nil
}

// truthOfQueries says whether the HDF5 file of an index's queries has their
// truth too, and if not, why.
func truthOfQueries(path string, m annoy.Metric) (has bool, why string, err error) {
	f, err := vecio.OpenHDF5(path)
	if err != nil {
		return false, "", err
	}
	defer f.Close()
	if !slices.ContainsFunc(f.Datasets(), func(d vecio.DatasetInfo) bool { return d.Name == truthDataset }) {
		return false, fmt.Sprintf("%s has no dataset %s", path, truthDataset), nil
	}
	name, _ := f.Attribute(metricAttribute)
	if own, err := annoy.ParseMetric(name); name == "" || err == nil && sameOrder(own, m) {
		return true, "", nil
	}
	return false, fmt.Sprintf("the neighbours in %s are of the distance %s, and the index is of %v", path, visible.Name(name), m), nil
}

// sameOrder tells metrics by which the same items are near.
func sameOrder(a, b annoy.Metric) bool {
	cosine := func(m annoy.Metric) bool { return m == annoy.Angular || m == annoy.Cosine }
	return a == b || cosine(a) && cosine(b)
}
