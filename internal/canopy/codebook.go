package canopy

import (
	"context"

	"github.com/annoy-go/annoy/internal/kernel"
	"github.com/annoy-go/annoy/internal/kiss"
)

// Codewords is the number of codewords of a sub-space: a code is a nibble.
const Codewords = kernel.CodeWords

// Codebook holds the codewords of every sub-space.
type Codebook struct {
	M, Dims int       // sub-spaces, a multiple of 4, and dimensions of each: 4 or 8
	Words   []float32 // M×Dims×16: component d of codeword c of sub-space j is Words[(j·Dims+d)·16+c]
}

const (
	bookSample = 32 << 10  // vectors that codewords are found on, of so many bytes at most
	bookBytes  = 128 << 20 // 16k of 2048 components
	bookRounds = 10
)

// CodebookParams say how to find codewords.
type CodebookParams struct {
	Seed    uint64
	Workers int
	Guard   func(func() error) error // as PartitionParams'
}

// TrainCodebook finds the codewords for a partition: in each sub-space by k-means over the directions of the residuals of a
// sample of the vectors.
func TrainCodebook(ctx context.Context, vs Vectors, sp space, part *Partition, shape Shape, p CodebookParams) (*Codebook, error) {
	book := newCodebook(shape.subspaces(part.Dim), shape.Dims())
	t := &bookTrainer{pool: newPool(ctx, p.Workers, p.Guard), Codebook: book, rng: kiss.Stream(p.Seed, streamCodebook, uint64(shape))}
	if err := t.sample(vs, sp, part); err != nil {
		return nil, err
	}
	if err := t.train(); err != nil {
		return nil, err
	}
	return book, nil
}

func newCodebook(m, dims int) *Codebook {
	return &Codebook{M: m, Dims: dims, Words: make([]float32, m*dims*Codewords)}
}

// decoding is the words as M×16×Dims.
func (b *Codebook) decoding() []float32 {
	words := make([]float32, len(b.Words))
	for i, v := range b.Words {
		c, d, j := i%Codewords, i/Codewords%b.Dims, i/Codewords/b.Dims
		words[(j*Codewords+c)*b.Dims+d] = v
	}
	return words
}

// halfNorms is half the squared norm of each codeword, [M][16].
func (b *Codebook) halfNorms() []float32 {
	half := make([]float32, b.M*Codewords)
	for i, v := range b.Words {
		half[i/Codewords/b.Dims*Codewords+i%Codewords] += v * v / 2
	}
	return half
}

// nearest sets codes to the nearest codewords of x, padded.
func (b *Codebook) nearest(x, half []float32, codes []byte) {
	kernel.Codes(x, b.Words, half, b.M, b.Dims, codes)
}

// bookTrainer is one run of TrainCodebook.
type bookTrainer struct {
	*pool
	*Codebook
	rng    kiss.Source
	n      int
	shapes []float32 // n × M·Dims
	codes  []byte    // n × M
}

func (t *bookTrainer) padded() int { return t.M * t.Dims }

// sample reads directions of residuals. Vectors that are a centroid have none, and are left out.
func (t *bookTrainer) sample(vs Vectors, sp space, part *Partition) error {
	padded := t.padded()
	want := max(16*Codewords, min(bookSample, bookBytes/(4*padded)))
	list := spread(vs.Len(), min(vs.Len(), want), kiss.Stream(t.rng.Uint64(), streamSample, 0))
	t.shapes = make([]float32, len(list)*padded)
	has := make([]bool, len(list))
	coders := make([]*Coder, t.workers)
	rows := make([][]float32, t.workers)
	err := t.chunks(len(list), assignChunk, func(w, from, to int) error {
		if coders[w] == nil {
			coders[w] = NewCoder(sp, part, t.Codebook)
			rows[w] = make([]float32, sp.dim+sp.coded())
		}
		c, row := coders[w], rows[w]
		for j := from; j < to; j++ {
			i := list[j]
			x := sp.item(vs.Row(i, row[:sp.dim]), row[sp.dim:])
			has[j] = c.residual(x, part.Leaf(int(part.Own[i]))) > 0
			copy(t.shapes[j*padded:], c.shape)
		}
		return nil
	})
	for j, ok := range has {
		if ok {
			copy(t.shapes[t.n*padded:(t.n+1)*padded], t.shapes[j*padded:])
			t.n++
		}
	}
	t.shapes = t.shapes[:t.n*padded]
	return err
}

// train runs Lloyd's iteration in all sub-spaces at once, from vectors of the sample.
func (t *bookTrainer) train() error {
	if t.n == 0 {
		return nil
	}
	t.codes = make([]byte, t.n*t.M)
	for c, i := range distinct(t.n, min(t.n, Codewords), &t.rng) {
		for d, v := range t.shapes[i*t.padded() : (i+1)*t.padded()] {
			t.Words[d*Codewords+c] = v
		}
	}
	for round := range bookRounds {
		half := t.halfNorms()
		err := t.chunks(t.n, assignChunk, func(_, from, to int) error {
			for i := from; i < to; i++ {
				t.nearest(t.shapes[i*t.padded():(i+1)*t.padded()], half, t.codes[i*t.M:(i+1)*t.M])
			}
			return nil
		})
		if err != nil {
			return err
		}
		// Four sub-spaces are a cache line of a vector or two.
		seed := t.rng.Uint64()
		err = t.each(t.M/4, func(_, i int) error {
			rng := kiss.Stream(seed, round, uint64(i))
			return t.update(4*i, &rng, round < bookRounds-1)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// update moves the codewords of sub-spaces first … first+3 to the means of their vectors, added in ascending order. One without
// vectors restarts, if it may, at a random one of the sample, else stays.
func (t *bookTrainer) update(first int, rng *kiss.Source, restart bool) error {
	const group = 4
	width := group * t.Dims
	sums := make([]float64, group*Codewords*t.Dims)
	var counts [group * Codewords]int
	for i := range t.n {
		if i%assignChunk == 0 && t.ctx.Err() != nil {
			return t.ctx.Err()
		}
		x := t.shapes[i*t.padded()+first*t.Dims:][:width]
		for j, code := range t.codes[i*t.M+first:][:group] {
			at := j*Codewords + int(code)
			counts[at]++
			sum := sums[at*t.Dims : (at+1)*t.Dims]
			for d, v := range x[j*t.Dims : (j+1)*t.Dims] {
				sum[d] += float64(v)
			}
		}
	}
	for at, n := range counts {
		j, c := first+at/Codewords, at%Codewords
		from := -1
		if n == 0 {
			if !restart {
				continue
			}
			from = rng.Index(t.n)
		}
		for d := range t.Dims {
			w := &t.Words[(j*t.Dims+d)*Codewords+c]
			if n == 0 {
				*w = t.shapes[from*t.padded()+j*t.Dims+d]
			} else {
				*w = float32(sums[at*t.Dims+d] / float64(n))
			}
		}
	}
	return nil
}
